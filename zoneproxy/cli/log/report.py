"""How an audit is told: what was checked, level by level, and what is wrong, worst first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zoneproxy.replay.flaws import Flaw
from zoneproxy.replay.questions import Answer
from zoneproxy.replay.report import NOTHING, UNCHECKED, AuditReport, LevelReport
from zoneproxy.terms.moments import moment

VERDICTS = {0: "the log holds", 1: "the log does not hold", 3: "the log holds as far as it can be seen"}
_MOST_LISTED = 20


def print_json(report: AuditReport, unbalanced: Sequence[dict[str, object]] = ()) -> None:
    """Print one object a line: flaws, levels, differences of totals, then the summary."""
    for flaw in report.flaws:
        print(json.dumps(flaw_json(flaw), sort_keys=True))
    for level in report.levels:
        line = {"level": level.level.value, "name": level.name, "result": level.result, "flaws": level.flaws}
        print(json.dumps(line | {"checked": dict(level.checked)}, sort_keys=True))
    for difference in unbalanced:
        print(json.dumps({"difference": difference}, sort_keys=True))
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
        "erased": report.openings.erased,
        "sealed": report.openings.sealed,
        "uncovered": report.openings.uncovered,
        "unsigned": report.unsigned,
        "turned_away": turned_json(report),
        "signed_by": list(report.signed_by),
        "cosigned_by": list(report.cosigned_by),
        "same_history": list(report.older),
        "epochs": report.brackets.epochs,
        "epochs_proven": report.brackets.proven,
        "bracketed": report.brackets.bracketed,
        "widest_bracket_s": report.brackets.widest_s,
        "exit_code": exit_code(report, unbalanced),
    }
    print(json.dumps(summary, sort_keys=True))


def flaw_json(flaw: Flaw) -> dict[str, object]:
    """Write a flaw as JSON values."""
    return {
        "class": flaw.kind.value,
        "level": flaw.level.value,
        "where": flaw.where,
        "message": flaw.message,
        "proof": dict(flaw.proof),
    }


def turned_json(report: AuditReport) -> list[dict[str, object]]:
    """Write what was refused without a record each as JSON values."""
    return [
        {
            "code": code, "door": door, "whose": whose, "count": one.count, "from": one.first_ms,
            "to": one.last_ms, "reasons": dict(sorted(one.reasons.items())),
        }
        for (code, door, whose), one in sorted(report.turned.sums.items())
    ]  # fmt: skip


def _turned_lines(report: AuditReport) -> Iterator[str]:
    """Say what was refused without a record each, the most first, a line each."""
    sums = sorted(report.turned.sums.items(), key=lambda one: (-one[1].count, one[0]))
    for (code, door, whose), one in sums[:_MOST_LISTED]:
        where = (f" at {door}" if door else "") + (f" of {whose}" if whose else "")
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(one.reasons.items())[:_MOST_LISTED])
        times = f"{moment(one.first_ms, exact=True)} to {moment(one.last_ms, exact=True)}"
        yield f"without a record each: {one.count} {code}{where}, {times}{f' ({why})' if why else ''}"
    if len(sums) > _MOST_LISTED:
        yield f"without a record each: {len(sums) - _MOST_LISTED} more sums"


def exit_code(report: AuditReport, unbalanced: Sequence[object]) -> int:
    """Return the exit code of a report whose totals were compared."""
    return 1 if unbalanced else report.exit_code


def print_flaws(report: AuditReport) -> None:
    """Print what is wrong, worst first, with its proof; signed notes are left to `--evidence`."""
    for flaw in report.flaws:
        print(f"{flaw.kind.value}: {flaw.where}: {flaw.message}")
        for name, value in flaw.proof.items():
            if "\n" not in value:
                print(f"    {name}: {value}")
    if report.more:
        print(f"and {report.more} more")


def print_summary(report: AuditReport) -> None:
    """Print what the log holds, and what was checked."""
    if report.origin:
        print(f"log {report.origin}: {report.size} entries, root {report.root}")
        for line in contents(report):
            print(line)


def contents(report: AuditReport) -> list[str]:
    """Say what a log holds, and what was checked, a line each."""
    lines: list[str] = []
    if report.kinds:
        lines.append("entries: " + ", ".join(f"{count} {kind}" for kind, count in report.kinds.items()))
        lines.append(f"time: {moment(report.first_ts, exact=True)} to {moment(report.last_ts, exact=True)}")
    parts = report.openings
    if parts.opened or parts.withheld or parts.sealed:
        sealed = f", {parts.sealed} sealed for other keys" if parts.sealed else ""
        erased = f", {parts.erased} lack fields" if parts.erased else ""
        lines.append(
            f"private parts: {parts.opened} opened and fitting{sealed}, {parts.withheld} not here{erased}"
        )
        if parts.opened + parts.sealed and parts.withheld + parts.erased and not parts.uncovered:
            lines.append("    whatever is not here was taken away on the record")
    lines += _turned_lines(report)
    if report.under_way:
        indexes = list(report.under_way)
        places = ", ".join(map(str, indexes[:_MOST_LISTED]))
        more = ", ..." if len(indexes) > _MOST_LISTED else ""
        lines.append(f"under way: {len(indexes)} exchanges without an end (entries {places}{more})")
    if report.older:
        sizes = ", ".join(f"{size} entries" for size in report.older)
        lines.append(f"of one history with checkpoints of: {sizes}")
    if report.brackets.epochs:
        made = report.brackets
        proven = f"{made.proven} of {made.epochs} epochs proven" if made.proven else "as the log claims"
        lines.append(
            f"witnesses' time: {made.bracketed} entries lie between cosignatures "
            f"at most {made.widest_s} s apart ({proven})"
        )
    if report.unsigned:
        what = "not witnessed yet" if report.brackets.epochs else "not signed yet"
        lines.append(f"{what}: {report.unsigned} entries after the checkpoint")
    return lines


def print_levels(levels: Sequence[LevelReport]) -> None:
    """Print a line for each level: what it is, what came of it, what was counted."""
    for level in levels:
        counted = ", ".join(f"{count} {name}" for name, count in level.checked.items())
        told = level.result if level.result in {UNCHECKED, NOTHING} else f"{level.result}: {counted}"
        print(f"{level.level.value} {level.name:<14} {told}")


def print_differences(unbalanced: Sequence[dict[str, object]]) -> None:
    """Print where totals differ from the table that they were compared with."""
    for one in unbalanced:
        own = "nothing" if one["log"] is None else one["log"]
        other = "nothing" if one["other"] is None else one["other"]
        print(f"differs: {one['day']}, tenant {one['tenant']}: {one['column']}: log {own}, table {other}")


def print_answers(answers: Sequence[Answer], *, as_json: bool) -> None:
    """Print the answers to the examiner's questions, each with its evidence."""
    for answer in answers:
        if as_json:
            line: dict[str, object] = {
                "question": answer.question,
                "text": answer.text,
                "answer": answer.verdict,
                "evidence": list(answer.evidence),
            }
            print(json.dumps(line, sort_keys=True))
            continue
        print(f"{answer.text} {_SAID[answer.verdict]}")
        for ground in answer.evidence:
            print(f"    {ground}")


_SAID = {"no": "no", "yes": "yes", "unknown": "it can't be told", "shown": ""}
