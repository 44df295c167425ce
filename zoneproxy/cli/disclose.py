"""`zoneproxy disclose` and `zoneproxy disclosed`: private fields opened to a regulator, and checked by him.

Exit codes: 0 done, or everything checked; 1 something does not hold; 2 usage or configuration; 3 it holds,
but some of the fields asked for are withheld.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.keys.opening import make_recipient_key, read_recipient, read_recipient_key
from zoneproxy.adapters.reading.logfolder import open_logs
from zoneproxy.assembly.desk import open_desk
from zoneproxy.cli.named_files import read_named
from zoneproxy.replay.handing import believed_shards
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.disclosure import MAX_FILE_BYTES, Disclosed, check, compose, decrypt, encrypt
from zoneproxy.trace.entry import parse
from zoneproxy.trace.grounds import DISCLOSURE_GROUNDS, MAX_NAMED
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.schema import PRIVATE

_WITHHELD = 3
FIELDS = sorted({name for names in PRIVATE.values() for name in names})


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands; each sets `func`: Namespace in, exit code out."""
    disclose = subparsers.add_parser(
        "disclose",
        help="open named private fields of named entries to a regulator",
        description="Write a file that only the holder of a key can read: the fields asked for, with all "
        "that shows them to be the log's. That it was done is recorded in the log before the file is there.",
    )
    disclose.add_argument("log", type=Path, metavar="LOG", help="the log's directory")
    disclose.add_argument(
        "--entry",
        action="append",
        required=True,
        metavar="N",
        help="an entry's index, repeatable; in monthly shards `2026-11#N`, or `<origin>#N`",
    )
    disclose.add_argument(
        "--field", action="append", default=[], choices=FIELDS, metavar="NAME",
        help=f"a private field; repeatable. One of {', '.join(FIELDS)}",
    )  # fmt: skip
    disclose.add_argument("--all-fields", action="store_true", help="every private field of these entries")
    disclose.add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="the regulator's public key (X25519, PEM)"
    )
    disclose.add_argument(
        "--basis", choices=sorted(DISCLOSURE_GROUNDS), default="supervision", metavar="CODE",
        help=f"the ground: one of {', '.join(sorted(DISCLOSURE_GROUNDS))} (default: %(default)s)",
    )  # fmt: skip
    disclose.add_argument("--actor", required=True, metavar="ID", help="id of who does it: no person's name")
    disclose.add_argument("--approval", metavar="ID", help="id of the order or ticket that asks for it")
    disclose.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a new file")
    _add_desk(disclose)
    disclose.set_defaults(func=run_disclose)

    disclosed = subparsers.add_parser(
        "disclosed",
        help="open and check a disclosure file (the regulator's side)",
        description="Decrypt a file that `zoneproxy disclose` made and check the checkpoint's signatures, "
        "each entry's place in the log, its bytes, and the fields against its commitment.",
    )
    disclosed.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the disclosure")
    disclosed.add_argument("--key", type=Path, metavar="FILE", help="your private key")
    disclosed.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier keys, from a source you trust",
    )  # fmt: skip
    disclosed.add_argument(
        "--log", metavar="PLACE", help="check as well that the log (directory or URL) records this disclosure"
    )
    disclosed.add_argument("--new-key", type=Path, metavar="FILE", help="only make a pair of keys")
    disclosed.add_argument("--json", action="store_true", help="one JSON object a line")
    disclosed.set_defaults(func=run_disclosed)


def _add_desk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the zone's configuration (default: zone.yaml beside LOG)"
    )
    parser.add_argument(
        "--opening-key", action="append", type=Path, default=[], metavar="FILE",
        help="a further key that opens private parts, such as one that was in use before",
    )  # fmt: skip


