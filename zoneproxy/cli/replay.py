"""`zoneproxy replay`: check a log, and walk every decision again.

With `--policy` it also says what another policy would have decided. Exit codes: 0 everything agrees; 1 the
log does not hold, or a decision differs; 2 usage, or no log; 3 nothing differs, but something is withheld
or unwitnessed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from zoneproxy.adapters.reading.logfolder import find_logs
from zoneproxy.cli.log import chain as log_chain
from zoneproxy.cli.log import proofs as log_proofs
from zoneproxy.cli.log.audit_options import add_options, settle
from zoneproxy.cli.log.report import flaw_json, print_differences, print_levels
from zoneproxy.cli.log.verify import add_trust, check
from zoneproxy.cli.named_files import read_named
from zoneproxy.replay.desk import Work
from zoneproxy.replay.flaws import EXIT_INCOMPLETE, EXIT_INVALID, EXIT_VALID, Flaw, FlawClass, Level
from zoneproxy.replay.report import AuditReport, LevelReport
from zoneproxy.replay.rewalk import Step, Walk
from zoneproxy.replay.turns import Comparison, Turn

_MOST_SHOWN = 50
_MOST_INDEXES = 20
_MAX_POLICY_BYTES = 16 * 1024 * 1024


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `replay`; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "replay",
        help="check a log and walk every decision again",
        description="Check a log as `log verify` does, and judge every decision again from its recorded "
        "facts under the archived policy of its day. Exit code 0: all agree; 1: something does not hold or "
        "differs; 3: something is withheld, so that it can't be told.",
    )
    add_trust(parser, "--trust")
    parser.add_argument(
        "--policy",
        action="append",
        dest="others",
        type=Path,
        default=[],
        metavar="FILE",
        help="what would this policy have decided? it stands in the place of the archived one of its layer; "
        "give one file for each layer",
    )
    add_options(parser)
    parser.set_defaults(func=run_replay)


def run_replay(args: argparse.Namespace) -> int:
    """Walk a log again and print what differs, then the count."""
    work = Work(
        walk=True, others=tuple((str(path), read_named(path, _MAX_POLICY_BYTES)) for path in args.others)
    )
    if find_logs(args.directory)[0][0]:
        return _every_shard(args, work)
    _, report, keys = check(args, work)
    broken = next((flaw for flaw in report.flaws if _forbids(flaw)), None)
    if broken is not None:
        return _broken(args, broken)
    unbalanced = settle(args, report.totals)
    code = EXIT_INVALID if unbalanced else report.exit_code
    if args.json:
        _print_found(report, {})
        _print_end(report.levels, unbalanced, _summary(report.walks, [report.comparison]), code)
    else:
        for flaw in report.flaws:
            print(f"{flaw.kind.value}: {flaw.where}: {flaw.message}")
        _print_steps(report)
        print_differences(unbalanced)
        if report.comparison is not None:
            _print_comparison(report.comparison)
        _print_verdict(report.levels, report.walks, code)
        if not keys:
            print(log_proofs.OWN_KEY, file=sys.stderr)
    return code


def _every_shard(args: argparse.Namespace, work: Work) -> int:
    """Walk every shard of a log again, and tell it as of one log."""
    chain = log_chain.audit_chain(args, work)
    code = chain.exit_code
    broken = next((flaw for _, flaw in chain.flaws() if _forbids(flaw)), None)
    if broken is not None:
        return _broken(args, broken)
    reports = [shard.report for shard in chain.report.shards]
    walks = sum((Counter(report.walks) for report in reports), Counter[Walk]())
    if args.json:
        for shard in chain.report.shards:
            _print_found(shard.report, {"shard": shard.name})
        _print_end(
            chain.levels(), chain.unbalanced, _summary(walks, [one.comparison for one in reports]), code
        )
        return code
    for name, flaw in chain.flaws():
        print(f"{f'{name}: ' if name else ''}{flaw.kind.value}: {flaw.where}: {flaw.message}")
    for shard in chain.report.shards:
        if shard.report.steps or shard.report.comparison is not None:
            print(f"shard {shard.name}")
        _print_steps(shard.report)
        if shard.report.comparison is not None:
            _print_comparison(shard.report.comparison)
    print_differences(chain.unbalanced)
    _print_verdict(chain.levels(), walks, code)
    if not chain.keys:
        print(log_proofs.OWN_KEY, file=sys.stderr)
    return code


def _forbids(flaw: Flaw) -> bool:
    """Tell whether nothing is walked because of a flaw; one of the decisions themselves is the walk's own."""
    return flaw.kind in {FlawClass.INVALID, FlawClass.MISSING} and flaw.level is not Level.DECISIONS


def _broken(args: argparse.Namespace, worst: Flaw) -> int:
    """Say why nothing of a log is walked that does not hold."""
    if args.json:
        print(json.dumps(flaw_json(worst), sort_keys=True))
    print(
        f"the log does not hold, so nothing in it is walked again: {worst.where}: {worst.message}",
        file=sys.stderr,
    )
    print("hint: run `zoneproxy log verify` to see every flaw", file=sys.stderr)
    return EXIT_INVALID


