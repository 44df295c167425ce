"""What an audit found: flaws, worst first, each naming its place, and the counts beside them.

The work is done in levels, each believed only as far as those before it hold:

    L0 signatures     the log's own signatures, and the witnesses' that a trust file asks for
    L1 tree           every entry, tile and partial file, to the root that was signed
    L2 entries        canonical bytes and closed schema
    L3 sequences      each worker's chain, time, one end for each admitted exchange, keys
    L4 decisions      judged again under the archived policies (`zoneproxy replay`)
    L5 private parts  openings against the commitments
    L6 conservation   the same route, nothing beyond a denial, tokens by tenant and day
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

EXIT_VALID, EXIT_INVALID, EXIT_INCOMPLETE = 0, 1, 3
MAX_FLAWS = 1000
"""So many flaws are kept; more are counted."""


class FlawClass(StrEnum):
    """How bad a flaw is, worst first."""

    INVALID = "invalid"
    MISSING = "missing"
    WITHHELD = "withheld"
    UNWITNESSED = "unwitnessed"
    UNASSURED = "unassured"


_ORDER = list(FlawClass)


class Level(StrEnum):
    """What is checked, in the order in which it can be believed."""

    SIGNATURES = "L0"
    TREE = "L1"
    ENTRIES = "L2"
    SEQUENCES = "L3"
    DECISIONS = "L4"
    OPENINGS = "L5"
    CONSERVATION = "L6"


LEVEL_NAMES: Mapping[Level, str] = {
    Level.SIGNATURES: "signatures",
    Level.TREE: "tree",
    Level.ENTRIES: "entries",
    Level.SEQUENCES: "sequences",
    Level.DECISIONS: "decisions",
    Level.OPENINGS: "private parts",
    Level.CONSERVATION: "conservation",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that does not hold.

    Attributes:
        kind: its class.
        where: the entry, file or byte: `entry 17`, `tile/0/000.p/5, byte 64`.
        message: what does not hold.
        proof: what a third party can check: names to values.
        level: the level that it breaks.
    """

    kind: FlawClass
    where: str
    message: str
    proof: Mapping[str, str] = field(default_factory=dict)
    level: Level = Level.TREE


class Flaws:
    """Collects flaws; memory stays bounded however broken the log is."""

    def __init__(self) -> None:
        self.found: list[Flaw] = []
        self.more = 0
        self._mildest = 0

    def add(
        self,
        kind: FlawClass,
        where: str,
        message: str,
        proof: Mapping[str, str] | None = None,
        level: Level = Level.TREE,
    ) -> None:
        """Take in one flaw."""
        self.take(Flaw(kind, where, message, dict(proof or {}), level))

    def take(self, flaw: Flaw) -> None:
        """Take in a flaw that was found elsewhere; of too many, the worst are kept."""
        if len(self.found) < MAX_FLAWS:
            self.found.append(flaw)
            self._mildest = max(self._mildest, _rank(flaw))
            return
        self.more += 1
        if _rank(flaw) < self._mildest:
            mildest = max(range(MAX_FLAWS), key=lambda place: (_rank(self.found[place]), place))
            del self.found[mildest]
            self.found.append(flaw)
            self._mildest = max(map(_rank, self.found))

    def join(self, other: Flaws) -> None:
        """Take in the flaws of a later part of the log."""
        for flaw in other.found:
            self.take(flaw)
        self.more += other.more

    def worst_first(self) -> tuple[Flaw, ...]:
        """Return the flaws by class, in the order of finding within one."""
        return tuple(sorted(self.found, key=_rank))


def _rank(flaw: Flaw) -> int:
    return _ORDER.index(flaw.kind)


def exit_code(flaws: Sequence[Flaw]) -> int:
    """Return the exit code that these flaws make."""
    kinds = {flaw.kind for flaw in flaws}
    if kinds & {FlawClass.INVALID, FlawClass.MISSING}:
        return EXIT_INVALID
    return EXIT_INCOMPLETE if kinds else EXIT_VALID
