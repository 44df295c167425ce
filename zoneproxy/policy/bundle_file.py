"""A policy bundle: one layer with all that belongs to it, digested, ready to be signed and activated.

    manifest.json        what the bundle is, and the SHA-256 of every other member but the signatures
    policy/NAME          the policy, exactly one
    tests/NAME           its test files, at least one
    data/NAME            catalogues and other data that came with it
    beside/NAME          a policy of the other layer, where tests or proofs ask for both
    results/proof.json   what was proved when it was made
    results/tests.json   what the tests said when it was made
    signatures.note      a signed note (C2SP signed-note) over `statement`; absent while nobody signed

The manifest is JSON in one form only (sorted keys, no spaces, one line end at the end), so that the same
input gives the same bytes. Layer, name, version, revision and window are those of the policy itself: what
one of them says and the other does not is a flaw. The *content* of a bundle is the SHA-256 of its manifest;
it does not change when a signature is added. The *digest* is the SHA-256 of all its bytes; records name it.

Worked example: the pilot operator's bundle of revision 1 states::

    zoneproxy-bundle-1
    operator shantou-pilot 1
    5c1f...e2 (64 hex digits: its content)

Trust: nothing here is believed because it is signed; `zoneproxy.adapters.state.bundles` checks signatures.
What is read here may be an enemy's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from zoneproxy.policy.bundle import ENGINE, Policy, load
from zoneproxy.policy.bundle_archive import is_bundle, pack, unpack
from zoneproxy.policy.bundle_flaws import BundleError, Flaw, of_problems
from zoneproxy.policy.catalogue import is_catalogue, read_catalogue
from zoneproxy.policy.model import Layer, Part, Window
from zoneproxy.terms.errors import PolicyError

FORMAT: Literal["zoneproxy-bundle-1"] = "zoneproxy-bundle-1"
SUFFIX = ".zpb"
MANIFEST, SIGNATURES = "manifest.json", "signatures.note"
PROOF, TESTS = "results/proof.json", "results/tests.json"
_MOST_MANIFEST_BYTES = 64 * 1024


class Member(Part):
    """One member: its digest and its size."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class Manifest(Part):
    """What a bundle says of itself; everything in it is checked against the members."""

    format: Literal["zoneproxy-bundle-1"]
    layer: Layer
    name: str
    version: str
    revision: int
    effective: Window
    engine: int
    policy: str
    members: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose form holds: its members are those of the manifest, and its policy loads.

    Attributes:
        file: its name, for messages.
        data: all its bytes.
        digest: their SHA-256, 64 hex digits, as records name it.
        content: SHA-256 of the manifest: what signatures speak of.
        manifest: what it says of itself.
        members: names to contents.
        policy: the policy, its digest that of the bundle.
    """

    file: str
    data: bytes
    digest: str
    content: str
    manifest: Manifest
    members: Mapping[str, bytes]
    policy: Policy

    @property
    def layer(self) -> str:
        """`regulator` or `operator`."""
        return self.manifest.layer

    @property
    def revision(self) -> int:
        """The number that grows with every activation."""
        return self.manifest.revision

    @property
    def statement(self) -> str:
        """The text that is signed, last line end included."""
        made = self.manifest
        return f"{FORMAT}\n{made.layer} {made.name} {made.revision}\n{self.content}\n"

    @property
    def note(self) -> bytes:
        """The signed note's bytes; empty while nobody signed."""
        return self.members.get(SIGNATURES, b"")

    def folder(self, name: str) -> dict[str, bytes]:
        """Return the members of a folder by their names in it."""
        prefix = f"{name}/"
        return {
            path.removeprefix(prefix): data for path, data in self.members.items() if path.startswith(prefix)
        }

    def signed(self, note: bytes) -> bytes:
        """Return the bundle's bytes with another signed note."""
        return pack({**self.members, SIGNATURES: note})


def write_bundle(policy_name: str, members: Mapping[str, bytes]) -> bytes:
    """Write an unsigned bundle.

    Args:
        policy_name: the policy's member, `policy/NAME`.
        members: everything but the manifest and the signatures.

    Raises:
        BundleError: the members make no bundle.
        PolicyError: the policy has mistakes.
    """
    metadata = load(members[policy_name], policy_name).document.metadata
    manifest = {
        "format": FORMAT,
        "layer": metadata.layer,
        "name": metadata.name,
        "version": metadata.version,
        "revision": metadata.revision,
        "effective": metadata.effective.model_dump(by_alias=True),
        "engine": ENGINE,
        "policy": policy_name,
        "members": {name: _member(data) for name, data in members.items()},
    }
    data = pack({**members, MANIFEST: plain_json(manifest)})
    read_bundle(data, "bundle")
    return data


