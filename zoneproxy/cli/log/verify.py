"""`zoneproxy log verify | examine`: is the log what its checkpoint says, and what does an examiner ask?

Exit codes: 0 the log holds; 1 something is invalid or missing, or totals differ; 2 usage, or no log;
3 nothing is wrong, but something is withheld or unwitnessed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zoneproxy.adapters.keys.opening import read_holders
from zoneproxy.adapters.reading.logfolder import find_logs, open_log
from zoneproxy.cli.log import chain, contents, proofs, shards
from zoneproxy.cli.log.audit_options import add_options, audited, save_evidence, settle
from zoneproxy.cli.log.report import (
    VERDICTS,
    exit_code,
    print_answers,
    print_differences,
    print_flaws,
    print_json,
    print_levels,
    print_summary,
)
from zoneproxy.replay.desk import Work
from zoneproxy.replay.questions import questions
from zoneproxy.replay.report import AuditReport
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands; each sets `func`: Namespace in, exit code out."""
    verify = commands.add_parser(
        "verify",
        help="check signatures, tree, every byte of every file, every entry",
        description="Check a log from its bytes alone, level by level: signatures, tree, entries, sequences, "
        "private parts, conservation (`zoneproxy replay` also judges every decision again). Exit code 0: it "
        "holds; 1: something is invalid or missing; 3: nothing is wrong, but something is withheld or "
        "unwitnessed.",
    )
    add_trust(verify)
    contents.add_options(verify)
    add_options(verify)
    verify.add_argument(
        "--public", action="store_true", help="leave the private parts alone, even where they lie there"
    )
    verify.set_defaults(func=run_verify)
    examine = commands.add_parser(
        "examine",
        help="answer an examiner's five questions, each with its evidence",
        description="Was an entry modified, deleted, inserted late, amended, and who held which key when? "
        "The log is checked as `log verify` does; exit codes are its.",
    )
    add_trust(examine)
    add_options(examine)
    examine.set_defaults(func=run_examine)


def add_trust(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add the log, and what is to be trusted; `names` stand in the place of `--policy`."""
    parser.add_argument(
        "directory",
        metavar="LOG",
        help="its directory, or https:// address; in monthly shards that of all shards, or of one",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--vkey",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="the log's verifier key, from a source you trust (else the one that lies in LOG)",
    )
    parser.add_argument(
        *(names or ("--trust", "--policy")),
        dest="policy",
        type=Path,
        metavar="FILE",
        help="a trust file (C2SP tlog-policy): the log's keys, and the witnesses that must have cosigned",
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="FILE",
        help="the root's verifier key, which must have signed the trust file",
    )
    parser.add_argument(
        "--opening-key",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a key that opens private parts: the operator's, or a regulator's that they are encrypted for "
        "too; without one they are sealed",
    )
    parser.add_argument(
        "--allow-withheld",
        action="store_true",
        help="check the rest of bundles of which entries are withheld in an emergency; they are told, each",
    )


def check(args: argparse.Namespace, work: Work) -> tuple[LogReader, AuditReport, list[VerifierKey]]:
    """Audit one log as the options say; return it, the report, and the keys that were given."""
    keys, trust, signed = shards.trust_of(args)
    reader = open_log(
        args.directory,
        keys,
        holders=read_holders(args.opening_key),
        allow_withheld=args.allow_withheld,
    )
    report = shards.revoke(reader, audited(args, reader, work, trust), signed, keys)
    save_evidence(args.evidence, report.flaws)
    return reader, report, keys


def run_verify(args: argparse.Namespace) -> int:
    """Check a log and print what was found, worst first."""
    if find_logs(args.directory)[0][0]:
        return _told(args, chain.run_verify(args))
    reader, report, keys = check(args, Work(openings=not args.public))
    unbalanced = settle(args, report.totals)
    if args.json:
        print_json(report, unbalanced)
    else:
        print_flaws(report)
        print_differences(unbalanced)
        print_summary(report)
        print_levels(report.levels)
        if not keys:
            print(proofs.OWN_KEY, file=sys.stderr)
        print(VERDICTS[report.exit_code])
    code = exit_code(report, unbalanced)
    return contents.check_contents(args, reader, kinds=report.kinds, keys=keys, code=code)


def _told(args: argparse.Namespace, code: int) -> int:
    """Say whose keys were believed, and the verdict."""
    if not args.json:
        if not args.vkey and args.policy is None:
            print(proofs.OWN_KEY, file=sys.stderr)
        print(VERDICTS[code])
    return code


def run_examine(args: argparse.Namespace) -> int:
    """Answer the five questions."""
    if find_logs(args.directory)[0][0]:
        return _told(args, chain.run_examine(args))
    _, report, keys = check(args, Work())
    unbalanced = settle(args, report.totals)
    print_answers(questions(report), as_json=args.json)
    if not args.json:
        print_differences(unbalanced)
        if not keys:
            print(proofs.OWN_KEY, file=sys.stderr)
        print(VERDICTS[report.exit_code])
    return exit_code(report, unbalanced)
