"""`zoneproxy log retain | opening-key`: what is over is deleted, and the key that private parts lie under.

A running zone retains by itself, at its start and every six hours; the command is for a log at rest, and for
whoever wants to see what is due, or can't wait. Of a log in monthly shards it goes through all of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.keys.opening import make_opening_key
from zoneproxy.adapters.upkeep.retaining import Due
from zoneproxy.assembly.desk import open_desk
from zoneproxy.trace.tiles import WIDTH


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands; each sets `func`: Namespace in, exit code out."""
    retain = commands.add_parser(
        "retain",
        help="delete what is older than the retention policy says",
        description="Destroy the data keys of private parts whose time is over, and delete public entries "
        "that are older than the policy keeps them; each with a record before it. Hash tiles and checkpoints "
        "stay, so old proofs verify for ever.",
    )
    retain.add_argument("directory", type=Path, metavar="LOG", help="the log's directory, that of all shards")
    retain.add_argument(
        "--config", type=Path, metavar="FILE", help="the zone's configuration (default: zone.yaml beside LOG)"
    )
    retain.add_argument("--dry-run", action="store_true", help="say what is over, and change nothing")
    retain.set_defaults(func=run_retain)

    key = commands.add_parser(
        "opening-key",
        help="make a key that private parts are encrypted under",
        description="Make a new key-encryption key. To change keys, name it as `privacy.key` and the one "
        "before among `privacy.older_keys`. Without it nobody can open private parts: keep a copy.",
    )
    key.add_argument("file", type=Path, metavar="FILE", help="a file that does not exist yet")
    key.set_defaults(func=run_key)


def run_retain(args: argparse.Namespace) -> int:
    """Find what is over and delete it."""
    desk = open_desk(args.directory, args.config)
    if desk.opening.config.privacy.retention.legal_hold:
        print("a legal hold is on (`privacy.retention` of zone.yaml): nothing is deleted")
        return 0
    found = desk.due()
    for log, due in zip(desk.logs, found, strict=True):
        _tell(f"{log.name}: " if desk.several else "", due)
    if args.dry_run:
        return 0
    try:
        desk.retain()
    except OSError as error:
        raise trace_error("retention was cut off", error) from error
    nothing = all(due.nothing for due in found)
    print("there is nothing to delete" if nothing else "deleted, and recorded in the log")
    return 0


def _tell(shard: str, due: Due) -> None:
    for name, paths in sorted(due.keys.items()):
        days = sorted({path.split("/")[2] for path in paths})
        if days:
            print(f"{shard}over: {len(paths)} data keys of the class {name}, from {days[0]} to {days[-1]}")
    if due.openings:
        print(f"{shard}over: the openings of {len(due.openings)} bundles of {WIDTH} entries")
    if due.minimum > due.old_minimum:
        print(f"{shard}over: the public entries {due.old_minimum} to {due.minimum - 1}")


def run_key(args: argparse.Namespace) -> int:
    """Make a key-encryption key."""
    key = make_opening_key(args.file)
    print(f"made the key {key.name} in {args.file}: keep a copy where the log's copies are not")
    return 0
