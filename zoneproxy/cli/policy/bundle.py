"""`zoneproxy policy keygen`, `sign` and `verify`: from a policy to a bundle that can be believed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.settings import read_small, write_new
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import replace_whole
from zoneproxy.adapters.keys.keyfiles import make_private_key, read_private_key, read_vkeys
from zoneproxy.adapters.state.bundles import (
    Signers,
    check_moment,
    check_signatures,
    names_signed,
    read_bundle_file,
    sign,
)
from zoneproxy.adapters.state.policy_state import PolicyState
from zoneproxy.assembly.policies import Loaded, flaws_of_revision, flaws_together, read_policies, uplinks
from zoneproxy.cli.named_files import read_file
from zoneproxy.cli.output import print_error
from zoneproxy.cli.policy.files import OK, PROBLEMS
from zoneproxy.config import Config, parse
from zoneproxy.policy.bundle import load
from zoneproxy.policy.bundle_archive import is_bundle
from zoneproxy.policy.bundle_file import PROOF, SUFFIX, TESTS, Bundle, read_bundle
from zoneproxy.policy.bundle_flaws import BundleError, Flaw
from zoneproxy.policy.bundle_results import make_bundle, recheck
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.note import Ed25519Signer, check_name

_VKEY = ".vkey"


def add_bundle_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about bundles; each sets `func`: Namespace in, exit code out."""
    keygen = commands.add_parser("keygen", help="make a key that signs bundles")
    keygen.add_argument(
        "name", metavar="NAME", help="whose it is, for example `zone.example/policy/operator`"
    )
    keygen.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE.key",
        help="the private key; FILE.vkey comes beside it",
    )
    keygen.set_defaults(func=run_keygen)

    signing = commands.add_parser(
        "sign",
        help="make a signed bundle of a policy, or add a signature to one",
        description="Prove and test a policy, and sign a bundle of it; nothing is signed where a proof or a "
        "test fails. Given a bundle, prove and test it again, and add a signature.",
    )
    signing.add_argument("file", metavar="FILE", help="a policy, or a bundle")
    signing.add_argument("--key", required=True, type=Path, metavar="FILE.key", help="made by `keygen`")
    signing.add_argument("--out", type=Path, metavar="BUNDLE", help="(default: FILE with the ending .zpb)")
    signing.add_argument(
        "--test", action="append", default=[], metavar="FILE", help="a test file (default: FILE's _test.yaml)"
    )
    signing.add_argument(
        "--data", action="append", default=[], metavar="FILE", help="data that belongs to it"
    )
    signing.add_argument(
        "--beside", action="append", default=[], metavar="FILE",
        help="the other layer's policy or bundle, for tests and invariants that ask for both",
    )  # fmt: skip
    signing.set_defaults(func=run_sign)

    verify = commands.add_parser(
        "verify",
        help="tell whether bundles may be activated, and all that is wrong with them",
        description="Check bundles: form, digests, signatures, window, revision. Nothing is changed.",
    )
    verify.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE", help="a bundle")
    by = verify.add_mutually_exclusive_group(required=True)
    by.add_argument("--config", metavar="zone.yaml", help="the zone, with its signers and its memory")
    by.add_argument("--vkey", action="append", type=Path, metavar="FILE", help="keys that must have signed")
    verify.add_argument("--needed", type=int, metavar="N", help="how many of the keys (default: all of them)")
    verify.add_argument("--recheck", action="store_true", help="run the proofs and the tests again")
    verify.add_argument("--json", action="store_true", help="one JSON object a bundle")
    verify.set_defaults(func=run_verify)


