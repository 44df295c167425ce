"""The audit: is this log what its checkpoint says, from bytes alone?

The checkpoint's signatures, and its witnesses' where a trust file asks for them; then, part by part with
constant memory (`zoneproxy.replay.desk`): the tree over all entries, against the root that was signed; every
byte of every hash tile, entry bundle and older partial file; each entry's canonical bytes and schema; each
worker's chain, time that never goes back, one end for each allowed decision; openings against the
commitments; what must not have gone through. Last, files that belong to no tree. Where the root is another
than the one signed, a second pass names the entries that were changed.

Parts may be worked on by several processes; the report is the same, to the byte.

What an audit can't show: that everything was recorded. That is shown by the law that nothing passes
without a record, by what callers hold, and by counts kept elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from zoneproxy.replay.activations import InForce
from zoneproxy.replay.beside import check_beside
from zoneproxy.replay.bundles import blame
from zoneproxy.replay.desk import MOST_STEPS, Desk, Part, Task, Work, tasks
from zoneproxy.replay.epochs import Brackets, Epochs, bracket
from zoneproxy.replay.flaws import Flaw, FlawClass, Flaws, Level
from zoneproxy.replay.openings import COVERING, Openings
from zoneproxy.replay.report import MOST_RARE, NOTHING, UNCHECKED, AuditReport, LevelReport, level_result
from zoneproxy.replay.rewalk import Step, Walk
from zoneproxy.replay.sequences import Sequences
from zoneproxy.replay.totals import Totals
from zoneproxy.replay.treefiles import check_other_files, check_tile, list_other_files
from zoneproxy.replay.turnedaway import TurnedAway
from zoneproxy.replay.views import View, check_views
from zoneproxy.replay.whatif import WhatIf
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.entry import Entry
from zoneproxy.trace.frontier import Frontier
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import ENTRIES, WIDTH
from zoneproxy.trace.trust import TrustPolicy

Progress = Callable[[int, int], None]
"""Told how many entries are done, and of how many."""

Crew = Callable[[Sequence[Task]], Iterator[Part]]
"""Works on parts, each without knowing what came before, and yields them in order."""


@dataclass(slots=True)
class _Done:
    """What is known of the log up to some part."""

    flaws: Flaws = field(default_factory=Flaws)
    edge: Frontier = field(default_factory=Frontier)
    sequences: Sequences = field(default_factory=Sequences)
    kinds: Counter[str] = field(default_factory=Counter)
    rare: list[tuple[int, Entry]] = field(default_factory=list)
    covering: list[Entry] = field(default_factory=list)
    epochs: Epochs = field(default_factory=Epochs)
    openings: Openings = field(default_factory=Openings)
    totals: Totals = field(default_factory=Totals)
    turned: TurnedAway = field(default_factory=TurnedAway)
    walks: Counter[Walk] = field(default_factory=Counter)
    steps: list[Step] = field(default_factory=list)
    more_steps: int = 0
    whatif: WhatIf = field(default_factory=WhatIf)
    entries: int = 0
    files: int = 0
    unsigned: int = 0
    unassured: int = 0
    policies: dict[str, int] = field(default_factory=dict)
    in_force: InForce = field(default_factory=InForce)
    whole: bool = True


def audit(  # what is asked of an audit, each with its own name
    reader: LogReader,
    progress: Progress | None = None,
    trust: TrustPolicy | None = None,
    *,
    work: Work | None = None,
    crew: Crew | None = None,
    views: Sequence[View] = (),
    several: bool = False,
) -> AuditReport:
    """Audit a log.

    Args:
        reader: the log, with the keys to trust.
        progress: told now and then how far it is.
        trust: says which witnesses must have cosigned the checkpoint; none, where not given.
        work: what is to be done; everything but walking decisions again, where not given.
        crew: works on parts, where one process is too slow.
        views: other checkpoints of the log (where from, the note), each with the log it was read from, if
            it is there; they must be of the same history.
        several: it is one of several shards: a record that covers what is gone may stand in a later one, so
            that is not told here (`zoneproxy.replay.shardwalk`).

    Returns:
        The report; it never raises for anything that the log holds.
    """
    return _Audit(reader, work or Work(), progress, crew, several=several).run(trust, views)


class _Audit:
    def __init__(
        self,
        reader: LogReader,
        work: Work,
        progress: Progress | None,
        crew: Crew | None,
        *,
        several: bool,
    ) -> None:
        self._several = several
        self._reader = reader
        self._work = work
        self._progress = progress
        self._crew = crew
        self._desk = Desk(reader, work)
        try:
            self._whole = reader.minimum == 0
        except VerificationError:  # the openings' report tells
            self._whole = False

    def run(self, trust: TrustPolicy | None, views: Sequence[View]) -> AuditReport:
        flaws = Flaws()
        try:
            note = self._reader.note()
            checkpoint = open_checkpoint(note, self._reader.vkeys)
            cosigned = frozenset[str]() if trust is None else trust.cosigned_by(note)
        except VerificationError as error:
            where = CHECKPOINT if error.where == CHECKPOINT else f"{CHECKPOINT}, {error.where}"
            kind = FlawClass.MISSING if "no checkpoint" in error.message else FlawClass.INVALID
            flaws.add(kind, where, error.message, error.proof, Level.SIGNATURES)
            levels = [level_result(Level.SIGNATURES, flaws.found, {"signatures": 0})]
            levels += [LevelReport(level, UNCHECKED, {}) for level in Level if level is not Level.SIGNATURES]
            return AuditReport("", 0, "", flaws.worst_first(), levels=tuple(levels))
        if trust is not None and not trust.holds(cosigned):
            flaws.add(
                FlawClass.UNWITNESSED,
                CHECKPOINT,
                f"{len(cosigned)} of {len(trust.witnesses)} known witnesses cosigned it, which is no quorum",
                level=Level.SIGNATURES,
            )
        try:
            done = self._tree(checkpoint)
        except VerificationError as error:  # a file that can't even be read, such as one of gigabytes
            done = _Done()
            done.flaws.add(FlawClass.INVALID, error.where, error.message, error.proof)
        sound = done.whole and all(flaw.level is not Level.TREE for flaw in done.flaws.found)
        brackets = bracket(self._reader, checkpoint, done.epochs, trust, done.flaws) if sound else Brackets()
        if sound and len(done.rare) < MOST_RARE:
            check_beside(self._reader, checkpoint, done.rare, done.policies, done.flaws)
        older = check_views(self._reader, checkpoint, note, views, done.flaws)
        flaws.join(done.flaws)
        signed = [key for key in self._reader.vkeys if key.name == checkpoint.origin]
        return AuditReport(
            checkpoint.origin,
            checkpoint.size,
            checkpoint.root.hex(),
            flaws.worst_first(),
            flaws.more,
            dict(sorted(done.kinds.items())),
            done.sequences.first_ts or 0,
            done.sequences.ts,
            {index: one.flow[1:-1].decode() for index, one in sorted(done.sequences.under_way.items())},
            done.openings.opened,
            done.openings.withheld,
            done.unsigned,
            levels=self._levels(done, flaws, len(signed) + len(cosigned)),
            openings=done.openings,
            totals=done.totals,
            turned=done.turned,
            rare=tuple(done.rare),
            covering=tuple(done.covering),
            walks=dict(done.walks),
            steps=tuple(done.steps),
            more_steps=done.more_steps,
            comparison=done.whatif.comparison() if self._desk.others else None,
            signed_by=tuple(f"{key.name}+{key.key_id.hex()}" for key in signed),
            cosigned_by=tuple(sorted(cosigned)),
            older=older,
            brackets=brackets,
        )

    def _tree(self, checkpoint: Checkpoint) -> _Done:
        reader = self._reader
        # Listed before anything is read: what a running log publishes meanwhile is then fitting, not strange.
        others = list_other_files(reader, checkpoint.size)
        done = self._pass(checkpoint, frozenset())
        if not done.whole or done.edge.root() != checkpoint.root:
            changed = blame(reader, checkpoint) if done.whole else frozenset[int]()
            if changed:
                done = self._pass(checkpoint, changed)
            elif done.whole:
                done.flaws.add(
                    FlawClass.INVALID,
                    CHECKPOINT,
                    "the entries make another root than the one that was signed",
                    {"signed": checkpoint.root.hex(), "computed": done.edge.root().hex()},
                )
        done.unsigned = check_other_files(reader, done.edge, others, done.flaws)
        sound = all(flaw.level is not Level.TREE for flaw in done.flaws.found)
        for index, told in done.sequences.lost() if sound else ():
            done.flaws.add(FlawClass.MISSING, f"entry {index}", told, level=Level.SEQUENCES)
        if done.unassured and sound:
            told = f"{done.unassured} starts and decisions are of a developer's door (assurance `dev`)"
            done.flaws.add(FlawClass.UNASSURED, checkpoint.origin, told, level=Level.ENTRIES)
        if not self._several:
            done.openings.report(reader, done.covering, done.flaws)
        return done

    def _pass(self, checkpoint: Checkpoint, bad: frozenset[int]) -> _Done:
        """Go over all entries once; those in `bad` are named as changed and stand by their stored hash."""
        done = _Done()
        parts = tasks(checkpoint.origin, checkpoint.size, bad)
        made = self._crew(parts) if self._crew is not None else None
        for task in parts:
            if made is None:
                part = self._desk.examine(task, done.sequences)
            else:
                part = next(made)
                if not self._join(done, part):  # once more, from the true state: slow and exact
                    part = self._desk.examine(task, done.sequences)
            self._take(done, part)
            if self._progress is not None:
                self._progress(min(task.end * WIDTH, checkpoint.size), checkpoint.size)
        if done.whole:
            for file in done.edge.partials():
                if file.tile.level not in {ENTRIES, 0}:  # those two were checked with their bundle
                    check_tile(self._reader, file, done.flaws)
                    done.files += 1
        return done

    def _join(self, done: _Done, part: Part) -> bool:
        """Join the sequences of a part that did not know what came before; False if they don't join."""
        if not done.sequences.joins(part.sequences):
            return False
        for index, seen, admitted in done.sequences.join(part.sequences):
            self._desk.ended(index, seen, admitted, part)
        part.steps.sort(key=lambda step: step.index)
        return True

    def _take(self, done: _Done, part: Part) -> None:
        done.flaws.join(part.flaws)
        done.kinds += part.kinds
        done.in_force.take(part.runs, done.flaws, whole=self._whole)
        done.policies = {**part.policies, **done.policies}
        rare = [(index, entry) for index, entry in part.rare if not done.epochs.take(index, entry)]
        done.rare += rare[: MOST_RARE - len(done.rare)]
        done.covering += [entry for _, entry in rare if entry.kind in COVERING]
        done.openings.join(part.openings)
        done.totals.join(part.totals)
        done.turned.join(part.turned)
        done.walks += part.walks
        room = MOST_STEPS - len(done.steps)
        done.steps += part.steps[:room]
        done.more_steps += part.more_steps + len(part.steps[room:])
        done.entries += part.entries
        done.unassured += part.unassured
        done.files += part.files
        if part.whatif is not None:
            done.whatif.join(part.whatif)
        for root in part.roots:
            done.whole = done.whole and root is not None
            if done.whole and root is not None:
                for file in done.edge.append_bundle(root):
                    check_tile(self._reader, file, done.flaws)
                    done.files += 1
        for entry, leaf in zip(part.rest, part.rest_hashes, strict=True):
            done.whole = done.whole and leaf is not None
            if done.whole and leaf is not None:
                done.edge.append(entry, leaf)

    def _levels(self, done: _Done, flaws: Flaws, signatures: int) -> tuple[LevelReport, ...]:
        found = flaws.found
        kinds, openings, walks = done.kinds, done.openings, done.walks
        made = [
            level_result(Level.SIGNATURES, found, {"signatures": signatures}),
            level_result(Level.TREE, found, {"entries": done.edge.size - done.unsigned, "files": done.files}),
            level_result(Level.ENTRIES, found, {"entries": done.entries}),
            level_result(
                Level.SEQUENCES,
                found,
                {
                    "workers": len(done.sequences.heads),
                    "ended": kinds["return"] + kinds["abort"],
                    "under way": len(done.sequences.under_way),
                },
            ),
            _walked(self._work, walks, found),
            level_result(
                Level.OPENINGS,
                found,
                {
                    "opened": openings.opened,
                    "withheld": openings.withheld,
                    "erased": openings.erased,
                    "sealed": openings.sealed,
                },
            ),
            level_result(
                Level.CONSERVATION,
                found,
                {"returns": kinds["return"]}
                | ({"turned away": done.turned.total} if done.turned.sums else {}),
            ),
        ]
        if not self._work.openings:
            made[5] = LevelReport(Level.OPENINGS, UNCHECKED, {})
        elif not openings.opened and not openings.sealed and made[5].flaws == 0:
            made[5] = LevelReport(Level.OPENINGS, NOTHING, made[5].checked)
        return tuple(made)


def _walked(work: Work, walks: Counter[Walk], found: Sequence[Flaw]) -> LevelReport:
    archive = level_result(Level.DECISIONS, found, {})
    if archive.flaws:
        return LevelReport(Level.DECISIONS, archive.result, {"flaws": archive.flaws}, archive.flaws)
    if not work.walk:
        return LevelReport(Level.DECISIONS, UNCHECKED, {})
    result = "holds"
    if walks[Walk.DIFFERS]:
        result = FlawClass.INVALID.value
    elif walks[Walk.WITHHELD]:
        result = FlawClass.WITHHELD.value
    counted = {walk.value: walks[walk] for walk in Walk}
    return LevelReport(Level.DECISIONS, result, counted, walks[Walk.DIFFERS] + walks[Walk.WITHHELD])
