"""Bundles and who may sign them: the one way by which the command line, CI and the proxy believe a bundle.

A bundle is believed for its layer if at least `needed` of the keys that zone.yaml (or the examiner) names
for that layer signed its statement (see `zoneproxy.policy.bundle_file`). Signatures are lines of a signed
note (C2SP signed-note, Ed25519), so that any note verifier can check them; lines of other keys count for
nothing. A line of a named key that does not verify refuses the bundle, however many others hold.

Trust: whoever may change the list of keys decides what is believed. The regulator's keys are made and kept
by the regulator; the zone holds their public halves only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.policy.bundle_archive import MAX_BUNDLE_BYTES
from zoneproxy.policy.bundle_file import Bundle
from zoneproxy.policy.bundle_flaws import BundleError, Flaw
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.note import Ed25519Signer, Note, VerifierKey, parse_note, sign_note, verify_note


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign a layer.

    Attributes:
        keys: the public keys, no two of them the same.
        needed: how many of them must have signed.
    """

    keys: tuple[VerifierKey, ...]
    needed: int


def read_bundle_file(path: Path) -> bytes:
    """Read a bundle's bytes whole.

    Raises:
        ConfigError: it is missing, unreadable or larger than any bundle.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the bundle `{path}` can't be read: {why(error)}", hint="check the path") from None
    if len(data) > MAX_BUNDLE_BYTES:
        raise ConfigError(f"`{path}` is larger than any bundle", hint="is this the right file?")
    return data


def sign(bundle: Bundle, signer: Ed25519Signer) -> bytes:
    """Return the bundle's bytes with one more signature.

    Raises:
        BundleError: this key signed it already, or the note in it is broken.
    """
    earlier = _parse(bundle).signatures if bundle.note else ()
    (key,) = signer.verifiers
    if any((line.name, line.key_id) == (key.name, key.key_id) for line in earlier):
        said = f"`{key.name}` signed it already"
        raise BundleError([Flaw("ZB06", bundle.file, said, "each key signs once")])
    made = sign_note(bundle.statement, [signer])
    return bundle.signed(Note(bundle.statement, (*earlier, *made.signatures)).data)


def names_signed(bundle: Bundle) -> tuple[str, ...]:
    """Return the names on the signature lines, whoever wrote them; nothing is verified."""
    return tuple(line.name for line in _parse(bundle).signatures) if bundle.note else ()


def check_signatures(bundle: Bundle, signers: Signers | None) -> tuple[VerifierKey, ...]:
    """Return the keys of its layer that signed a bundle.

    Args:
        bundle: as read.
        signers: who may sign its layer; `None` where nobody is named.

    Raises:
        BundleError: too few signed, or a signature does not verify.
    """
    if signers is None:
        said = f"nobody is named who may sign the layer `{bundle.layer}`"
        raise BundleError(
            [Flaw("ZB06", bundle.file, said, "name the keys in `policies.signers` of zone.yaml")]
        )
    signed: tuple[VerifierKey, ...] = ()
    if bundle.note:
        note = _parse(bundle)
        known = {(key.name, key.key_id) for key in signers.keys}
        if any((line.name, line.key_id) in known for line in note.signatures):
            try:
                signed = verify_note(note, signers.keys)
            except VerificationError as error:
                raise BundleError([Flaw("ZB06", bundle.file, error.message, "ask for it again")]) from None
    if len({key.public for key in signed}) < signers.needed:
        names = ", ".join(f"`{key.name}`" for key in signers.keys)
        said = f"{len(signed)} of the {signers.needed} signatures of the layer `{bundle.layer}` are there"
        raise BundleError([Flaw("ZB06", bundle.file, said, f"these keys may sign it: {names}")])
    return signed


def _parse(bundle: Bundle) -> Note:
    try:
        note = parse_note(bundle.note)
    except VerificationError as error:
        raise BundleError(
            [Flaw("ZB06", bundle.file, f"the signatures can't be read: {error.message}")]
        ) from None
    if note.text != bundle.statement:
        said = "the signatures are those of another bundle"
        raise BundleError([Flaw("ZB06", bundle.file, said, "a bundle that was changed is signed anew")])
    return note


def check_moment(bundle: Bundle, now_ms: int) -> list[Flaw]:
    """Tell whether a bundle is in force at a moment (milliseconds since 1970 UTC)."""
    if bundle.policy.in_force(now_ms):
        return []
    window = bundle.manifest.effective
    hint = "check the machine's clock, or make a bundle of another window"
    return [Flaw("ZB08", bundle.file, f"it is in force from {window.start} until {window.until} only", hint)]
