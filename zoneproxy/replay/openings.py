"""Level 5: the private parts that lie beside a log, against the commitments in its entries.

A copy of a log without any private part is a public one, and complete as such. Otherwise each commitment is

    opened      the opening fits; a field that was erased (its value and the seed are gone, its digest stays)
                still fits, and is counted
    sealed      the opening is there, under a key that this reader does not hold
    withheld    it is gone, or the data key that it lies under is

What is gone, whole or in part, must be covered by a record: a `redaction` that names the entry, the field or
the data key, or a `retention` that names the entry's kind and a time after it. What no record covers is
withheld without a redaction record, and the first one is named. The same holds for public entries that the
log says it has deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.replay.spans import Spans
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.entry import Entry, peek
from zoneproxy.trace.months import split_origin
from zoneproxy.trace.opening import Shown, show
from zoneproxy.trace.opening_store import Access
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import WIDTH


@dataclass(slots=True)
class Openings:
    """What came of the openings of some entries.

    Attributes:
        opened: commitments that their openings fit.
        sealed: commitments whose openings lie under keys that are not here.
        withheld: commitments without an opening that anybody could open, `first_withheld` the first one's
            index.
        erased: entries of which some field was erased, `first_erased` the index of the first.
        absent: the indexes of openings that are not there.
        shredded: by data key that is gone (hex), the indexes of openings under it.
        lacking: the erased fields by index.
        unshown: the indexes of entries whose public bytes are withheld.
        uncovered: how many of these no record covers, once `report` has told.
    """

    opened: int = 0
    sealed: int = 0
    withheld: int = 0
    first_withheld: int = -1
    erased: int = 0
    first_erased: int = -1
    absent: Spans = field(default_factory=Spans)
    shredded: dict[str, Spans] = field(default_factory=dict)
    lacking: dict[int, frozenset[str]] = field(default_factory=dict)
    unshown: Spans = field(default_factory=Spans)
    uncovered: int = 0

    def open(self, reader: LogReader, index: int, commitment: str, flaws: Flaws) -> Shown | None:
        """Open an entry's commitment, where its opening is there; tell what is wrong with it."""
        try:
            found = reader.openings.find(index)
            opening = show(found.record, commitment) if found.access is Access.OPEN else None
        except VerificationError as error:
            flaws.add(
                FlawClass.INVALID,
                f"opening of entry {index}",
                error.message,
                {"commitment": commitment},
                Level.OPENINGS,
            )
            return None
        if opening is None:
            self._miss(index, found.access, found.key_id)
            return None
        self.opened += 1
        if opening.digests:
            self.first_erased = self.first_erased if self.erased else index
            self.erased += 1
            self.lacking[index] = frozenset(opening.digests)
        return opening

    def _miss(self, index: int, access: Access, key_id: str) -> None:
        if access is Access.SEALED:
            self.sealed += 1
            return
        self.first_withheld = self.first_withheld if self.withheld else index
        self.withheld += 1
        if access is Access.SHREDDED:
            self.shredded.setdefault(key_id, Spans()).append(index)
        else:
            self.absent.append(index)

    def join(self, later: Openings) -> None:
        """Take in what came of later entries."""
        if later.withheld and not self.withheld:
            self.first_withheld = later.first_withheld
        if later.erased and not self.erased:
            self.first_erased = later.first_erased
        self.opened += later.opened
        self.sealed += later.sealed
        self.withheld += later.withheld
        self.erased += later.erased
        self.unshown.extend(later.unshown)
        self.absent.extend(later.absent)
        for key_id, indexes in later.shredded.items():
            self.shredded.setdefault(key_id, Spans()).extend(indexes)
        self.lacking |= later.lacking

    def report(self, reader: LogReader, records: Iterable[Entry], flaws: Flaws) -> None:
        """Name what is gone and covered by no record.

        Args:
            reader: the log.
            records: its entries, or those of a later shard, among them every `redaction` and `retention`.
            flaws: takes what is found.
        """
        origin = reader.vkeys[0].name if reader.vkeys else ""
        ours = [one for one in records if one.kind in COVERING and one.body.get("origin") == origin]
        cover = Cover(ours)
        if self.opened or self.sealed or self.shredded or reader.private:
            self._report_private(reader, cover, flaws)
        unshown = [index for index in self.unshown if index not in cover.unshown]
        if unshown:
            flaws.add(
                FlawClass.MISSING,
                f"entry {unshown[0]}",
                f"the public bytes of {len(unshown)} entries are withheld without a redaction record"
                f"{_elsewhere(reader)}, these first",
                level=Level.ENTRIES,
            )
        if reader.minimum > cover.minimum:
            flaws.add(
                FlawClass.MISSING,
                f"entry {cover.minimum}",
                f"entries before {reader.minimum} may be gone, by the published policy and no record",
                level=Level.OPENINGS,
            )

    def _report_private(self, reader: LogReader, cover: Cover, flaws: Flaws) -> None:
        lost = [index for index in self.absent if index not in cover.entries]
        for key_id, indexes in self.shredded.items():
            if key_id not in cover.keys:
                lost += [index for index in indexes if index not in cover.entries]
        over = cover.by_time(reader, lost)
        lost = [index for index in sorted(lost) if index not in over]
        partly = [i for i, names in sorted(self.lacking.items()) if not names <= cover.fields_of(i)]
        self.uncovered = len(lost) + len(partly)
        if lost:
            flaws.add(
                FlawClass.WITHHELD,
                f"entry {lost[0]}",
                f"{len(lost)} openings are withheld without a redaction record{_elsewhere(reader)}, "
                "this one first",
                level=Level.OPENINGS,
            )
        if partly:
            flaws.add(
                FlawClass.WITHHELD,
                f"entry {partly[0]}",
                f"{len(partly)} openings lack fields without a redaction record{_elsewhere(reader)}, "
                "this one first",
                level=Level.OPENINGS,
            )


