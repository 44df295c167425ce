"""`zoneproxy redact`: private parts of records erased, and why, on record before.

    zoneproxy redact LOG --entry 17 --field client.ip ...      these fields of these entries
    zoneproxy redact LOG --entry 17 ...                        all private fields of these entries
    zoneproxy redact LOG --entry 17 --withhold ...             their public bytes too: for emergencies
    zoneproxy redact LOG --tenant T [--day D] [--class C] ...  everything under these data keys
    zoneproxy redact LOG --finish                              only what a crash cut off

A zone that runs does it itself, asked at its control socket. Entries of a log in monthly shards are named
with their shard: `2026-11#17`; a tenant's data keys are those of every shard.

Exit codes: 0 done (also if it was done before); 1 it can't be done; 2 usage, configuration, or the disk
failed.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.assembly.desk import Desk, open_desk
from zoneproxy.assembly.shards import log_places
from zoneproxy.cli.disclose import FIELDS
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.datakey import NOBODY, KeyLabel, read_label
from zoneproxy.trace.entry import parse
from zoneproxy.trace.grounds import MAX_LISTED, MAX_NAMED, REDACTION_GROUNDS
from zoneproxy.trace.opening_store import list_keys
from zoneproxy.trace.retention import DEFAULT_DAYS, day_start
from zoneproxy.trace.schema import PRIVATE


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "redact",
        help="erase private parts of records, on the record",
        description="Erase private fields, the private parts of records, or everything of a tenant's day. "
        "The legal ground, who did it and what approved it are recorded before anything goes. The log stays "
        "whole: its tree, its proofs and its receipts hold as before. What left the disk (backups, copies) "
        "is reached only by destroying a data key.",
    )
    parser.add_argument("log", type=Path, metavar="LOG", help="the log's directory")
    parser.add_argument(
        "--entry",
        action="append",
        default=[],
        metavar="N",
        help="an entry's index; in monthly shards `2026-11#N`, or the `Zone-Trace` header",
    )
    parser.add_argument(
        "--field", action="append", default=[], choices=FIELDS, metavar="NAME",
        help=f"erase only this field; repeatable. One of {', '.join(FIELDS)}",
    )  # fmt: skip
    parser.add_argument(
        "--withhold", action="store_true",
        help="in an emergency: withhold the entries' public bytes too; their hashes keep their places",
    )  # fmt: skip
    parser.add_argument("--tenant", metavar="ID", help=f"a tenant's data keys (`{NOBODY}`: nobody's)")
    parser.add_argument("--day", metavar="YYYY-MM-DD", help="only those of this UTC day")
    parser.add_argument("--class", dest="retention", choices=sorted(DEFAULT_DAYS), help="only this class")
    parser.add_argument(
        "--basis", choices=sorted(REDACTION_GROUNDS), metavar="CODE",
        help=f"the legal ground: one of {', '.join(sorted(REDACTION_GROUNDS))}",
    )  # fmt: skip
    parser.add_argument("--actor", metavar="ID", help="id of who does it: no person's name")
    parser.add_argument("--approval", metavar="ID", help="id of the order or ticket that approves it")
    parser.add_argument("--finish", action="store_true", help="finish a redaction that was cut off")
    parser.add_argument("--dry-run", action="store_true", help="say what would be erased, and change nothing")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the zone's configuration (default: zone.yaml beside LOG)"
    )
    parser.add_argument(
        "--opening-key", action="append", type=Path, default=[], metavar="FILE",
        help="a further key that opens private parts, such as one that was in use before",
    )  # fmt: skip
    parser.set_defaults(func=run_redact)


def run_redact(args: argparse.Namespace) -> int:
    """Order, record, erase."""
    if not args.finish:
        _check_usage(args)
    desk = open_desk(args.log, args.config, args.opening_key)
    if args.finish:
        for log in desk.logs:
            _finished(desk.redact(log.origin, ())[1])
        return 0
    reason = {"basis": args.basis, "actor": args.actor, "approval": args.approval}
    bodies = _keys(desk, args, reason) if args.tenant is not None else _entries(desk, args, reason)
    _tell(bodies)
    if not bodies:
        print("there is nothing to erase")
        return 0
    if args.dry_run:
        return 0
    for origin, together in itertools.groupby(bodies, key=lambda body: body["origin"]):
        indexes, finished = desk.redact(origin, list(together))
        _finished(finished)
        print(f"erased; recorded as entries {', '.join(map(str, indexes))} of the log {_newest(desk)}")
    return 0


def _newest(desk: Desk) -> str:
    """Return the origin of the shard that records go to."""
    return open_log(log_places(desk.opening.config, desk.opening.folder)[-1]).vkeys[0].name


def _finished(finished: bool) -> None:  # noqa: FBT001 - it tells what its argument says
    if finished:
        print("a redaction that was cut off is finished")


def _check_usage(args: argparse.Namespace) -> None:
    if bool(args.entry) == (args.tenant is not None):
        raise ConfigError(
            "it is not said what to erase",
            hint="give either `--entry N` (with `--field NAME`), or `--tenant ID`",
        )
    if args.tenant is not None and args.field:
        raise ConfigError("fields are erased from entries", hint="give `--entry N` with `--field NAME`")
    if args.withhold and (args.field or not args.entry):
        raise ConfigError(
            "whole entries are withheld", hint="give `--entry N` with `--withhold`, and no field"
        )
    if args.entry and (args.day or args.retention):
        raise ConfigError("`--day` and `--class` go with `--tenant`", hint="take them away")
    if args.day:
        day_start(args.day)
    missing = [name for name in ("basis", "actor", "approval") if getattr(args, name) is None]
    if missing and not args.dry_run:
        raise ConfigError(
            f"`--{missing[0]}` is missing",
            hint="what is erased is recorded with its ground, actor and approval",
        )


def _entries(desk: Desk, args: argparse.Namespace, reason: dict[str, Any]) -> list[dict[str, Any]]:
    log, wanted = desk.named(args.entry)
    size = log.reader.checkpoint().size
    for index in wanted:
        if not 0 <= index < size:
            raise ConfigError(
                f"the log has no entry {index}: its checkpoint covers {size}", hint="check the index"
            )
        kind = parse(next(log.reader.entries(index, index + 1))[1]).kind
        names = PRIVATE.get(kind, ())
        if args.withhold:
            _insist_on_exchange(kind, index)
        elif not names or not set(args.field) <= set(names):
            raise ConfigError(
                f"entry {index} is of the kind `{kind}`, which has no such private field",
                hint=f"it has: {', '.join(names) or 'none'}",
            )
    kind = "entry" if args.withhold else "field" if args.field else "record"
    what = {"what": kind, "fields": sorted(set(args.field)), "keys": []}
    cut = [wanted[place : place + MAX_NAMED] for place in range(0, len(wanted), MAX_NAMED)]
    return [{"origin": log.origin, **what, **reason, "entries": part} for part in cut]


def _insist_on_exchange(kind: str, index: int) -> None:
    """Refuse to withhold what the log itself rests on: its keys, shards and amendments hold no one's data."""
    if kind not in {"decision", "return", "abort", "alarm"}:
        raise ConfigError(
            f"entry {index} is of the kind `{kind}`, which speaks of the log and not of an exchange",
            hint="decisions, returns, aborts and alarms can be withheld",
        )


