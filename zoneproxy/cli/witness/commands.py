"""`zoneproxy witness`: what a regulator runs, so that no history can be rewritten or shown in two versions.

Exit codes of `evidence` and `check-evidence`: 0 nothing was found, or it proves nothing; 1 two histories are
proven; 3 suspected only. `check-evidence` has 2 for a file that is no evidence.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.settings import read_small, write_new
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.reading.logfolder import open_log, open_logs
from zoneproxy.adapters.witness.folder import (
    LOGS_FILE,
    MEMORY_FILE,
    VKEY_FILE,
    WitnessedLogs,
    add_log,
    load_cosigner,
    make_witness,
)
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.cli.witness import serve
from zoneproxy.replay.handing import believed_shards
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.terms.moments import moment
from zoneproxy.trace.evidence import RootAt, check_evidence, parse_evidence
from zoneproxy.trace.merkle import prefix_root
from zoneproxy.trace.prover import tile_hashes

_EXIT_NOTHING, _EXIT_PROVEN, _EXIT_SUSPECTED = 0, 1, 3
_MS_PER_S = 1000


def add_parser(subparsers: Any) -> None:
    """Add `witness` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "witness",
        help="cosign logs, so that none can show two histories",
        description="A witness sees about 200 bytes a checkpoint and nothing of what is logged. It cosigns "
        "each tree that continues the one before, and so no log that it knows can rewrite its past.",
    )
    commands = parser.add_subparsers(dest="witness_command", required=True, metavar="COMMAND")
    init = commands.add_parser(
        "init",
        help="make a new witness and print its verifier keys",
        description="Make a witness: two keys, its memory, an empty list of logs. Nothing is overwritten.",
    )
    _add_folder(init)
    init.add_argument("--name", required=True, help="its name, a URL without scheme: regulator.example/w1")
    init.set_defaults(func=run_init)
    add = commands.add_parser(
        "add-log",
        help="witness one more log",
        description="Add a log's verifier keys to the witness's list; a running witness takes them up.",
    )
    _add_folder(add)
    add.add_argument("file", type=Path, metavar="FILE.vkey", help="the log's keys, from a source you trust")
    add.set_defaults(func=run_add_log)
    follow = commands.add_parser(
        "follow",
        help="witness the coming shards of a log in monthly shards",
        description="Read a log whose keys are on the witness's list, and add the keys that it announces for "
        "the next month (a week ahead), and those it renewed. Each is proven under the keys that are "
        "believed already. Run it once a day; a running witness takes the keys up.",
    )
    _add_folder(follow)
    follow.add_argument("log", metavar="LOG", help="the log: the directory of its shards, or its address")
    follow.set_defaults(func=run_follow)
    serve.add_command(commands, _add_folder)
    status = commands.add_parser("status", help="tell what it cosigned last, of each log")
    _add_folder(status)
    status.add_argument("--json", action="store_true", help="one JSON object a line")
    status.set_defaults(func=run_status)
    evidence = commands.add_parser(
        "evidence",
        help="list, or write out, checkpoints of a log that do not chain",
        description="Each piece is two checkpoints that the log signed and that do not chain: a file that "
        "anyone checks with `check-evidence`. Exit code 0: there is none; 1: two histories are proven; "
        "3: they are suspected only.",
    )
    _add_folder(evidence)
    evidence.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write one file a piece there")
    evidence.add_argument("--json", action="store_true", help="one JSON object a line")
    evidence.set_defaults(func=run_evidence)
    check = commands.add_parser(
        "check-evidence",
        help="check a piece of evidence, without the witness",
        description="Find out what two checkpoints of a log show. Exit code 1: two histories are proven; "
        "3: suspected only, a copy of the log settles it; 0: they prove nothing.",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="what `evidence` wrote")
    check.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier keys, from a source you trust (else those in the file)",
    )  # fmt: skip
    check.add_argument(
        "--log", metavar="DIR", help="a copy of the log, or its address, to settle a suspicion"
    )
    check.set_defaults(func=run_check)
    reset = commands.add_parser(
        "reset-clock",
        help="let it sign again after its clock was ahead",
        description="A witness does not sign while its clock is behind its last signature. Where the clock "
        "was ahead then, and is right now, this forgets that time. Stop the witness first.",
    )
    _add_folder(reset)
    reset.set_defaults(func=run_reset)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="the witness's folder")


def run_init(args: argparse.Namespace) -> int:
    """Make a witness and print its keys, and what to do next."""
    for key in make_witness(args.directory, args.name):
        print(key.vkey)
    say = [
        f"made the witness `{args.name}` in {args.directory}; its two keys above are in {VKEY_FILE} too",
        "give them to whoever trusts it, as lines of their trust files:",
        f"    witness NAME VKEY URL      (one line for each key in {args.directory / VKEY_FILE})",
        "next: tell it which logs to witness, then let it serve",
        f"    zoneproxy witness add-log {args.directory} LOG.vkey",
        f"    zoneproxy witness serve {args.directory} --listen 127.0.0.1:7380",
        f"keep copies of its keys, but never put back an old {MEMORY_FILE}: it would forget what it signed",
    ]
    print("\n".join(say), file=sys.stderr)
    return _EXIT_NOTHING


def run_add_log(args: argparse.Namespace) -> int:
    """Add a log and say which keys were new."""
    load_cosigner(args.directory)
    new = add_log(args.directory, read_vkeys(args.file))
    for key in new:
        print(f"{key.name}+{key.key_id.hex()}")
    print(f"{len(new)} keys added to {args.directory / LOGS_FILE}", file=sys.stderr)
    return _EXIT_NOTHING


