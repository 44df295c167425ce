"""The audit of a zone log's contents: is each node's history one history, and was each node always heard?

Walked from the zone log's entries alone (`zoneproxy.trace.nodes`): each node's signatures, the proofs from
beat to beat, trees that do not continue the last one, and the times in which a node, or the collector
itself, was silent. That the zone log holds as a log is `zoneproxy.replay.audit`'s work.

What does not hold:

    invalid   a node's signature or a proof fails, or a beat says another thing than its entries show; two
              histories, or an old state, with both signed notes
    missing   a node was silent for longer than the bound while others were heard; or everybody was

A gap is no proof against a node: its line may have been down. It is proof that nothing is known of it then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zoneproxy.replay.flaws import Flaw, FlawClass, Flaws, Level
from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.moments import moment
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.merkle import check_consistency
from zoneproxy.trace.nodes import (
    BACK,
    FIRST,
    GOOD,
    GROWN,
    SAME,
    SPLIT,
    head_of,
    note_of,
    open_signed,
    proof_of,
)
from zoneproxy.trace.note import VerifierKey, parse_vkey
from zoneproxy.trace.reader import LogReader

DEFAULT_SILENCE_MS = 60_000


@dataclass(slots=True)
class NodeHistory:
    """What a zone log holds of one node.

    Attributes:
        keys: its keys in force.
        beats: how often it was heard.
        head: its last good checkpoint.
        note: that one's signed note.
        heard_ms: when it was last heard, or announced.
        heard_at: index of that entry.
        silent_ms: how long it was silent in all, counting only what is longer than the bound.
        followed: another shard follows it: it need not be heard any more.
    """

    keys: tuple[VerifierKey, ...]
    heard_ms: int
    heard_at: int
    beats: int = 0
    head: Checkpoint | None = None
    note: bytes = b""
    silent_ms: int = 0
    followed: bool = False


@dataclass(slots=True)
class _Walk:
    """The state of the walk."""

    silence_ms: int
    trusted: Sequence[VerifierKey]
    flaws: Flaws = field(default_factory=Flaws)
    nodes: dict[str, NodeHistory] = field(default_factory=dict)
    last_ms: int = 0
    last_at: int = -1


def check_nodes(
    reader: LogReader, trusted: Sequence[VerifierKey] = (), silence_ms: int = DEFAULT_SILENCE_MS
) -> tuple[Mapping[str, NodeHistory], Sequence[Flaw]]:
    """Walk a zone log.

    Args:
        reader: the zone log, which was audited.
        trusted: the nodes' keys from a source that is trusted; those that the zone log itself names,
            where none are given, which shows only that the nodes agree with what was collected first.
        silence_ms: how long a node may be silent.

    Returns:
        What it holds of each node, and what does not hold, worst first.

    Raises:
        VerificationError: an entry can't be read.
    """
    walk = _Walk(silence_ms, trusted)
    for index, data in reader.entries():
        entry = parse(data)
        _check_silence(walk, index, entry.header.ts)
        if entry.kind == "node":
            _announce(walk, index, entry)
        elif entry.kind == "node_checkpoint":
            _check_beat(walk, index, entry)
        walk.last_ms, walk.last_at = entry.header.ts, index
    for origin, node in walk.nodes.items():
        _check_gap(walk, origin, node, walk.last_ms, walk.last_at)
    return walk.nodes, walk.flaws.worst_first()


def _check_silence(walk: _Walk, index: int, ts: int) -> None:
    """Tell once that nobody was heard, not once a node."""
    if walk.last_at < 0 or ts - walk.last_ms <= walk.silence_ms or not walk.nodes:
        return
    _silent(walk, "the zone log", (walk.last_at, walk.last_ms), (index, ts))
    for node in walk.nodes.values():
        node.heard_ms, node.heard_at = ts, index


def _silent(walk: _Walk, who: str, since: tuple[int, int], until: tuple[int, int]) -> None:
    """Report a silence between two entries, each given as its index and its time in milliseconds."""
    (since_at, since_ms), (at, ms) = since, until
    walk.flaws.add(
        FlawClass.MISSING,
        who,
        f"nothing was heard for {(ms - since_ms) / 1000:.0f} s, from {moment(since_ms)} to {moment(ms)}",
        {"from": f"entry {since_at}", "to": f"entry {at}"},
        Level.SEQUENCES,
    )


def _check_gap(walk: _Walk, origin: str, node: NodeHistory, ms: int, at: int) -> None:
    if not node.followed and ms - node.heard_ms > walk.silence_ms:
        node.silent_ms += ms - node.heard_ms
        _silent(walk, f"node {origin}", (node.heard_at, node.heard_ms), (at, ms))


def _announce(walk: _Walk, index: int, entry: Entry) -> None:
    origin, told = entry.body["origin"], entry.body["keys"]
    try:
        keys = tuple(parse_vkey(text) for text in told)
    except VerificationError as error:
        _invalid(walk, index, f"a node's key can't be read: {error.message}")
        return
    trusted = tuple(key for key in walk.trusted if key.name == origin)
    if walk.trusted and set(trusted) != set(keys):
        _invalid(walk, index, f"it names other keys of the node `{origin}` than those that are trusted")
    before = walk.nodes.get(entry.body.get("after", ""))
    if before is not None:
        _check_gap(walk, entry.body["after"], before, entry.header.ts, index)
        before.followed = True
    known = walk.nodes.get(origin)
    if known is None:
        walk.nodes[origin] = NodeHistory(trusted or keys, entry.header.ts, index)
    elif not walk.trusted and set(known.keys) != set(keys):
        # Whoever holds the zone log's key could bring in a key of his own: it is told, and then followed.
        _invalid(walk, index, f"the node `{origin}` has other keys here than before")
        known.keys = keys


def _check_beat(walk: _Walk, index: int, entry: Entry) -> None:
    body, ts = entry.body, entry.header.ts
    node = walk.nodes.get(body["origin"])
    if node is None:
        _invalid(walk, index, f"the node `{body['origin']}` was not announced")
        return
    _check_gap(walk, body["origin"], node, ts, index)
    node.heard_ms, node.heard_at = ts, index
    node.beats += 1
    try:
        _check_tree(walk, index, node, body)
    except VerificationError as error:
        _invalid(walk, index, f"node `{body['origin']}`: {error.message}", error.proof)


def _check_tree(walk: _Walk, index: int, node: NodeHistory, body: Mapping[str, object]) -> None:
    seen, last = body["seen"], node.head
    if seen == SAME:
        if last != head_of(body):
            raise VerificationError("a heartbeat names another tree than the last one")
        return
    head, note = open_signed(body, node.keys), note_of(body)
    both = {"old": node.note.decode(), "new": note.decode()}
    if (seen == FIRST) is not (last is None):
        raise VerificationError("it is its first checkpoint, or says that it is", proof=both)
    if last is not None and seen == GROWN and last.size:
        try:
            check_consistency(last.size, head.size, last.root, head.root, proof_of(body))
        except VerificationError:
            raise VerificationError(
                "the entry's proof does not lead from the last tree to this one", proof=both
            ) from None
    if seen in GOOD:
        node.head, node.note = head, note
        return
    words = "no proof was given that the last tree is the beginning of this one"
    if last is not None and head.size == last.size:
        words = "two histories were signed: another tree of the same size"
    elif last is not None and head.size < last.size:
        words = f"an old state was shown: {head.size} entries after {last.size}"
    elif seen in {SPLIT, BACK}:
        words = "the entry says another thing than the trees show"
    _invalid(walk, index, f"node `{head.origin}`: {words}", both)


def _invalid(walk: _Walk, index: int, words: str, proof: Mapping[str, str] | None = None) -> None:
    walk.flaws.add(FlawClass.INVALID, f"entry {index}", words, proof, Level.SEQUENCES)
