"""Collects the nodes' checkpoints into a zone log, one beat after the other.

At each beat every node's checkpoint is read, all nodes at once; what it says against the last good one is
recorded (`zoneproxy.trace.nodes`), the unchanged ones too: a heartbeat. A node that can't be read, or whose
checkpoint its own keys did not sign, gets no entry; the gap is its record, and the operator's log says why.

What was last seen of each node is taken from the zone log itself, so that a collector that was stopped, or
killed, goes on where its log ends. A crash between two entries loses a beat of some nodes, nothing else.

A node whose log is in monthly shards is followed from month to month: the keys of each shard are those that
the one before hands over to. A shard whose month is over is heard until it is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from zoneproxy.adapters.reading.logfolder import find_logs, open_log, open_logs
from zoneproxy.replay.handing import believed_shards
from zoneproxy.terms.errors import ConfigError, VerificationError, ZoneError
from zoneproxy.terms.ports import Journal
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.entry import peek
from zoneproxy.trace.merkle import prove_consistency
from zoneproxy.trace.months import split_origin
from zoneproxy.trace.nodes import GOOD, body_of, compare, head_of
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import WIDTH
from zoneproxy.trace.trust import TrustPolicy

log = logging.getLogger("zoneproxy.collector")

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Node:
    """A node's log.

    Attributes:
        origin: its origin.
        keys: its keys, all of which must sign.
        place: a directory, or an `http(s)://` prefix: the log, or where all its shards lie.
    """

    origin: str
    keys: tuple[VerifierKey, ...]
    place: str

    def shards(self) -> list[Node]:
        """Return its newest shard, after the one before where that is not closed yet; itself if it has none.

        Raises:
            VerificationError, ConfigError: they can't be read, or no key speaks for them.
        """
        found = open_logs(self.place)
        if not found[0][0]:
            return [self]
        believed = believed_shards(found, self.keys)
        if not believed:
            raise ConfigError(
                f"no key that is known speaks for a shard of `{self.place}`",
                hint="name a key of one of its shards in the trust file: `log <vkey> <address>`",
            )
        return [
            Node(one.reader.vkeys[0].name, one.reader.vkeys, f"{self.place.rstrip('/')}/{one.name}")
            for one in believed[-2:]
            if one is believed[-1] or not one.is_closed()
        ]


@dataclass(frozen=True, slots=True)
class Beat:
    """What one beat saw of one node: `seen` as in the entry, or empty with the reason why there is none."""

    node: str
    seen: str
    size: int
    why: str = ""


def nodes_of(trust: TrustPolicy) -> list[Node]:
    """Return the nodes that a trust file names: its logs, each with the place where it is read.

    Raises:
        ConfigError: there is none, or one without a place.
    """
    origins: dict[str, str] = {}  # of several shards that lie in one place, the last named one stands for all
    for key in trust.logs:
        parts = split_origin(key.name)
        origins[f"{parts[0]} {trust.places.get(key.name)}" if parts else key.name] = key.name
    for origin in origins.values():
        if origin not in trust.places:
            raise ConfigError(
                f"the trust file does not say where the log `{origin}` is read",
                hint="write its address, or its directory, after the key: `log <vkey> https://node-1/log`",
            )
    if not origins:
        raise ConfigError(
            "the trust file names no log", hint="write a `log <vkey> <address>` line for each key"
        )
    return [
        Node(
            origin, tuple(key for key in trust.logs if _is_one(key.name, origin, trust)), trust.places[origin]
        )
        for origin in origins.values()
    ]


def _is_one(name: str, origin: str, trust: TrustPolicy) -> bool:
    """Tell whether two origins are those of one node: the same, or two shards in one place."""
    one, other = split_origin(name), split_origin(origin)
    if one is None or other is None:
        return name == origin
    return one[0] == other[0] and trust.places.get(name) == trust.places.get(origin)


def origins_of(nodes: Iterable[Node]) -> list[str]:
    """Return the origins of the logs that are collected now; of one that can't be read, by its name."""
    origins: list[str] = []
    for node in nodes:
        try:
            origins += [shard.origin for shard in node.shards()]
        except ZoneError:
            origins.append(node.origin)
    return origins