def _print_found(report: AuditReport, more: dict[str, object]) -> None:
    for flaw in report.flaws:
        print(json.dumps(more | flaw_json(flaw), sort_keys=True))
    for step in report.steps:
        print(json.dumps(more | _as_json(step), sort_keys=True))
    for turn in report.comparison.turns if report.comparison else ():
        print(json.dumps(more | _turn_json(turn), sort_keys=True))


def _print_end(
    levels: Sequence[LevelReport],
    unbalanced: Sequence[dict[str, object]],
    summary: Mapping[str, object],
    code: int,
) -> None:
    for level in levels:
        line = {"level": level.level.value, "name": level.name, "result": level.result, "flaws": level.flaws}
        print(json.dumps(line | {"checked": dict(level.checked)}, sort_keys=True))
    for difference in unbalanced:
        print(json.dumps({"difference": difference}, sort_keys=True))
    print(json.dumps({**summary, "exit_code": code}, sort_keys=True))


def _summary(walks: Mapping[Walk, int], comparisons: Sequence[Comparison | None]) -> dict[str, object]:
    summary: dict[str, object] = {walk.value: walks.get(walk, 0) for walk in Walk}
    made = [one for one in comparisons if one is not None]
    if made:
        summary["whatif"] = {
            "judged": sum(one.judged for one in made),
            "withheld": sum(one.withheld for one in made),
            "faults": sum(one.faults for one in made),
            "newly_allowed": sum(_count(one, "newly_allowed") for one in made),
            "newly_denied": sum(_count(one, "newly_denied") for one in made),
        }
    return summary


def _as_json(step: Step) -> dict[str, object]:
    return {
        "index": step.index,
        "kind": step.kind,
        "flow": step.flow,
        "walk": step.walk.value,
        "recorded": step.recorded,
        "derived": step.derived,
        "why": step.why,
    }


def _turn_json(turn: Turn) -> dict[str, object]:
    return {
        "turn": turn.kind,
        "old": turn.old,
        "new": turn.new,
        "phase": turn.phase.value,
        "indexes": list(turn.indexes),
    }


def _count(comparison: Comparison, kind: str) -> int:
    return sum(len(turn.indexes) for turn in comparison.turns if turn.kind == kind)


def _print_steps(report: AuditReport) -> None:
    told = [step for step in report.steps if step.walk in {Walk.DIFFERS, Walk.WITHHELD}]
    told.sort(key=lambda step: step.walk is not Walk.DIFFERS)
    for step in told[:_MOST_SHOWN]:
        print(f"{step.walk.value}: entry {step.index} ({step.kind}, flow {step.flow}): {step.why}")
        print(f"    recorded: {step.recorded}")
        print(f"    derived:  {step.derived or 'nothing'}")
    rest = report.walks.get(Walk.DIFFERS, 0) + report.walks.get(Walk.WITHHELD, 0) - len(told[:_MOST_SHOWN])
    if rest > 0:
        print(f"and {rest} more")


def _print_verdict(levels: Sequence[LevelReport], walks: Mapping[Walk, int], code: int) -> None:
    print_levels(levels)
    parts = [f"{walks[walk]} {words}" for walk, words in _WORDS.items() if walks.get(walk)]
    total = sum(walks.values())
    print(f"walked {total} decisions and returns again: {', '.join(parts) or 'none'}")
    print(_VERDICTS[code])


def _print_comparison(comparison: Comparison) -> None:
    """Print what another policy would have decided: newly allowed first."""
    for turn in comparison.turns:
        indexes = ", ".join(map(str, turn.indexes[:_MOST_INDEXES]))
        more = ", ..." if len(turn.indexes) > _MOST_INDEXES else ""
        words = turn.kind.replace("_", " ")
        print(
            f"{words}: {len(turn.indexes)} at {turn.phase.value}, {turn.old} then, {turn.new} now "
            f"(entries {indexes}{more})"
        )
    allowed, denied = _count(comparison, "newly_allowed"), _count(comparison, "newly_denied")
    untold = f"; {comparison.withheld} can't be told, a private part is withheld" * bool(comparison.withheld)
    print(
        f"under the other policy: {allowed} newly allowed, {denied} newly denied, "
        f"of {comparison.judged} judged{untold}"
    )


_VERDICTS = {
    EXIT_VALID: "every decision was derived again",
    EXIT_INVALID: "not every decision can be derived again",
    EXIT_INCOMPLETE: "nothing differs in what can be seen",
}
_WORDS = {
    Walk.AGREES: "agree",
    Walk.DIFFERS: "differ",
    Walk.WITHHELD: "can't be told: a private part is withheld, or another engine decided",
    Walk.FAULT: "are denials or ends that the law's rooms did not decide (faults, broken connections)",
}
