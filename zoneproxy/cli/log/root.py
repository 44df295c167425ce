"""`zoneproxy log root | trust`: the offline root key, and the trust file that it signs."""

from __future__ import annotations

import argparse
from pathlib import Path

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.settings import read_small, write_new
from zoneproxy.adapters.keys.root import make_root_key, read_root_trust, sign_trust
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import is_sharded, shard_months
from zoneproxy.replay.keylives import log_acts
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.keyring import read_vkeys_of
from zoneproxy.trace.merkle import EMPTY_ROOT, prefix_root
from zoneproxy.trace.note import VerifierKey, parse_vkey
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.roottrust import Revocation, trust_text

_WITNESS_WORDS = ("witness", "group", "quorum")


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands; each sets `func`: Namespace in, exit code out."""
    root = commands.add_parser(
        "root",
        help="make an offline root key",
        description="Make the key that signs trust files, on a machine without a network. Keep FILE there; "
        "give its `.vkey`, which is made beside it, to everyone who verifies.",
    )
    root.add_argument("file", type=Path, metavar="FILE", help="a file that does not exist yet")
    root.add_argument("--name", default="zone.example/root", help="the key's name (default: %(default)s)")
    root.set_defaults(func=run_root)

    trust = commands.add_parser(
        "trust",
        help="sign a trust file: which keys are believed, and which no longer",
        description="Write and sign a trust file with the keys of every shard, and those announced. Look at "
        "it before you give it out: it decides what is believed. Its use: `zoneproxy log verify --trust "
        "FILE --root VKEY`.",
    )
    trust.add_argument("directory", type=Path, metavar="LOG", help="a log, or the directory of its shards")
    trust.add_argument("--key", type=Path, required=True, metavar="FILE", help="the root's private key")
    trust.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where to")
    trust.add_argument(
        "--previous", type=Path, metavar="FILE", help="the trust file that it replaces: revocations are kept"
    )
    trust.add_argument(
        "--witnesses",
        type=Path,
        metavar="FILE",
        help="a tlog-policy file; its witnesses are taken",
    )
    trust.add_argument(
        "--revoke", action="append", default=[], metavar="VKEY=SIZE",
        help="believe this key only up to the first SIZE entries of its log, as LOG has them; 0 for nothing",
    )  # fmt: skip
    trust.set_defaults(func=run_trust)


def run_root(args: argparse.Namespace) -> int:
    """Make a root key and show its verifier key."""
    key = make_root_key(args.file, args.name)
    print(key.vkey)
    return 0


def run_trust(args: argparse.Namespace) -> int:
    """Write a signed trust file."""
    readers = _readers(args.directory)
    logs: list[VerifierKey] = []
    for reader in readers:
        logs += reader.vkeys
        for _, entry in log_acts(reader):
            if entry.kind == "key" and entry.body["action"] == "announce":
                logs += read_vkeys_of(entry.body["keys"])
    serial, revoked = 1, list[Revocation]()
    if args.previous is not None:
        before = read_root_trust(args.previous, args.key.with_suffix(".vkey"))
        serial, revoked = before.serial + 1, list(before.revoked)
        logs += before.policy.logs  # shards that are not here any more
    for words in args.revoke:
        made = _revocation(words, readers)
        revoked = [one for one in revoked if one.key != made.key]
        revoked.append(made)
    witnesses = _witness_lines(args.witnesses) if args.witnesses else ["quorum none"]
    try:
        text = trust_text(logs, revoked, serial=serial, issued_ms=SystemClock().now_ms(), witnesses=witnesses)
    except VerificationError as error:
        raise ConfigError(f"this makes no trust file: {error.message}", hint=error.hint) from None
    write_new(args.output, sign_trust(text, args.key))
    print(text, end="")
    return 0


def _readers(directory: Path) -> list[LogReader]:
    if not is_sharded(directory):
        return [open_log(directory)]
    return [open_log(directory / str(month)) for month in shard_months(directory)]


def _revocation(words: str, readers: list[LogReader]) -> Revocation:
    vkey, _, number = words.rpartition("=")
    try:
        key = parse_vkey(vkey)
    except VerificationError as error:
        raise ConfigError(f"`{words}` revokes nothing: {error.message}", hint="write `VKEY=SIZE`") from None
    if not number.isascii() or not number.isdigit():
        raise ConfigError(f"`{number}` is no size", hint="write `VKEY=SIZE`, such as `...=1200`")
    size = int(number)
    if size == 0:
        return Revocation(key, Checkpoint(key.name, 0, EMPTY_ROOT))
    for reader in readers:
        now = reader.checkpoint()
        if now.origin == key.name and size <= now.size:
            return Revocation(
                key, Checkpoint(key.name, size, prefix_root(size, tile_hashes(reader, now.size)))
            )
    raise ConfigError(
        f"no log `{key.name}` of {size} entries is here", hint="give the log, and a size that it has reached"
    )


def _witness_lines(path: Path) -> list[str]:
    lines = read_small(path, "the trust file").decode("utf-8", "replace").split("\n")
    return [line.strip() for line in lines if line.split(" ")[0].strip() in _WITNESS_WORDS]
