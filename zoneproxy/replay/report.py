"""The outcome of an audit or a replay: what was checked, level by level, and what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zoneproxy.replay.epochs import Brackets
from zoneproxy.replay.flaws import (
    EXIT_INCOMPLETE,
    EXIT_INVALID,
    LEVEL_NAMES,
    Flaw,
    FlawClass,
    Flaws,
    Level,
    exit_code,
)
from zoneproxy.replay.openings import Openings
from zoneproxy.replay.rewalk import Step, Walk
from zoneproxy.replay.totals import Totals
from zoneproxy.replay.turnedaway import TurnedAway
from zoneproxy.replay.turns import Comparison
from zoneproxy.trace.entry import Entry

MOST_RARE = 10_000
"""So many entries about keys and amendments are kept, at most."""
HOLDS, UNCHECKED, NOTHING = "holds", "not checked", "nothing there"


@dataclass(frozen=True, slots=True)
class LevelReport:
    """What came of one level.

    Attributes:
        level: which.
        result: `holds`, `not checked`, `nothing there`, or the class of its worst flaw.
        checked: what was checked, counted: words to numbers.
        flaws: how many flaws it has among those that are kept.
    """

    level: Level
    result: str
    checked: Mapping[str, int]
    flaws: int = 0

    @property
    def name(self) -> str:
        """The level's name, for people."""
        return LEVEL_NAMES[self.level]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The outcome of an audit, or of a replay, which begins with one.

    Attributes:
        origin: the log's origin; empty where not even the checkpoint could be read.
        size: entries that the checkpoint covers.
        root: its root hash, hex.
        flaws: what does not hold, worst first; `more` counts those beyond the first thousand.
        kinds: how many entries there are of each kind.
        first_ts, last_ts: times of the first and last entry, milliseconds since 1970 UTC.
        under_way: index of each allowed decision without an end, to its flow.
        opened: commitments that their openings were checked against.
        withheld: commitments without an opening.
        unsigned: entries after the checkpoint whose files lie there already.
        levels: what was checked, and what came of it.
        openings: level 5.
        totals: level 6: what went through, by day and tenant.
        turned: refusals without a record of their own, as the log counts them.
        rare: entries about keys, shards and amendments, with their indexes; so many at most.
        covering: all records that something was erased, or deleted, in this log or another one.
        walks: how many decisions and returns were walked again, by what came of it.
        steps: those that do not agree, in order; `more_steps` counts those beyond the first thousand.
        comparison: what another policy would have decided, where that was asked.
        signed_by: names and ids of the keys whose signatures of the checkpoint were checked.
        cosigned_by: the trust file's names of the witnesses that cosigned it.
        older: sizes of older checkpoints that were proven to be the log's beginning.
        brackets: between which times each entry was written, by the witnesses.
    """

    origin: str
    size: int
    root: str
    flaws: tuple[Flaw, ...]
    more: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    first_ts: int = 0
    last_ts: int = 0
    under_way: Mapping[int, str] = field(default_factory=dict)
    opened: int = 0
    withheld: int = 0
    unsigned: int = 0
    levels: tuple[LevelReport, ...] = ()
    openings: Openings = field(default_factory=Openings)
    totals: Totals = field(default_factory=Totals)
    turned: TurnedAway = field(default_factory=TurnedAway)
    rare: Sequence[tuple[int, Entry]] = ()
    covering: Sequence[Entry] = ()
    walks: Mapping[Walk, int] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    more_steps: int = 0
    comparison: Comparison | None = None
    signed_by: tuple[str, ...] = ()
    cosigned_by: tuple[str, ...] = ()
    older: tuple[int, ...] = ()
    brackets: Brackets = field(default_factory=Brackets)

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, missing or derived otherwise, 3 incomplete: withheld or unwitnessed."""
        if self.walks.get(Walk.DIFFERS):
            return EXIT_INVALID
        code = exit_code(self.flaws)
        return EXIT_INCOMPLETE if not code and self.walks.get(Walk.WITHHELD) else code


def with_flaws(report: AuditReport, found: Sequence[Flaw]) -> AuditReport:
    """Return a report with more flaws, found after it was made."""
    if not found:
        return report
    flaws = Flaws()
    for flaw in (*report.flaws, *found):
        flaws.take(flaw)
    touched = {flaw.level for flaw in found}
    levels = [
        level_result(one.level, flaws.found, one.checked) if one.level in touched else one
        for one in report.levels
    ]
    return dataclasses.replace(
        report, flaws=flaws.worst_first(), more=report.more + flaws.more, levels=tuple(levels)
    )


def level_result(level: Level, flaws: Sequence[Flaw], checked: Mapping[str, int]) -> LevelReport:
    """Say what came of a level from its flaws."""
    own = [flaw.kind for flaw in flaws if flaw.level is level]
    worst = next((kind for kind in FlawClass if kind in own), None)
    return LevelReport(level, HOLDS if worst is None else worst.value, checked, len(own))