def last_heads(zone: LogReader, origins: Iterable[str]) -> dict[str, Checkpoint]:
    """Return the last good checkpoint of each node that a zone log holds, reading it from its end.

    Raises:
        VerificationError: the zone log can't be read back.
    """
    missing, found = set(origins), dict[str, Checkpoint]()
    size = zone.checkpoint().size
    for bundle in reversed(range(-(-size // WIDTH))):
        if not missing:
            break
        for _, data in reversed(list(zone.entries(bundle * WIDTH, (bundle + 1) * WIDTH))):
            entry = peek(data)
            if entry.kind == "node_checkpoint" and entry.body["seen"] in GOOD:
                head = head_of(entry.body)
                if head.origin in missing:
                    missing.discard(head.origin)
                    found[head.origin] = head
    return found


class Collector:
    """Writes beats into a zone log.

    Args:
        nodes: what is collected.
        journal: the zone log.
        last: the last good checkpoint of each node, as the zone log has it (`last_heads`).
        open_node: opens a node's log; replaced in tests.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        journal: Journal,
        last: dict[str, Checkpoint],
        open_node: Callable[[str, Sequence[VerifierKey]], LogReader] = open_log,
    ) -> None:
        self._nodes = {node: [node] for node in nodes}
        """Each node, with those of its shards that are collected now."""
        self._months: dict[Node, list[str]] = {}
        self._journal = journal
        self._last = dict(last)
        self._open = open_node
        self._readers: dict[str, LogReader] = {}
        self._threads = ThreadPoolExecutor(min(_AT_ONCE, len(self._nodes)), thread_name_prefix="collector")

    async def announce(self) -> None:
        """Record whose checkpoints are collected from here on, and under which keys.

        Raises:
            TraceError: the zone log failed.
        """
        for node in self._nodes:
            try:
                self._nodes[node] = await asyncio.to_thread(node.shards)
            except ZoneError as error:
                log.warning("the shards of node %s can't be read: %s", node.origin, error.message)
            for shard in self._nodes[node]:
                await self._tell(shard, None)

    async def _tell(self, node: Node, after: Node | None) -> None:
        body: dict[str, object] = {"origin": node.origin, "keys": [key.vkey for key in node.keys]}
        await self._journal.append("node", body | ({"after": after.origin} if after else {}), {})

    async def _follow(self) -> None:
        """Take up shards that have come, and leave those that are closed."""
        for node, known in self._nodes.items():
            try:
                months = [name for name, _ in await asyncio.to_thread(find_logs, node.place)]
                if months == self._months.get(node, months) and len(known) == 1:
                    self._months[node] = months
                    continue
                now = await asyncio.to_thread(node.shards)
                self._months[node] = months
            except ZoneError as error:
                log.warning("the shards of node %s can't be read: %s", node.origin, error.message)
                continue
            for shard in now:
                if shard.origin not in {one.origin for one in known}:
                    await self._tell(shard, known[-1])
            self._nodes[node] = now

    async def beat(self) -> list[Beat]:
        """Read every node once and record what it shows.

        Raises:
            TraceError: the zone log failed.
        """
        loop = asyncio.get_running_loop()
        await self._follow()
        nodes = [shard for shards in self._nodes.values() for shard in shards]
        reading = [loop.run_in_executor(self._threads, self._look, node) for node in nodes]
        beats = []
        for node, done in zip(nodes, reading, strict=True):
            try:
                note, head, seen, proof = await done
            except ZoneError as error:
                log.warning("node %s gives no checkpoint: %s", node.origin, error.message)
                beats.append(Beat(node.origin, "", 0, error.message))
                continue
            await self._journal.append("node_checkpoint", body_of(note, head, seen, proof), {})
            if seen in GOOD:
                self._last[node.origin] = head
            else:
                log.error("node %s shows a tree that is not the last one grown: %s", node.origin, seen)
            beats.append(Beat(node.origin, seen, head.size))
        return beats

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _look(self, node: Node) -> tuple[bytes, Checkpoint, str, Sequence[bytes]]:
        if node.origin not in self._readers:
            self._readers[node.origin] = self._open(node.place, node.keys)
        reader = self._readers[node.origin].renewed()
        note, last = reader.note(), self._last.get(node.origin)
        head = open_checkpoint(note, node.keys, node.origin)

        def prove() -> Sequence[bytes]:
            if last is None:
                raise VerificationError("there is nothing to prove", where="node_checkpoint")
            return prove_consistency(last.size, head.size, tile_hashes(reader, head.size))

        seen, proof = compare(last, head, prove)
        return note, head, seen, proof