def run_keygen(args: argparse.Namespace) -> int:
    """Make a key pair; print the public half, as zone.yaml names it."""
    out: Path = args.out
    if out.suffix != ".key":
        raise ConfigError(
            f"`{out}` must end in `.key`", hint="the public half is written beside it, as `.vkey`"
        )
    public = out.with_suffix(_VKEY)
    if os.path.lexists(public):
        raise ConfigError(f"`{public}` exists already", hint="keys are never overwritten")
    try:
        check_name(args.name)
    except VerificationError as error:
        raise ConfigError(error.message, hint="write it as `zone.example/policy/operator`") from None
    # A crash between the two files leaves a key without a name, which signs nothing.
    (key,) = Ed25519Signer(args.name, make_private_key(out)).verifiers
    write_new(public, f"{key.vkey}\n".encode())
    print(key.vkey)
    print(f"made `{out}` (keep it secret) and `{public}`; name the line above under", file=sys.stderr)
    print("`policies.signers` in zone.yaml, for the layer that it may sign", file=sys.stderr)
    return OK


def run_sign(args: argparse.Namespace) -> int:
    """Make a signed bundle, or add a signature to one."""
    signer = _signer(args.key)
    data = read_file(args.file)
    path = Path(args.file)
    out: Path = args.out or path.with_suffix(SUFFIX)
    try:
        bundle = _again(args, data) if is_bundle(data) else _anew(args, path, data, out)
        signed = sign(bundle, signer)
        _write(out, signed)
    except BundleError as error:
        say_flaws(error.flaws)
        print_error("nothing was signed")
        return PROBLEMS
    (key,) = signer.verifiers
    print(f"signed {_title(bundle)} as `{key.name}`: `{out}`", file=sys.stderr)
    for line in _results(read_bundle(signed, str(out))):
        print(f"    {line}", file=sys.stderr)
    return OK


def _again(args: argparse.Namespace, data: bytes) -> Bundle:
    if args.test or args.data or args.beside:
        hint = "make it anew from the policy to change them"
        raise ConfigError("a bundle holds its tests and data already", hint=hint)
    bundle = read_bundle(data, args.file)
    if flaws := recheck(bundle):
        raise BundleError(flaws)
    return bundle


def _anew(args: argparse.Namespace, path: Path, data: bytes, out: Path) -> Bundle:
    if out.exists() and not is_bundle(read_file(str(out))):
        hint = "choose another place with `--out`"
        raise ConfigError(f"`{out}` is there and is no bundle", hint=hint)
    load(data, args.file)  # its mistakes are told by the name that the user knows
    return read_bundle(_make(args, path, data), str(out))


def _make(args: argparse.Namespace, path: Path, data: bytes) -> bytes:
    usual = path.with_name(f"{path.stem}_test.yaml")
    tests = args.test or ([str(usual)] if usual.exists() else [])
    beside: dict[str, bytes] = {}
    for name in args.beside:
        other = read_file(name)
        if is_bundle(other):
            bundle = read_bundle(other, name)
            beside[bundle.manifest.policy.rpartition("/")[2]] = bundle.members[bundle.manifest.policy]
        else:
            beside[Path(name).name] = other
    return make_bundle(
        (path.name, data),
        tests={Path(name).name: read_file(name) for name in tests},
        data={Path(name).name: read_file(name) for name in args.data},
        beside=beside,
    )


def _signer(path: Path) -> Ed25519Signer:
    key = read_private_key(path)
    public = path.with_suffix(_VKEY)
    named = read_vkeys(public)[0]
    signer = Ed25519Signer(named.name, key)
    if signer.verifiers != (named,):
        hint = "both are made by `zoneproxy policy keygen`"
        raise ConfigError(f"`{public}` is not the public half of `{path}`", hint=hint)
    return signer


def _write(path: Path, data: bytes) -> None:
    """Put a bundle in place of an older one; whoever reads meanwhile gets one of the two, whole."""
    try:
        replace_whole(path, data, mode=0o644)
    except OSError as error:
        raise ConfigError(f"`{path}` can't be written: {why(error)}", hint="check the folder") from None


