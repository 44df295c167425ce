"""The audit: is this log what its checkpoint says, from bytes alone?

In one pass with constant memory: the checkpoint's signatures, and its witnesses' where a trust file asks
for them; the tree over all entries, against the root
that was signed; every byte of every hash tile, entry bundle and older partial file; files that belong to
no tree; each entry's canonical bytes and schema; each worker's chain, time that never goes back, one end
for each allowed decision; openings against the commitments. Where the root is another than the one signed,
a second pass names the entries that were changed.

What an audit can't show: that everything was recorded. That is shown by the law that nothing passes
without a record, by what callers hold, and by counts kept elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from zoneproxy.replay.bundles import Leaf, blame, read_bundle
from zoneproxy.replay.flaws import AuditReport, FlawClass, Flaws
from zoneproxy.replay.treefiles import (
    check_older_bundles,
    check_other_files,
    check_tile,
    list_other_files,
)
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.frontier import Frontier
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.opening import check_opening
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import ENTRIES, WIDTH
from zoneproxy.trace.trust import TrustPolicy

Progress = Callable[[int, int], None]
"""Told how many entries are done, and of how many."""


@dataclass(slots=True)
class _Pass:
    """What one pass over the log has seen so far."""

    flaws: Flaws = field(default_factory=Flaws)
    edge: Frontier = field(default_factory=Frontier)
    chains: Chains = field(default_factory=Chains)
    kinds: Counter[str] = field(default_factory=Counter)
    whole: bool = True
    first_ts: int | None = None
    opened: int = 0
    withheld: list[int] = field(default_factory=lambda: [0, -1])  # how many, and the first one
    unsigned: int = 0


def audit(
    reader: LogReader, progress: Progress | None = None, trust: TrustPolicy | None = None
) -> AuditReport:
    """Audit a log.

    Args:
        reader: the log, with the keys to trust.
        progress: told now and then how far it is.
        trust: says which witnesses must have cosigned the checkpoint; none, where not given.

    Returns:
        The report; it never raises for anything that the log holds.
    """
    flaws = Flaws()
    try:
        note = reader.note()
        checkpoint = open_checkpoint(note, reader.vkeys)
        unwitnessed = None if trust is None else _missing_quorum(note, trust)
    except VerificationError as error:
        where = CHECKPOINT if error.where == CHECKPOINT else f"{CHECKPOINT}, {error.where}"
        kind = FlawClass.MISSING if "no checkpoint" in error.message else FlawClass.INVALID
        flaws.add(kind, where, error.message, error.proof)
        return AuditReport("", 0, "", flaws.worst_first())
    try:
        done = _audit_tree(reader, checkpoint, progress)
    except VerificationError as error:  # a file that can't even be read, such as one of gigabytes
        flaws.add(FlawClass.INVALID, error.where, error.message, error.proof)
        return AuditReport(checkpoint.origin, checkpoint.size, checkpoint.root.hex(), flaws.worst_first())
    if unwitnessed is not None:
        done.flaws.add(FlawClass.UNWITNESSED, CHECKPOINT, unwitnessed)
    return AuditReport(
        checkpoint.origin,
        checkpoint.size,
        checkpoint.root.hex(),
        done.flaws.worst_first(),
        done.flaws.more,
        dict(sorted(done.kinds.items())),
        done.first_ts or 0,
        done.chains.ts,
        dict(done.chains.under_way),
        done.opened,
        done.withheld[0],
        done.unsigned,
    )


def _missing_quorum(note: bytes, trust: TrustPolicy) -> str | None:
    """Say that the witnesses who cosigned are no quorum; `None` if they are."""
    cosigned = trust.cosigned_by(note)
    if trust.holds(cosigned):
        return None
    return f"{len(cosigned)} of {len(trust.witnesses)} known witnesses cosigned it, which is no quorum"


def _audit_tree(reader: LogReader, checkpoint: Checkpoint, progress: Progress | None) -> _Pass:
    # Listed before anything is read: what a running log publishes meanwhile is then fitting, not strange.
    others = list_other_files(reader, checkpoint.size)
    done = _walk(reader, checkpoint, (), progress)
    if not done.whole or done.edge.root() != checkpoint.root:
        changed = blame(reader, checkpoint) if done.whole else frozenset[int]()
        if changed:
            done = _walk(reader, checkpoint, changed, progress)
        elif done.whole:
            done.flaws.add(
                FlawClass.INVALID,
                CHECKPOINT,
                "the entries make another root than the one that was signed",
                {"signed": checkpoint.root.hex(), "computed": done.edge.root().hex()},
            )
    done.unsigned = check_other_files(reader, done.edge, others, done.flaws)
    count, first = done.withheld
    if count and done.opened:
        done.flaws.add(
            FlawClass.WITHHELD, f"entry {first}", f"{count} commitments have no opening, this one first"
        )
    return done


def _walk(
    reader: LogReader, checkpoint: Checkpoint, bad: Collection[int], progress: Progress | None
) -> _Pass:
    """Walk all entries once; those in `bad` are named as changed and stand by their stored hash."""
    state = _Pass()
    size = checkpoint.size
    for index in range(-(-size // WIDTH)):
        leaves, data = read_bundle(reader, index, size, bad, state.flaws)
        if data:
            check_older_bundles(reader, leaves, data, state.flaws)
        for leaf in leaves:
            _check_entry(reader, checkpoint, leaf, state)
            _grow(reader, leaf, state)
        if progress is not None:
            progress(state.edge.size if state.whole else index * WIDTH, size)
    if state.whole:
        for made in state.edge.partials():
            if made.tile.level != ENTRIES:
                check_tile(reader, made, state.flaws)
    return state


def _grow(reader: LogReader, leaf: Leaf, state: _Pass) -> None:
    if leaf.hash is None:
        state.whole = False  # neither the entry nor its hash is there: the root can't be computed
    if not state.whole or leaf.hash is None:
        return
    for made in state.edge.append(leaf.entry or b"", leaf.hash):
        if made.tile.level != ENTRIES:
            check_tile(reader, made, state.flaws)


def _check_entry(reader: LogReader, checkpoint: Checkpoint, leaf: Leaf, state: _Pass) -> None:
    where = f"entry {leaf.index}"
    if leaf.entry is None or leaf.hash is None:
        state.chains.skip()
        return
    try:
        entry = parse(leaf.entry)
    except VerificationError as error:
        state.flaws.add(FlawClass.INVALID, where, error.message)
        state.chains.skip()
        return
    state.kinds[entry.kind] += 1
    if state.first_ts is None:
        state.first_ts = entry.header.ts
    if (leaf.index == 0) is not (entry.kind == "log_open"):
        state.flaws.add(FlawClass.INVALID, where, "a log begins with `log_open`, once")
    elif entry.kind == "log_open" and entry.body["origin"] != checkpoint.origin:
        state.flaws.add(FlawClass.INVALID, where, "it opens another log than the checkpoint's")
    for problem in state.chains.follow(leaf.index, entry, leaf.hash):
        state.flaws.add(FlawClass.INVALID, where, problem)
    if entry.prv:
        _check_opening(reader, leaf.index, entry, state)


def _check_opening(reader: LogReader, index: int, entry: Entry, state: _Pass) -> None:
    try:
        record = reader.opening(index)
        if record is not None:
            check_opening(record, entry.prv)
            state.opened += 1
            return
    except VerificationError as error:
        state.flaws.add(FlawClass.INVALID, f"opening of entry {index}", error.message)
        return
    state.withheld = [state.withheld[0] + 1, index if state.withheld[0] == 0 else state.withheld[1]]