def plain_json(value: Any) -> bytes:
    """Write JSON in the one form that a bundle has."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _member(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def read_bundle(data: bytes, file: str) -> Bundle:
    """Read a bundle and check its form; signatures, results and dates are looked at by others.

    Args:
        data: its bytes; may be an enemy's.
        file: its name, for messages; nothing is opened.

    Raises:
        BundleError: with everything that is wrong with it.
    """
    members = unpack(data, file)
    manifest = _manifest(members, file)
    flaws = [Flaw("ZB03", file, message) for message in _differences(manifest, members)]
    policy, mistakes = _policy(manifest, members, file, hashlib.sha256(data).hexdigest())
    flaws += mistakes
    if policy is not None:
        flaws += [Flaw("ZB03", file, message) for message in _contradictions(manifest, policy)]
    if manifest.engine != ENGINE:
        said = f"it was made for version {manifest.engine} of the semantics, and this is version {ENGINE}"
        flaws.append(Flaw("ZB05", file, said, "make the bundle again with this program"))
    if flaws or policy is None:
        raise BundleError(flaws)
    content = hashlib.sha256(members[MANIFEST]).hexdigest()
    return Bundle(file, data, policy.digest, content, manifest, members, policy)


def load_any(data: bytes, file: str) -> Policy:
    """Load a policy from a plain file or from a bundle: the one way in for every tool.

    Raises:
        PolicyError: a plain file with mistakes.
        BundleError: a bundle that does not hold.
    """
    return read_bundle(data, file).policy if is_bundle(data) else load(data, file)


def _manifest(members: Mapping[str, bytes], file: str) -> Manifest:
    data = members.get(MANIFEST)
    if data is None:
        raise BundleError([Flaw("ZB02", file, f"it has no `{MANIFEST}`")])
    try:
        value = json.loads(data) if len(data) <= _MOST_MANIFEST_BYTES else None
        if plain_json(value) != data:
            raise BundleError([Flaw("ZB03", file, "the manifest is not in its one form")])
        return Manifest.model_validate(value)
    except ValidationError as error:
        places = (".".join(map(str, one["loc"])) or "all of it" for one in error.errors())
        flaws = [Flaw("ZB03", file, f"the manifest's `{place}` is not as it must be") for place in places]
    except (ValueError, RecursionError):
        flaws = [Flaw("ZB03", file, "the manifest is not JSON")]
    raise BundleError(flaws)


def _differences(manifest: Manifest, members: Mapping[str, bytes]) -> list[str]:
    """Tell where the members are not those of the manifest."""
    named = manifest.members
    found = {name: data for name, data in members.items() if name not in (MANIFEST, SIGNATURES)}
    told = [f"the member `{name}` is not in the manifest" for name in found if name not in named]
    told += [f"the member `{name}` is missing" for name in sorted(named) if name not in found]
    told += [
        f"the member `{name}` is not the one that the manifest names"
        for name, data in found.items()
        if name in named and named[name] != Member.model_validate(_member(data))
    ]
    policies = [name for name in found if name.startswith("policy/")]
    if policies != [manifest.policy]:
        told.append(f"it must hold one policy, `{manifest.policy}`")
    told += [f"it holds no `{name}`" for name in (PROOF, TESTS) if name not in found]
    strays = [name for name in found if name.startswith("results/") and name not in (PROOF, TESTS)]
    told += [f"`{name}` is no result" for name in strays]
    if not any(name.startswith("tests/") for name in found):
        told.append("it holds no tests")
    bases = [name.rpartition("/")[2] for name in found if name.startswith(("policy/", "beside/"))]
    if len(set(bases)) < len(bases):
        told.append("two policies in it bear the same name")
    return told


def _policy(
    manifest: Manifest, members: Mapping[str, bytes], file: str, digest: str
) -> tuple[Policy | None, list[Flaw]]:
    """Load the policy, and read what lies beside it."""
    flaws: list[Flaw] = []
    made: Policy | None = None
    for name, data in members.items():
        shown = f"{file}/{name}"
        try:
            if name == manifest.policy:
                made = replace(load(data, shown), digest=digest)
            elif name.startswith("beside/"):
                load(data, shown)
            elif name.startswith("data/") and is_catalogue(data):
                read_catalogue(data, shown)
        except PolicyError as error:
            flaws += of_problems(file, error.problems)
    if made is None and not flaws:
        flaws.append(Flaw("ZB02", file, f"it holds no policy `{manifest.policy}`"))
    return made, flaws


def _contradictions(manifest: Manifest, policy: Policy) -> list[str]:
    """Tell where the manifest says something else than the policy."""
    metadata = policy.document.metadata
    said = {name: getattr(manifest, name) for name in ("layer", "name", "version", "revision", "effective")}
    return [
        f"the manifest's `{name}` is not that of the policy"
        for name, value in said.items()
        if value != getattr(metadata, name)
    ]
