"""`zoneproxy log revoke`: what the root revokes, recorded; and a shard given up whose keys are lost."""

from __future__ import annotations

import argparse
from pathlib import Path

from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.keys.root import read_root_trust
from zoneproxy.assembly.desk import CONFIG_NAME
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.rootword import give_up, record_revocations
from zoneproxy.terms.errors import ConfigError


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command; it sets `func`: Namespace in, exit code out."""
    revoke = commands.add_parser(
        "revoke",
        help="record in the log which keys the root believes no longer",
        description="Record what a root-signed trust file (`zoneproxy log trust`) revokes of this log's "
        "keys, and lay the file beside the log. With `--give-up` the newest shard, whose private keys are "
        "lost, is ended by the root's word at its last signed head, and the next month's shard begins now.",
    )
    revoke.add_argument("directory", type=Path, metavar="LOG", help="the log, all its shards")
    revoke.add_argument("--trust", type=Path, required=True, metavar="FILE", help="the signed trust file")
    revoke.add_argument("--root", type=Path, required=True, metavar="VKEY", help="the root's verifier key")
    revoke.add_argument(
        "--give-up", action="store_true", help="begin the next shard: the newest one's keys are lost"
    )
    revoke.add_argument(
        "--config", type=Path, metavar="FILE", help="the zone's configuration (default: zone.yaml beside LOG)"
    )
    revoke.set_defaults(func=run_revoke)


def run_revoke(args: argparse.Namespace) -> int:
    """Give the newest shard up, where that is asked; then record what is revoked."""
    file = args.config or args.directory.absolute().parent / CONFIG_NAME
    opening = Opening.read(file)
    if (opening.folder / opening.config.log.directory).resolve() != args.directory.resolve():
        raise ConfigError(
            f"`{args.directory}` is not the log of `{file}`", hint="give it with `--config FILE`"
        )
    signed, data = read_root_trust(args.trust, args.root), read_small(args.trust, "the trust file")
    if args.give_up:
        origin, head = give_up(opening, signed)
        print(f"{head.origin} is given up at {head.size} entries; {origin} begins after it")
        print("next: have the root sign a trust file with the new shard's keys (`zoneproxy log trust`)")
    recorded = record_revocations(opening, data, signed)
    for name in recorded:
        print(f"recorded: keys of {name} are revoked by the root")
    if not recorded:
        print("there is nothing to record: it revokes no key of this log that is not recorded already")
    return 0
