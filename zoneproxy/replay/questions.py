"""The five questions of an examiner, answered from an audit, each with its evidence.

Was an entry modified, deleted, inserted late, amended, and who held which key when? An answer is `no`, `yes`,
or `unknown` where the log does not hold far enough to tell. A `no` names what it rests on, and what would
make it stronger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from zoneproxy.replay.flaws import Flaw, FlawClass, Level
from zoneproxy.replay.keylives import KeyLife, key_lives
from zoneproxy.replay.report import AuditReport
from zoneproxy.terms.moments import moment

Verdict = Literal["no", "yes", "unknown", "shown"]
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        question: `modified`, `deleted`, `inserted`, `amended` or `keys`.
        text: the question, for people.
        verdict: `no`, `yes`, `unknown`; of keys, `shown`.
        evidence: what it rests on, a line each.
    """

    question: str
    text: str
    verdict: Verdict
    evidence: tuple[str, ...]


def questions(report: AuditReport) -> tuple[Answer, ...]:
    """Answer all five from the report of an audit."""
    return (
        _answer(report, "modified", "was an entry modified?", _is_modified, _unmodified(report)),
        _answer(report, "deleted", "was an entry deleted?", _is_deleted, _undeleted(report)),
        _answer(report, "inserted", "was an entry inserted late?", _is_inserted, _uninserted(report)),
        _amended(report),
        _keys(report),
    )


def _answer(
    report: AuditReport,
    question: str,
    text: str,
    belongs: Callable[[Flaw], bool],
    grounds: Sequence[str],
) -> Answer:
    found = [flaw for flaw in report.flaws if belongs(flaw)]
    if found:
        return Answer(question, text, "yes", _shown([_line(flaw) for flaw in found]))
    broken = next(
        (flaw for flaw in report.flaws if flaw.level is Level.SIGNATURES and _is_invalid(flaw)), None
    )
    if not report.origin or broken is not None:
        reason = broken or (report.flaws[0] if report.flaws else None)
        why = "no checkpoint verifies" if reason is None else _line(reason)
        return Answer(question, text, "unknown", (why,))
    if report.more:
        return Answer(question, text, "unknown", (f"{report.more} more flaws are not listed",))
    return Answer(question, text, "no", tuple(grounds))


def _is_modified(flaw: Flaw) -> bool:
    return _is_invalid(flaw) and flaw.level in {Level.TREE, Level.ENTRIES, Level.OPENINGS}


def _is_deleted(flaw: Flaw) -> bool:
    return flaw.kind is FlawClass.MISSING or ("is broken: count" in flaw.message and _jump(flaw) > 0)


def _is_inserted(flaw: Flaw) -> bool:
    if flaw.level is not Level.SEQUENCES or not _is_invalid(flaw):
        return False
    return "time goes back" in flaw.message or ("is broken: count" in flaw.message and _jump(flaw) <= 0)


def _jump(flaw: Flaw) -> int:
    """By how much a worker's count is ahead of what is due: entries lack; behind, they are there twice."""
    count, _, due = flaw.message.rpartition(": count ")[2].partition(", not ")
    return int(count) - int(due) if count.isdigit() and due.isdigit() else 1


def _is_invalid(flaw: Flaw) -> bool:
    return flaw.kind is FlawClass.INVALID


def _unmodified(report: AuditReport) -> list[str]:
    return [
        f"the {report.size} entries make the root {report.root}, which {_and(report.signed_by)} signed",
        *(_cosigned(report)),
    ]


def _undeleted(report: AuditReport) -> list[str]:
    workers = next((level.checked.get("workers", 0) for level in report.levels if level.level == "L3"), 0)
    return [
        f"all {report.size} entries that were signed are there, in files without a gap",
        f"the counts and hash chains of {workers} workers go from one entry to the next without a gap",
        f"{len(report.under_way)} admitted exchanges have no end yet",
        *_older(report, "nothing was signed that is not here, as far as those tell"),
    ]


def _uninserted(report: AuditReport) -> list[str]:
    return [
        f"time never goes back, from {_at(report.first_ts)} to {_at(report.last_ts)}",
        "each worker's entry holds the hash of its entry before, so nothing fits between",
        *_older(report, "what was put in since stands behind them"),
        *_cosigned(report),
    ]


def _older(report: AuditReport, words: str) -> list[str]:
    if not report.older:
        return ["no other checkpoint was compared: give those that you kept with `--also`"]
    sizes = ", ".join(map(str, report.older))
    return [f"checkpoints of {sizes} entries, from elsewhere, are of the same history: {words}"]


def _cosigned(report: AuditReport) -> list[str]:
    if not report.cosigned_by:
        return ["no witness was asked for: a trust file that names witnesses makes this stronger"]
    return [f"{_and(report.cosigned_by)} cosigned that root: nobody was shown another"]


def _amended(report: AuditReport) -> Answer:
    text = "was an entry amended?"
    lines: list[str] = []
    for index, entry in report.rare:
        at = _at(entry.header.ts)
        body = entry.body
        if entry.kind == "redaction":
            what = ", ".join(f"{name} {_brief(value)}" for name, value in sorted(body.items()) if value)
            lines.append(f"entry {index} ({at}) takes private parts away: {what}")
        elif entry.kind == "abort":
            lines.append(
                f"entry {index} ({at}) ends entry {body['dec']} without a return: cause {body['cause']}"
            )
    if report.openings.erased:
        first = report.openings.first_erased
        lines.append(f"private fields of {report.openings.erased} entries are erased, of entry {first} first")
    if not report.origin:
        return Answer("amended", text, "unknown", ("no checkpoint verifies",))
    if lines:
        return Answer("amended", text, "yes", _shown(lines))
    return Answer("amended", text, "no", ("no entry redacts, erases or aborts what an earlier entry says",))


def _keys(report: AuditReport) -> Answer:
    text = "who held which key when?"
    lines = tell_lives(key_lives((report.origin, index, entry) for index, entry in report.rare))
    lines += [f"{name} signed the checkpoint of {report.size} entries" for name in report.signed_by]
    lines += [f"witness {name} cosigned it" for name in report.cosigned_by]
    return Answer("keys", text, "shown" if lines else "unknown", tuple(lines) or ("no checkpoint verifies",))


def tell_lives(lives: Sequence[KeyLife]) -> list[str]:
    """Tell each key's life, a line each; steps in another shard than its own are told with it."""
    lines: list[str] = []
    for life in lives:
        steps = [
            f"{step.what} from entry {step.index}{'' if at_home else f' of {step.origin}'} ({_at(step.ts)})"
            for step in life.steps
            for at_home in [life.role != "log" or life.vkey.startswith(f"{step.origin}+")]
        ]
        lines.append(f"{life.role} key {life.name} ({life.kind}): {', '.join(steps)}")
    return lines


def _line(flaw: Flaw) -> str:
    proof = "".join(f"; {name} {value}" for name, value in flaw.proof.items() if "\n" not in value)
    return f"{flaw.where}: {flaw.message}{proof}"


def _shown(lines: Sequence[str]) -> tuple[str, ...]:
    rest = len(lines) - MOST_SHOWN
    return (*lines[:MOST_SHOWN], *([f"and {rest} more"] if rest > 0 else []))


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."  # noqa: PLR2004 - a line that can be read


def _and(names: Sequence[str]) -> str:
    return " and ".join(names) or "nobody"


def _at(ms: int) -> str:
    return moment(ms, exact=True)