def run_follow(args: argparse.Namespace) -> int:
    """Add the keys that a witnessed log hands over to, and say which were new."""
    load_cosigner(args.directory)
    known = WitnessedLogs(args.directory).keys
    shards = believed_shards(open_logs(args.log), known)
    if not shards:
        raise ConfigError(
            f"no key on the witness's list is one of a shard of `{args.log}`",
            hint="begin with `zoneproxy witness add-log DIR FILE.vkey`, from a source you trust",
        )
    told = [key for shard in shards for keys in shard.following().values() for key in keys]
    told += [key for shard in shards for key in shard.reader.vkeys]
    new = add_log(args.directory, [key for key in dict.fromkeys(told) if key not in known])
    for key in new:
        print(f"{key.name}+{key.key_id.hex()}")
    print(f"{len(new)} keys added; the newest shard that is believed is {shards[-1].name}", file=sys.stderr)
    return _EXIT_NOTHING


def run_status(args: argparse.Namespace) -> int:
    """Tell what was cosigned last, and which logs never came."""
    cosigner = load_cosigner(args.directory)
    store = WitnessStore(args.directory / MEMORY_FILE)
    known = store.known()
    store.close()
    trusted = {key.name for key in WitnessedLogs(args.directory).keys}
    if args.json:
        for log in known:
            line = {"origin": log.origin, "size": log.size, "at": log.seconds}
            print(json.dumps(line | {"witnessed": log.origin in trusted}, sort_keys=True))
        for origin in sorted(trusted - {log.origin for log in known}):
            line = {"origin": origin, "size": 0, "at": 0, "witnessed": True}
            print(json.dumps(line, sort_keys=True))
        return _EXIT_NOTHING
    print(f"witness {cosigner.name}")
    for log in known:
        left = "" if log.origin in trusted else "  (no longer on its list)"
        print(f"    {log.origin}: {log.size} entries, cosigned {_date(log.seconds)}{left}")
    for origin in sorted(trusted - {log.origin for log in known}):
        print(f"    {origin}: nothing was cosigned yet")
    if not known and not trusted:
        print("    witnesses no log: add one with `zoneproxy witness add-log DIR FILE.vkey`")
    return _EXIT_NOTHING


def run_evidence(args: argparse.Namespace) -> int:
    """List all evidence, or write it out."""
    load_cosigner(args.directory)
    store = WitnessStore(args.directory / MEMORY_FILE)
    pieces = store.evidence()
    store.close()
    code = _EXIT_NOTHING
    if args.output is not None and pieces:
        args.output.mkdir(parents=True, exist_ok=True)
    for data in pieces:
        evidence = parse_evidence(data)
        finding = check_evidence(evidence)
        code = _EXIT_PROVEN if finding.proven or code == _EXIT_PROVEN else _EXIT_SUSPECTED
        kind = "two histories" if finding.proven else "suspected"
        line = {
            "kind": kind, "origin": evidence.origin, "seen": evidence.seen, "why": finding.why,
            "sizes": [finding.first.size, finding.second.size],
        }  # fmt: skip
        if args.output is not None:
            name = args.output / f"{hashlib.sha256(data).hexdigest()[:16]}.evidence.json"
            line["file"] = str(name)
            if not name.exists():
                write_new(name, data)
        if args.json:
            print(json.dumps(line, sort_keys=True))
        else:
            print(f"{kind}: {evidence.origin}, seen {_date(evidence.seen)}: {finding.why}")
            if "file" in line:
                print(f"    {line['file']}")
    if not pieces and not args.json:
        print("no evidence: every checkpoint that came continued the one before")
    return code


def run_check(args: argparse.Namespace) -> int:
    """Check a piece of evidence and say what it shows."""
    keys = [key for path in args.vkey for key in read_vkeys(path)]
    try:
        evidence = parse_evidence(read_small(args.file, "the evidence"))
    except VerificationError as error:
        raise ConfigError(f"`{args.file}`: {error.message}", hint=error.hint) from None
    root_at = None if args.log is None else _copy(args.log, keys or list(evidence.vkeys))
    try:
        finding = check_evidence(evidence, keys, root_at)
    except VerificationError as error:
        print(f"it proves nothing: {error.message}")
        return _EXIT_NOTHING
    for head in (finding.first, finding.second):
        print(f"size {head.size}, root {head.root.hex()}: signed by {evidence.origin}")
    if not keys:
        print("the keys came from the file itself: compare them with those you trust", file=sys.stderr)
    if finding.proven:
        print(f"two histories are proven: {finding.why}")
        return _EXIT_PROVEN
    print(f"two histories are suspected: {finding.why}")
    print("hint: a copy of the log settles it, `--log DIR`", file=sys.stderr)
    return _EXIT_SUSPECTED


def _copy(place: str, keys: list[Any]) -> RootAt:
    """Return a reader of roots from a copy of the log."""
    reader = open_log(place, keys)
    size = reader.checkpoint().size

    def root_at(wanted: int) -> bytes:
        if wanted > size:
            raise ConfigError(
                f"the copy of the log covers {size} entries, the evidence {wanted}",
                hint="get a newer copy of the log",
            )
        return prefix_root(wanted, tile_hashes(reader, size))

    return root_at


def run_reset(args: argparse.Namespace) -> int:
    """Forget a time that was ahead."""
    load_cosigner(args.directory)
    store = WitnessStore(args.directory / MEMORY_FILE)
    before, now = store.seconds, SystemClock().now_ms() // _MS_PER_S
    if before <= now:
        print("its clock is not behind its last signature: nothing was changed")
    else:
        store.reset_clock(now)
        print(f"it signs again: its last time was {_date(before)}, now it is {_date(now)}")
    store.close()
    return _EXIT_NOTHING


def _date(seconds: int) -> str:
    return moment(seconds * 1000)
