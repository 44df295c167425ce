"""The work on a part of a log: bundles in, what was found out.

A log is worked through in parts of some bundles each, one after another in one process, or by several at
once. A part is worked on without knowing what came before it, where that is not given;
`zoneproxy.replay.audit` joins parts. Everything that a part holds is plain data, small and bounded by the
part's length, so it can come from another process.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.bundle_file import load_any
from zoneproxy.replay.activations import Runs
from zoneproxy.replay.bundles import cut_whole, read_bundle
from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.replay.openings import Openings
from zoneproxy.replay.records import archived_policy
from zoneproxy.replay.rewalk import Recorded, Rewalk, Step, Walk
from zoneproxy.replay.sequences import Admitted, Sequences
from zoneproxy.replay.totals import Totals, breach
from zoneproxy.replay.treefiles import check_older_bundles, check_tile
from zoneproxy.replay.turnedaway import TurnedAway
from zoneproxy.replay.whatif import WhatIf
from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.frontier import TileFile
from zoneproxy.trace.glance import Glance, Seen
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.opening import Shown
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile, tile_root, width_at

PART_BUNDLES = 16
MOST_STEPS = 1000
"""So many walks that did not agree are kept; more are counted."""
_ASSURED = b'"production"'
_KEPT = frozenset({"log_open", "log_close", "log_sealed", "key", "redaction", "retention", "abort", "epoch"})


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done.

    Attributes:
        openings: check the private parts.
        walk: judge every decision again.
        others: files of policies (name and bytes) of which is asked what they would have decided.
    """

    openings: bool = True
    walk: bool = False
    others: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One part.

    Attributes:
        origin, size: the checkpoint's.
        first, end: bundles, `end` not included.
        bad: indexes of entries that are known to be changed.
    """

    origin: str
    size: int
    first: int
    end: int
    bad: frozenset[int] = frozenset()


def tasks(origin: str, size: int, bad: frozenset[int] = frozenset()) -> Sequence[Task]:
    """Cut a log into parts; they depend on its size alone."""
    bundles = -(-size // WIDTH)
    return [
        Task(
            origin,
            size,
            first,
            min(first + PART_BUNDLES, bundles),
            frozenset(index for index in bad if first <= index // WIDTH < first + PART_BUNDLES),
        )
        for first in range(0, bundles, PART_BUNDLES)
    ]


@dataclass(slots=True)
class Part:
    """What was found in a part.

    Attributes:
        flaws: what is wrong.
        roots: the hash of each full bundle's subtree; `None` where it can't be computed.
        rest, rest_hashes: entries and leaf hashes of the last bundle of the log, if it is not full;
            hashes `None` where they can't be known.
        sequences: where the chains stand.
        kinds: how many entries there are of each kind.
        rare: entries about keys, shards and amendments, with their indexes.
        openings, totals: levels 5 and 6.
        turned: refusals without a record of their own.
        entries: entries that were read.
        files: hash tiles and bundles that were compared.
        walks, steps, more_steps: level 4, and what did not agree.
        policies: digests of the policies that entries say are archived, each with the first such entry.
        runs: the policies that activations put in force and decisions were judged under.
        unassured: starts and decisions of a developer's door, which prove nothing.
    """

    flaws: Flaws = field(default_factory=Flaws)
    roots: list[bytes | None] = field(default_factory=list)
    rest: list[bytes] = field(default_factory=list)
    rest_hashes: list[bytes | None] = field(default_factory=list)
    sequences: Sequences = field(default_factory=Sequences)
    kinds: Counter[str] = field(default_factory=Counter)
    rare: list[tuple[int, Entry]] = field(default_factory=list)
    openings: Openings = field(default_factory=Openings)
    totals: Totals = field(default_factory=Totals)
    turned: TurnedAway = field(default_factory=TurnedAway)
    entries: int = 0
    files: int = 0
    walks: Counter[Walk] = field(default_factory=Counter)
    steps: list[Step] = field(default_factory=list)
    more_steps: int = 0
    whatif: WhatIf | None = None
    policies: dict[str, int] = field(default_factory=dict)
    runs: Runs = field(default_factory=Runs)
    unassured: int = 0


class Desk:
    """Works on parts of one log.

    Args:
        reader: the log.
        work: what is to be done.

    Raises:
        PolicyError: one of the other policies is no policy.
        BundleError: or no bundle.
    """

    def __init__(self, reader: LogReader, work: Work) -> None:
        self._reader = reader
        self._work = work
        self.others: list[Policy] = [load_any(data, name) for name, data in work.others]
        self._glance = Glance()
        self._rewalk = Rewalk(functools.partial(archived_policy, reader))

    def examine(self, task: Task, state: Sequences | None = None) -> Part:
        """Work on a part.

        Args:
            task: which.
            state: the sequences after everything before it, which go on in it; where it is not given,
                what came before is not known, unless nothing did.
        """
        part = Part(sequences=Sequences(known=task.first == 0) if state is None else state)
        if self.others:
            part.whatif = WhatIf()
        for bundle in range(task.first, task.end):
            roots = len(part.roots)
            try:
                self._bundle(task, bundle, part)
            except VerificationError as error:  # a file that can't even be read, such as one of gigabytes
                part.flaws.add(FlawClass.INVALID, error.where, error.message, error.proof)
                part.sequences.skip()
                part.roots[roots:] = [None]
        return part

    # ---- level 1 ---------------------------------------------------------------------------------

    def _bundle(self, task: Task, bundle: int, part: Part) -> None:
        width, first = width_at(ENTRIES, bundle, task.size), bundle * WIDTH
        data = self._reader.exact(Tile(ENTRIES, bundle, width))
        entries: list[bytes | None] = []
        hashes: list[bytes | None] = []
        cut = None if data is None else cut_whole(data, width)
        if data is None or cut is None or any(bundle == index // WIDTH for index in task.bad):
            leaves, data = read_bundle(self._reader, bundle, task.size, task.bad, part.flaws)
            entries = [leaf.entry for leaf in leaves]
            hashes = [leaf.hash for leaf in leaves]
        else:
            entries += cut
            hashes += map(leaf_hash, cut)
        if data:
            check_older_bundles(self._reader, bundle, hashes, data, part.flaws)
        part.files += 2
        self._tile(bundle, width, hashes, part)
        for index, (entry, leaf) in enumerate(zip(entries, hashes, strict=True), first):
            if entry is None or leaf is None:
                part.sequences.skip()
                if leaf is not None and self._reader.allow_withheld and data == b"":
                    part.openings.unshown.append(index)
            else:
                self._entry(task, index, entry, leaf, part)
        if width < WIDTH:
            part.rest = [entry or b"" for entry in entries]
            part.rest_hashes = hashes

    def _tile(self, bundle: int, width: int, hashes: Sequence[bytes | None], part: Part) -> None:
        tile = Tile(0, bundle, width)
        known = [leaf for leaf in hashes if leaf is not None]
        if len(known) == len(hashes):
            check_tile(self._reader, TileFile(tile, b"".join(known)), part.flaws)
        elif self._reader.tile(tile) is None:
            part.flaws.add(FlawClass.MISSING, tile.path, "a hash tile is gone")
        if width == WIDTH:
            part.roots.append(tile_root(known) if len(known) == WIDTH else None)

    # ---- levels 2, 3, 5, 6 -----------------------------------------------------------------------

    def _entry(self, task: Task, index: int, entry: bytes, leaf: bytes, part: Part) -> None:
        try:
            seen = self._glance.see(entry)
        except VerificationError as error:
            part.flaws.add(FlawClass.INVALID, f"entry {index}", error.message, level=Level.ENTRIES)
            part.sequences.skip()
            return
        part.entries += 1
        part.kinds[seen.kind] += 1
        if index == 0 or seen.kind == "log_open":
            self._first(task, index, seen, part)
        for problem in part.sequences.follow(index, seen, leaf):
            self._blame(part, index, problem)
        opening = None
        if seen.prv and self._work.openings:
            opening = part.openings.open(self._reader, index, seen.prv, part.flaws)
        if seen.kind == "decision":
            self._decision(index, seen, opening, part)
        elif seen.kind in {"return", "abort"}:
            admitted, problem = part.sequences.end(index, seen)
            if problem:
                self._blame(part, index, problem)
            if admitted is not None or problem:
                self.ended(index, seen, admitted, part)
        self._keep_rare(index, seen, entry, part)

    @staticmethod
    def _keep_rare(index: int, seen: Seen, entry: bytes, part: Part) -> None:
        if seen.kind == "worker_start":
            part.unassured += (seen.entry or parse(entry)).body["assurance"] != "production"
        elif seen.kind == "activation":
            body = (seen.entry or parse(entry)).body
            part.runs.take(index, seen, body["policy"], carried=body["cause"] == "turn")
        elif seen.kind == "policy":
            part.policies.setdefault((seen.entry or parse(entry)).body["digest"], index)
        elif seen.kind == "alarm" and (
            problem := part.turned.take((seen.entry or parse(entry)).body, seen.ts)
        ):
            part.flaws.add(FlawClass.INVALID, f"entry {index}", problem, level=Level.CONSERVATION)
        if seen.kind in _KEPT:
            part.rare.append((index, seen.entry or parse(entry)))

    def _first(self, task: Task, index: int, seen: Seen, part: Part) -> None:
        if index or seen.kind != "log_open":
            self._blame(part, index, "a log begins with `log_open`, once")
        elif seen.get("origin") != task.origin:
            self._blame(part, index, "it opens another log than the checkpoint's")

    def _decision(self, index: int, seen: Seen, opening: Shown | None, part: Part) -> None:
        part.unassured += seen.spell("assurance") != _ASSURED
        allowed = seen.spell("verdict") == b'"allow"'
        if not allowed and not self._work.walk:
            return
        serve = seen.spell("kind") == b'"serve"'
        admitted = Admitted(
            seen.spell("flow"), seen.tenant(), serve=serve, route=seen.route(), worker=seen.worker
        )
        if self._work.walk:
            part.runs.take(index, seen, seen.get("policy"))
            record = _recorded(index, seen, opening)
            step, before = self._rewalk.decision(record)
            _keep(step, part)
            if before is not None:
                admitted.facts, admitted.whole, admitted.digests = before
            if part.whatif is not None:
                part.whatif.look(record, before, self._rewalk, self.others)
        if allowed:
            part.sequences.admit(index, admitted)

    def ended(self, index: int, seen: Seen, admitted: Admitted | None, part: Part) -> None:
        """Take in the end of an exchange, with the exchange; without one it ended nothing."""
        if seen.kind != "return":
            return
        if admitted is not None:
            part.totals.add(seen, admitted.tenant)
            if problem := breach(seen, admitted):
                where = f"entry {index}"
                part.flaws.add(FlawClass.INVALID, where, problem, level=Level.CONSERVATION)
        if self._work.walk:
            record = _recorded(index, seen, None)
            before = None if admitted is None else (admitted.facts, admitted.whole, admitted.digests)
            _keep(self._rewalk.ending(record, before), part)
            if part.whatif is not None and before is not None:
                part.whatif.look(record, before, self._rewalk, self.others)

    @staticmethod
    def _blame(part: Part, index: int, problem: str) -> None:
        part.flaws.add(FlawClass.INVALID, f"entry {index}", problem, level=Level.SEQUENCES)


def _keep(step: Step, part: Part) -> None:
    part.walks[step.walk] += 1
    if step.walk is Walk.AGREES:
        return
    if len(part.steps) < MOST_STEPS:
        part.steps.append(step)
    else:
        part.more_steps += 1


_OF_DECISION = (
    "flow",
    "kind",
    "verdict",
    "by",
    "reason",
    "rule",
    "phase",
    "phases",
    "policy",
    "eng",
    "findings",
    "oblig",
)
_MAY_BE = ("shadow", "masked")
_OF_RETURN = ("flow", "verdict", "by", "reason", "rule", "phase", "phases", "findings", "oblig")


def _recorded(index: int, seen: Seen, opening: Shown | None) -> Recorded:
    names = _OF_DECISION if seen.kind == "decision" else _OF_RETURN
    body: dict[str, Any] = {name: seen.get(name) for name in names}
    body |= {name: seen.get(name) for name in _MAY_BE if seen.has(name)}
    return Recorded(index, seen.kind, body, _private(opening), seen.ts, seen.facts())


def _private(opening: Shown | None) -> Mapping[str, Any] | None:
    """Return the private fields; `None` where they are withheld, or a fact of theirs was erased."""
    if opening is None or opening.digests.keys() & VOCABULARY.keys():
        return None
    return opening.fields
