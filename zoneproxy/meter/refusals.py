"""How many records refusals may cause, and how many refusals had to do without one.

A refusal is recorded before it is told, and a record costs a disk more than a request costs its caller. So a
record is taken out of buckets: out of all that stand on its way, or out of none.

    a stranger                 his source (IPv4 /32, IPv6 /64), his network (/24, /48), the door
    whoever proved his name    a bucket of his own, and no other

What finds a bucket empty is turned away: nothing is recorded and nothing is told, its connection is closed
and it is counted. Counts are for records of their own, the first at once, later ones every `told_every_ms`.

Strangers take nothing from those who proved a name, nor one door from another. Of what a door holds, the
lower half is kept for sources that have had no record yet: a few that are loud leave room for whoever comes
new, and of a flood from many places each is on record at least once, as long as that lasts.

Worked example: 120 a minute and 240 at once from each source. The first 240 refusals of one address are
recorded, then one each half second; with 50 a second for a minute 359 are recorded and 2,641 counted.

Memory: `MOST_SOURCES` sources and as many networks, those that came last; who comes again after he was
forgotten begins with a full bucket, which that of his door still bounds. Counts: one entry for each door and
name, with at most `MOST_NETWORKS` networks in it.

Trust: addresses come from the kernel or a trusted front. Whoever has many takes many buckets; the door's
bounds him. He can keep others from being told why they were refused, and can hide nothing: the counts are
recorded.

Source of the bounded count of networks: Misra and Gries, "Finding repeated elements" (1982).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from zoneproxy.meter.bucket import Bucket
from zoneproxy.terms.networks import Address, read_address

MOST_SOURCES = 8192
"""Sources, and networks, that are remembered at once."""
MOST_NETWORKS = 16
"""Networks that a count names, those that were turned away most."""
MOST_REASONS, OTHER = 63, "other"
"""Reason codes that a count names, and what stands for those beyond: so many fit into a record."""
MINUTE_MS = 60_000

REQUESTS, HANDSHAKES, CONNECTIONS = "requests-refused", "handshakes-refused", "connections-refused"
"""What was turned away: requests, what came before a request, connections for which there was no room."""

_BITS = {4: (32, 32, 24), 6: (128, 64, 48)}
_NO_ADDRESS = (0, 0)


@dataclass(frozen=True, slots=True)
class Flow:
    """So many a minute in the long run, and so many at once; both at least 1."""

    per_minute: int
    burst: int

    def divided(self, among: int) -> Flow:
        """Return one worker's part of this, rounded down but never to nothing."""
        return Flow(max(1, self.per_minute // among), max(1, self.burst // among))

    def bucket(self) -> Bucket:
        """Make a bucket of it."""
        return Bucket(self.per_minute, MINUTE_MS, self.burst)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many refusals are recorded.

    Attributes:
        source, network, door: those of strangers.
        named: those of each that proved a name.
        told_every_ms: the time after which a count is due that goes on.
    """

    source: Flow
    network: Flow
    door: Flow
    named: Flow
    told_every_ms: int = 10_000

    def divided(self, among: int) -> Bounds:
        """Return one worker's part of this."""
        return Bounds(
            self.source.divided(among),
            self.network.divided(among),
            self.door.divided(among),
            self.named.divided(among),
            self.told_every_ms,
        )


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted together: what was turned away, at which door, and of whom (empty: of strangers)."""

    code: str
    door: str
    name: str = ""


@dataclass(slots=True)
class Count:
    """How many were turned away.

    Attributes:
        key: what, where, of whom.
        first_ms, last_ms: when the first and the last one was, of the clock that does not go back.
        reasons: how many for each reason code.
        networks: the networks that they came from most, each with a lower bound of its number.
    """

    key: Key
    first_ms: int
    last_ms: int
    reasons: dict[str, int] = field(default_factory=dict)
    networks: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.reasons.values())

    def add(self, reason: str, network: str, now_ms: int) -> None:
        """Count one more."""
        self.last_ms = max(self.last_ms, now_ms)
        if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
            reason = OTHER
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if network in self.networks or len(self.networks) < MOST_NETWORKS:
            self.networks[network] = self.networks.get(network, 0) + 1
            return
        self.networks = {name: seen - 1 for name, seen in self.networks.items() if seen > 1}

    def loudest(self) -> list[tuple[str, int]]:
        """Return the networks, the loudest first."""
        return sorted(self.networks.items(), key=lambda one: (-one[1], one[0]))


class _Table:
    """Buckets by key, those that were asked last; the one that was asked longest ago is forgotten first."""

    def __init__(self, flow: Flow, most: int) -> None:
        self._flow, self._most = flow, most
        self._buckets: OrderedDict[object, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def find(self, key: object) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = self._flow.bucket()
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket


class Refusals:
    """Says which refusals are recorded, and counts the others.

    Args:
        bounds: how many are recorded; `None` bounds nothing.
        most_sources: as `MOST_SOURCES`.
    """

    def __init__(self, bounds: Bounds | None = None, *, most_sources: int = MOST_SOURCES) -> None:
        self.bounds = bounds
        self._every_ms = bounds.told_every_ms if bounds is not None else 0
        self._counts: dict[Key, Count] = {}
        self._told_ms: dict[Key, int] = {}
        self.since_start: dict[Key, Count] = {}
        self._doors: dict[str, Bucket] = {}
        self._latest_ms = 0
        if bounds is not None:
            self._sources = _Table(bounds.source, most_sources)
            self._networks = _Table(bounds.network, most_sources)
            self._named = _Table(bounds.named, most_sources)
            self._had: OrderedDict[object, None] = OrderedDict()
            self._most = most_sources

    @property
    def remembered(self) -> int:
        """How many sources and networks are remembered now."""
        return 0 if self.bounds is None else len(self._sources) + len(self._networks)

    def admits_stranger(self, door: str, peer: str, now_ms: int) -> bool:
        """Take a record for a refusal of nobody in particular; False where it is to be turned away.

        Args:
            door: the route's id.
            peer: the caller's address; all that can't be read are one source.
            now_ms: milliseconds of a clock that does not go back.
        """
        if self.bounds is None:
            return True
        now_ms = self._latest_ms = max(self._latest_ms, now_ms)  # one time for all places that one stands at
        source, network = places_of(read_address(peer))
        at_door = self._doors.get(door)
        if at_door is None:
            at_door = self._doors[door] = self.bounds.door.bucket()
        kept = self.bounds.door.burst // 2 if source in self._had else 0
        here, near = self._sources.find(source), self._networks.find(network)
        if here.wait_ms(1, now_ms) or near.wait_ms(1, now_ms) or at_door.wait_ms(1 + kept, now_ms):
            return False
        for bucket in (here, near, at_door):
            bucket.take(1, now_ms)
        self._had[source] = None
        self._had.move_to_end(source)
        if len(self._had) > self._most:
            self._had.popitem(last=False)
        return True

    def admits(self, name: str, now_ms: int) -> bool:
        """Take a record for a refusal of somebody who proved a name; False where it is to be turned away.

        Args:
            name: whose bucket; names are registered, so that nobody makes new ones by calling.
            now_ms: milliseconds of a clock that does not go back.
        """
        return self.bounds is None or self._named.find(name).take(1, now_ms)

    def turn_away(self, key: Key, reason: str, peer: str, now_ms: int) -> None:
        """Count what was turned away.

        Args:
            key: what it is counted with.
            reason: the reason code that it would have been told.
            peer: the caller's address.
            now_ms: milliseconds of a clock that does not go back.
        """
        network = shown_network(read_address(peer))
        for counts in (self._counts, self.since_start):
            count = counts.get(key)
            if count is None:
                count = counts[key] = Count(key, now_ms, now_ms)
            count.add(reason, network, now_ms)

    def keep(self, count: Count) -> None:
        """Take a count back that could not be recorded; it is due again with what came meanwhile."""
        later = self._counts.get(count.key)
        self._counts[count.key] = count
        if later is not None:
            count.last_ms = max(count.last_ms, later.last_ms)
            for mine, theirs in ((count.reasons, later.reasons), (count.networks, later.networks)):
                for name, seen in theirs.items():
                    mine[name] = mine.get(name, 0) + seen

    def due(self, now_ms: int, *, last: bool = False) -> Iterator[Count]:
        """Yield the counts that are to be recorded now, and forget them; with `last`, all.

        Each is forgotten only as it is yielded: what is not asked for stays.
        """
        for key in [key for key, at in self._told_ms.items() if now_ms - at >= self._every_ms]:
            del self._told_ms[key]
        for key in list(self._counts):
            if last or key not in self._told_ms:
                self._told_ms[key] = now_ms
                yield self._counts.pop(key)


def places_of(address: Address | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return an address' source and network, as keys."""
    if address is None:
        return _NO_ADDRESS, _NO_ADDRESS
    bits, source, network = _BITS[address.version]
    number = int(address)
    return (
        (address.version, number >> bits - source),
        (address.version, number >> bits - network),
    )


def shown_network(address: Address | None) -> str:
    """Write an address' network for people: `198.51.100.0/24`, `2001:db8:7::/48`."""
    if address is None:
        return "unreadable"
    bits, _, network = _BITS[address.version]
    first = int(address) >> bits - network << bits - network
    return f"{type(address)(first)}/{network}"