def run_verify(args: argparse.Namespace) -> int:
    """Check bundles, one after the other, and tell everything that is wrong."""
    config = read_config(args.config) if args.config else None
    if args.needed is not None and (config or args.needed < 1):
        raise ConfigError(
            "`--needed` goes with `--vkey` and is at least 1", hint="with `--config`, zone.yaml says it"
        )
    worst = OK
    sound: list[Bundle] = []
    for path in args.bundles:
        found, bundle = _check(path, args, config)
        worst = PROBLEMS if found else worst
        sound += [bundle] if bundle is not None and not found else []
        if args.json:
            shown = {
                "bundle": str(path),
                "ok": not found,
                "flaws": BundleError(found).details if found else [],
            }
            print(json.dumps({**shown, **(_as_json(bundle) if bundle else {})}, ensure_ascii=False))
        else:
            if bundle is not None:
                print(_title(bundle))
                for line in _results(bundle):
                    print(f"    {line}")
            say_flaws(found)
            if not found:
                print(f"ok: `{path}` may be activated")
    if config is not None and args.recheck and sound:
        together = _beside(args.config, config, sound)
        say_flaws(together)
        worst = PROBLEMS if together else worst
    return worst


def _beside(name: str, config: Config, bundles: Sequence[Bundle]) -> list[Flaw]:
    """Ask as an activation of these bundles, all at once, would: beside what the zone has otherwise."""
    folder, now_ms = Path(name).parent, SystemClock().now_ms()
    state = PolicyState(folder / config.policies.state)
    made, _ = read_policies(config, folder, state, production=False, now_ms=now_ms)
    together = made.replaced([Loaded(bundle.policy, bundle.data, bundle) for bundle in bundles])
    return flaws_together(together.policies, bundles, uplinks(config), now_ms)


def _check(path: Path, args: argparse.Namespace, config: Config | None) -> tuple[list[Flaw], Bundle | None]:
    try:
        bundle = read_bundle(read_bundle_file(path), str(path))
    except BundleError as error:
        return list(error.flaws), None
    flaws: list[Flaw] = []
    if config is None:
        keys = tuple(key for file in args.vkey for key in read_vkeys(file))
        signers: Signers | None = Signers(keys, args.needed or len(keys))
    else:
        signers = config.policies.signers_of(bundle.layer)
        marks = PolicyState(Path(args.config).parent / config.policies.state).read().layers
        flaws += flaws_of_revision(bundle, marks.get(bundle.layer))
    try:
        check_signatures(bundle, signers)
    except BundleError as error:
        flaws += error.flaws
    flaws += check_moment(bundle, SystemClock().now_ms())
    if args.recheck and config is None:
        flaws += recheck(bundle)
    return flaws, bundle


def _title(bundle: Bundle) -> str:
    made = bundle.manifest
    window = f"{made.effective.start} until {made.effective.until}"
    return f"{made.layer} `{made.name}` {made.version}, revision {made.revision}, in force {window}"


def _results(bundle: Bundle) -> list[str]:
    proofs = json.loads(bundle.members[PROOF])["proofs"]
    rows = json.loads(bundle.members[TESTS])["tests"]
    invariants = len({one["id"] for one in proofs})
    names = ", ".join(f"`{name}`" for name in names_signed(bundle)) if bundle.note else "nobody"
    return [
        f"content {bundle.content}",
        f"says: {invariants} invariants proved, {sum(row['passed'] for row in rows)} tests passed",
        f"bears the names of: {names}",
    ]


def _as_json(bundle: Bundle) -> dict[str, Any]:
    made = bundle.manifest
    return {
        "layer": made.layer,
        "name": made.name,
        "version": made.version,
        "revision": made.revision,
        "content": bundle.content,
        "digest": bundle.digest,
    }


def say_flaws(flaws: Sequence[Flaw]) -> None:
    """Show flaws to the person at the terminal."""
    for flaw in flaws:
        print(f"{flaw.file}: error[{flaw.code}]: {flaw.message}", file=sys.stderr)
        if flaw.hint:
            print(f"   = help: {flaw.hint}", file=sys.stderr)


def read_config(name: str) -> Config:
    """Read the zone.yaml that the user named.

    Raises:
        ConfigError: it can't be used.
    """
    return parse(read_small(Path(name), "the configuration"), name)