def _elsewhere(reader: LogReader) -> str:
    """Say of a shard that later ones may hold the record, where they were not looked at too."""
    origin = reader.vkeys[0].name if reader.vkeys else ""
    return " in the shards that were looked at" if split_origin(origin) else ""


COVERING = frozenset({"redaction", "retention"})
"""Kinds of records that say what may be gone."""


class Cover:
    """What the records of a log say may be gone.

    Attributes:
        entries: indexes whose openings were erased whole.
        unshown: indexes of entries whose public bytes were withheld.
        keys: data keys (hex) that were destroyed.
        minimum: the largest minimum index that a record allows.
    """

    def __init__(self, records: Sequence[Entry]) -> None:
        redactions = [one.body for one in records if one.kind == "redaction"]
        self.unshown = {i for body in redactions if body["what"] == "entry" for i in body["entries"]}
        whole = [body for body in redactions if body["what"] in {"record", "entry"}]
        self.entries = {i for body in whole for i in body["entries"]}
        self.keys = {key["id"] for body in redactions for key in body["keys"]}
        self._fields: dict[int, set[str]] = {}
        for body in redactions:
            for index in body["entries"] if body["what"] == "field" else ():
                self._fields.setdefault(index, set()).update(body["fields"])
        self._retentions = [one.body for one in records if one.kind == "retention"]
        self.minimum = max((body["minimum"] or 0 for body in self._retentions), default=0)
        self._timed: frozenset[int] | None = None

    def fields_of(self, index: int) -> frozenset[str]:
        """Return the fields of an entry that were erased on the record."""
        return frozenset(self._fields.get(index, ()))

    def by_time(self, reader: LogReader, indexes: Sequence[int]) -> frozenset[int]:
        """Return which of these entries' openings were over when they were deleted; read once."""
        if self._timed is None:
            found = frozenset[int]()
            if self._retentions:
                read = _entries(reader, indexes)
                found = frozenset(index for index, entry in read if self._is_over(index, entry))
            self._timed = found
        return self._timed

    def _is_over(self, index: int, entry: Entry) -> bool:
        return any(
            index < body["end"] and entry.kind in body["kinds"] and entry.header.ts < body["before"]
            for body in self._retentions
        )


def _entries(reader: LogReader, indexes: Sequence[int]) -> Iterator[tuple[int, Entry]]:
    """Read entries again by their indexes, a bundle at a time."""
    size = reader.checkpoint().size
    bundle, entries = -1, None
    for index in sorted(indexes):
        if index // WIDTH != bundle:
            bundle = index // WIDTH
            entries = reader.bundle(bundle, size)
        if entries is not None and entries[index % WIDTH]:
            yield index, peek(entries[index % WIDTH])
