"""`zoneproxy log`: check a trace log; its proofs are in `zoneproxy.cli.log_proofs`.

Exit codes: 0 the log holds; 1 something is invalid or missing; 2 usage, or no log; 3 nothing is wrong,
but something is withheld or unwitnessed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

from zoneproxy.adapters.keyfiles import read_trust, read_vkeys
from zoneproxy.adapters.logfolder import open_log
from zoneproxy.cli import log_proofs
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import AuditReport
from zoneproxy.trace.note import VerifierKey


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `log` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser("log", help="check the trace log, make and check proofs")
    commands = parser.add_subparsers(dest="log_command", required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="check signatures, tree, every byte of every file, every entry",
        description="Check a log from its bytes alone. Exit code 0: it holds; 1: something is invalid or "
        "missing; 3: nothing is wrong, but something is withheld or unwitnessed.",
    )
    verify.add_argument("directory", type=Path, metavar="DIR", help="the log, or a copy of its files")
    verify.add_argument("--json", action="store_true", help="one JSON object a line")
    verify.add_argument(
        "--vkey",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="the log's verifier key, from a source you trust (else the one that lies in DIR)",
    )
    verify.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="a trust file (C2SP tlog-policy): the log's keys, and the witnesses that must have cosigned",
    )
    verify.set_defaults(func=run_verify)
    log_proofs.add_commands(commands)


def run_verify(args: argparse.Namespace) -> int:
    """Check a log directory and print what was found, worst first."""
    keys: list[VerifierKey] = [key for path in args.vkey for key in read_vkeys(path)]
    trust = None if args.policy is None else read_trust(args.policy)
    if trust is not None:
        keys += [key for key in trust.logs if key not in keys]
    reader = open_log(args.directory, keys)
    report = audit(reader, _progress if sys.stderr.isatty() and not args.json else None, trust)
    if args.json:
        _print_json(report)
    else:
        _print_text(report, trusted=bool(keys))
    return report.exit_code


def _progress(done: int, total: int) -> None:
    print(f"\r{done} of {total} entries", end="" if done < total else "\r\x1b[K", file=sys.stderr, flush=True)


def _print_json(report: AuditReport) -> None:
    for flaw in report.flaws:
        line = {
            "class": flaw.kind.value,
            "where": flaw.where,
            "message": flaw.message,
            "proof": dict(flaw.proof),
        }
        print(json.dumps(line, sort_keys=True))
    summary = {
        "origin": report.origin,
        "size": report.size,
        "root": report.root,
        "flaws": len(report.flaws) + report.more,
        "kinds": dict(report.kinds),
        "first_ts": report.first_ts,
        "last_ts": report.last_ts,
        "under_way": {str(index): flow for index, flow in report.under_way.items()},
        "opened": report.opened,
        "withheld": report.withheld,
        "unsigned": report.unsigned,
        "exit_code": report.exit_code,
    }
    print(json.dumps(summary, sort_keys=True))


def _print_text(report: AuditReport, *, trusted: bool) -> None:
    for flaw in report.flaws:
        print(f"{flaw.kind.value}: {flaw.where}: {flaw.message}")
        for name, value in flaw.proof.items():
            if "\n" not in value:
                print(f"    {name}: {value}")
    if report.more:
        print(f"and {report.more} more")
    if report.origin:
        _print_summary(report)
    if not trusted:
        print(log_proofs.OWN_KEY, file=sys.stderr)
    verdicts = {0: "the log holds", 1: "the log does not hold", 3: "the log holds as far as it can be seen"}
    print(verdicts[report.exit_code])


def _print_summary(report: AuditReport) -> None:
    print(f"log {report.origin}: {report.size} entries, root {report.root}")
    if report.kinds:
        print("entries: " + ", ".join(f"{count} {kind}" for kind, count in report.kinds.items()))
        print(f"time: {_date(report.first_ts)} to {_date(report.last_ts)}")
    if report.opened or report.withheld:
        print(f"private parts: {report.opened} opened and fitting, {report.withheld} not here")
    if report.under_way:
        places = ", ".join(str(index) for index in list(report.under_way)[:20])
        print(f"under way: {len(report.under_way)} exchanges without an end (entries {places})")
    if report.unsigned:
        print(f"not signed yet: {report.unsigned} entries after the checkpoint")


def _date(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, tz=dt.UTC).isoformat(timespec="milliseconds")
