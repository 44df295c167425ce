"""`zoneproxy log init | rotate | gc | fsck`: what the operator does with a log and its keys."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.reading.logfolder import open_log, open_logs
from zoneproxy.adapters.shards.folder import ShardFolder, is_sharded, shard_months
from zoneproxy.adapters.upkeep.fsck import check_local_state
from zoneproxy.adapters.upkeep.tidy import remove_superseded
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import EXIT_INVALID, EXIT_VALID, Flaw, Level, exit_code
from zoneproxy.replay.report import AuditReport
from zoneproxy.replay.shardwalk import audit_shards
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.months import Month

_EXAMPLE = "zone.example/trace/node-1"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands; each sets `func`: Namespace in, exit code out."""
    init = commands.add_parser(
        "init",
        help="make a log in monthly shards, and its keys",
        description="Make the directory of a log in monthly shards with its first shard, and the folder "
        "of its private keys. Name them in zone.yaml as `log: {directory: ..., origin: ..., keys: ...}`.",
    )
    init.add_argument("directory", type=Path, metavar="DIR", help="a directory that does not exist yet")
    init.add_argument("--keys", type=Path, required=True, metavar="FOLDER", help="folder of the private keys")
    init.add_argument(
        "--origin", default=_EXAMPLE,
        help="the log's name, a URL without scheme; each shard adds its month (default: %(default)s)",
    )  # fmt: skip
    init.set_defaults(func=run_init)

    rotate = commands.add_parser(
        "rotate",
        help="put new signing keys into use, within the month",
        description="Make new keys for the newest shard. The process that writes the log takes them up "
        "within seconds (or at its next start): checkpoints bear old and new signatures for a day, then the "
        "new ones alone, and the old private keys are destroyed. Next month's keys come by themselves.",
    )
    rotate.add_argument("directory", type=Path, metavar="DIR", help="the directory of the shards")
    rotate.add_argument(
        "--keys", type=Path, required=True, metavar="FOLDER", help="folder of the private keys"
    )
    rotate.set_defaults(func=run_rotate)

    tidy = commands.add_parser(
        "gc",
        help="remove partial tiles that full ones supersede",
        description="Remove the partial tiles that nobody needs any more, as C2SP tlog-tiles allows. The log "
        "may be running. Nothing else is ever removed.",
    )
    tidy.add_argument("directory", type=Path, metavar="LOG", help="a log, or the directory of its shards")
    tidy.add_argument("-n", "--dry-run", action="store_true", help="count them, and remove nothing")
    tidy.set_defaults(func=run_gc)

    check = commands.add_parser(
        "fsck",
        help="check all local state of a log that is stopped",
        description="Check what `verify` checks, and what only the operator has: write-ahead log, state, "
        "modes of private files. It reads what the next start would read, and changes nothing.",
    )
    check.add_argument("directory", type=Path, metavar="LOG", help="a log, or the directory of its shards")
    check.add_argument("--json", action="store_true", help="one JSON object a line")
    check.set_defaults(func=run_fsck)


def run_init(args: argparse.Namespace) -> int:
    """Make a sharded log and its keys."""
    folder, keys = ShardFolder(args.directory, args.origin), KeyFolder(args.keys)
    month = Month.of(SystemClock().now_ms())
    if keys.months():
        raise ConfigError(
            f"the key folder `{args.keys}` holds keys already",
            hint="a log is made with keys of its own",
        )
    keys.make(month)
    folder.create(month, keys.load(month, folder.origin(month)), SystemClock(), SystemEntropy())
    print(f"made the log {args.origin} in {args.directory}, its first shard is {month}")
    print(f"private keys: {args.keys} (keep a copy of the newest ones; never put old ones back)")
    return 0


def run_rotate(args: argparse.Namespace) -> int:
    """Make the newest shard's next keys."""
    months = shard_months(args.directory)
    if not months:
        raise ConfigError(f"no shards are in `{args.directory}`", hint="give the directory of the shards")
    keys, month = KeyFolder(args.keys), months[-1]
    pairs = keys.renewals(month)
    if not pairs:
        raise ConfigError(
            f"no key of the shard `{month}` lies in `{args.keys}`", hint="give the log's own key folder"
        )
    if len(pairs) > 1:
        raise ConfigError(
            f"a renewal of the keys of `{month}` is under way",
            hint="the old keys sign until its overlap is over; rotate again then",
        )
    keys.make(month, pairs[-1] + 1)
    print(f"made {keys.file(month, pairs[-1] + 1)}: the log takes it up within seconds of running")
    return 0


def _logs(directory: Path) -> list[Path]:
    if is_sharded(directory):
        return [directory / str(month) for month in shard_months(directory)]
    return [directory]


def run_gc(args: argparse.Namespace) -> int:
    """Remove superseded partial tiles and say how many."""
    for path in _logs(args.directory):
        count = remove_superseded(path, open_log(path).checkpoint().size, dry=args.dry_run)
        print(f"{path}: {count} superseded partial tiles {'could be' if args.dry_run else 'were'} removed")
    return 0


def _audited(directory: Path) -> tuple[list[Flaw], list[tuple[Path, AuditReport]]]:
    """Audit a log, or all its shards together; return what is wrong between them, and each one's report."""
    shards = open_logs(directory, allow_withheld=True, private=True)
    if not shards[0][0]:
        return [], [(directory, audit(shards[0][1](())))]
    chain = audit_shards(shards, (), lambda reader: audit(reader, several=True))
    return chain.links.found, [(directory / one.name, one.report) for one in chain.shards]


def _line(flaw: Flaw) -> str:
    return f"{flaw.kind.value}: {flaw.where}: {flaw.message}"


def run_fsck(args: argparse.Namespace) -> int:
    """Check local state and public files; print what was found."""
    links, reports = _audited(args.directory)
    code = EXIT_INVALID if exit_code(links) == EXIT_INVALID else EXIT_VALID
    for flaw in links:
        told = {"log": str(args.directory), "problems": [_line(flaw)]}
        print(json.dumps(told, sort_keys=True) if args.json else f"{args.directory}: {_line(flaw)}")
    for path, report in reports:
        problems = [_line(flaw) for flaw in report.flaws]
        if report.exit_code == EXIT_INVALID or any(flaw.level is Level.OPENINGS for flaw in report.flaws):
            code = EXIT_INVALID
        state = None
        try:
            state = check_local_state(path)
            own: list[str] = list(state.problems)
        except VerificationError as error:
            own = [f"invalid: {error.where}: {error.message}"]
        problems += own
        if own:
            code = EXIT_INVALID
        if args.json:
            line = {
                "log": str(path), "problems": problems, "size": state and state.size,
                "signed": state and state.signed, "under_way": state and state.under_way,
                "closed": state and state.closed,
            }  # fmt: skip
            print(json.dumps(line, sort_keys=True))
            continue
        for problem in problems:
            print(f"{path}: {problem}")
        if state is not None:
            ends = "closed" if state.closed else f"{state.under_way} exchanges under way"
            print(f"{path}: {state.size} entries durable, {state.signed} signed, {ends}")
    if not args.json:
        print("the local state holds" if code == EXIT_VALID else "the local state does not hold")
    return code