def run_disclose(args: argparse.Namespace) -> int:
    """Compose, record, and only then write the file."""
    fields = FIELDS if args.all_fields else args.field
    if not fields:
        raise ConfigError("no field is named", hint="give `--field NAME`, or `--all-fields`")
    if len(set(args.entry)) > MAX_NAMED:
        raise ConfigError(f"more than {MAX_NAMED} entries are named", hint="make several disclosures")
    if args.output.exists():
        raise ConfigError(f"`{args.output}` exists already", hint="choose a file that is not there yet")
    recipient = read_recipient(args.to)
    desk = open_desk(args.log, args.config, args.opening_key)
    log, entries = desk.named(args.entry)
    plain = compose(log.reader, entries, fields)
    shown = json.loads(plain)["entries"]
    data = encrypt(log.origin, recipient, plain)
    body = {
        "origin": log.origin,
        "to": recipient.name,
        "entries": [one["index"] for one in shown],
        "fields": sorted(set(fields)),
        "digest": hashlib.sha256(data).hexdigest(),
        "basis": args.basis,
        "actor": args.actor,
        "approval": args.approval,
    }
    receipt = desk.record("disclosure", body)
    # A crash here leaves a record of a disclosure that never was: never one that was and isn't recorded.
    write_new(args.output, data, mode=0o600)
    withheld = {one["index"]: one["withheld"] for one in shown if one["withheld"]}
    for index, names in withheld.items():
        print(f"entry {index}: withheld: {', '.join(names)}", file=sys.stderr)
    print(f"{len(shown)} entries are opened to the key {recipient.name} in {args.output}")
    print(f"this is recorded: entry {receipt.index} of the log {receipt.origin or log.origin}")
    return _WITHHELD if withheld else 0


def run_disclosed(args: argparse.Namespace) -> int:
    """Decrypt and check a disclosure, then print what it shows; or make keys."""
    if args.new_key is not None:
        return _make_keys(args.new_key)
    if args.file is None or args.key is None or not args.vkey:
        raise ConfigError(
            "a file, your key and the log's verifier key are needed",
            hint="zoneproxy disclosed FILE --key KEY --vkey LOG.vkey; `--new-key FILE` makes a pair of keys",
        )
    keys: list[VerifierKey] = [key for path in args.vkey for key in read_vkeys(path)]
    data = read_named(args.file, MAX_FILE_BYTES)
    origin, plain = decrypt(data, read_recipient_key(args.key))
    checkpoint, entries = check(origin, plain, keys)
    recorded = None if args.log is None else _find_record(args.log, keys, data)
    for one in entries:
        if args.json:
            print(json.dumps(_as_json(one), sort_keys=True))
        else:
            _print(one)
    withheld = sum(len(one.withheld) for one in entries)
    if args.json:
        summary = {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "entries": len(entries),
            "withheld": withheld,
            "recorded": recorded,
            "exit_code": _WITHHELD if withheld else 0,
        }
        print(json.dumps(summary, sort_keys=True))
        return _WITHHELD if withheld else 0
    print(f"{len(entries)} entries of the log {checkpoint.origin}, which had {checkpoint.size} entries then")
    if recorded is not None:
        print(f"the log records this disclosure: entry {recorded}")
    print("the disclosure holds" + (f"; {withheld} fields are withheld" if withheld else ""))
    return _WITHHELD if withheld else 0


def _make_keys(path: Path) -> int:
    if not path.name:
        raise ConfigError("this names no file", hint="zoneproxy disclosed --new-key FILE")
    key, public = make_recipient_key(path)
    print(f"made the pair {key.name}: keep {path} to yourself, and give {public} to the zone's operator")
    return 0


def _find_record(place: str, keys: list[VerifierKey], data: bytes) -> int:
    """Find the record of a disclosure; its file's digest stands in it."""
    digest = hashlib.sha256(data).hexdigest()
    shards = open_logs(place)
    sharded = bool(shards[0][0])
    readers = [one.reader for one in believed_shards(shards, keys)] if sharded else [shards[0][1](keys)]
    for reader in reversed(readers):
        for index, entry in reader.entries():
            if digest.encode() in entry:
                made = parse(entry)
                if made.kind == "disclosure" and made.body["digest"] == digest:
                    return index
    raise VerificationError(
        "the log does not record this disclosure",
        where="disclosure",
        proof={"digest": digest},
        hint="ask the operator: a disclosure is recorded before its file is handed over",
    )


def _as_json(one: Disclosed) -> dict[str, Any]:
    header = one.entry.header
    return {
        "index": one.index,
        "kind": one.entry.kind,
        "ts": header.ts,
        "node": header.node,
        "flow": one.entry.body.get("flow"),
        "fields": dict(one.fields),
        "withheld": list(one.withheld),
    }


def _print(one: Disclosed) -> None:
    flow = one.entry.body.get("flow")
    print(f"entry {one.index}: {one.entry.kind}" + (f", flow {flow}" if flow else ""))
    for name, value in sorted(one.fields.items()):
        print(f"    {name}: {json.dumps(value)}")
    for name in one.withheld:
        print(f"    {name}: withheld")