def _keys(desk: Desk, args: argparse.Namespace, reason: dict[str, Any]) -> list[dict[str, Any]]:
    what = {"what": "key", "fields": [], "entries": []}
    bodies: list[dict[str, Any]] = []
    for log in desk.logs:
        files = DiskFiles(log.directory)
        found = [read_label(files.read(path) or b"") for _, path in list_keys(files.names)]
        keys = [_named(label) for label in found if _fits(label, args)]
        for place in range(0, len(keys), MAX_LISTED):
            part = keys[place : place + MAX_LISTED]
            bodies.append({"origin": log.origin, **what, **reason, "keys": part})
    return bodies


def _fits(label: KeyLabel, args: argparse.Namespace) -> bool:
    return (
        label.tenant == args.tenant
        and args.day in {None, label.day}
        and args.retention in {None, label.retention}
    )


def _named(label: KeyLabel) -> dict[str, str]:
    return {"id": label.id.hex(), "tenant": label.tenant, "day": label.day, "class": label.retention}


def _tell(bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        for key in body["keys"]:
            what = f"everything of `{key['tenant']}` on {key['day']}, class {key['class']}"
            print(f"to erase: {what} (data key {key['id']})")
        if body["entries"]:
            fields = ", ".join(body["fields"]) or "all private fields"
            fields = "the public bytes and all private fields" if body["what"] == "entry" else fields
            print(f"to erase: {fields} of entries {', '.join(map(str, body['entries']))} of {body['origin']}")
