"""What an audit found: flaws, worst first, each naming its place, and the counts beside them."""

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


_ORDER = list(FlawClass)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that does not hold.

    Attributes:
        kind: its class.
        where: the entry, file or byte: `entry 17`, `tile/0/000.p/5, byte 64`.
        message: what does not hold.
        proof: what a third party can check: names to values.
    """

    kind: FlawClass
    where: str
    message: str
    proof: Mapping[str, str] = field(default_factory=dict)


class Flaws:
    """Collects flaws; memory stays bounded however broken the log is."""

    def __init__(self) -> None:
        self.found: list[Flaw] = []
        self.more = 0

    def add(self, kind: FlawClass, where: str, message: str, proof: Mapping[str, str] | None = None) -> None:
        """Take in one flaw."""
        if len(self.found) < MAX_FLAWS:
            self.found.append(Flaw(kind, where, message, dict(proof or {})))
        else:
            self.more += 1

    def worst_first(self) -> tuple[Flaw, ...]:
        """Return the flaws by class, in the order of finding within one."""
        return tuple(sorted(self.found, key=lambda flaw: _ORDER.index(flaw.kind)))


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The outcome of an audit.

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

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid or missing, 3 incomplete: something is withheld or unwitnessed."""
        return exit_code(self.flaws)


def exit_code(flaws: Sequence[Flaw]) -> int:
    """Return the exit code that these flaws make."""
    kinds = {flaw.kind for flaw in flaws}
    if kinds & {FlawClass.INVALID, FlawClass.MISSING}:
        return EXIT_INVALID
    return EXIT_INCOMPLETE if kinds else EXIT_VALID
