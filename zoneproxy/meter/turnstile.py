"""How much each tenant, and all together, may have under way and ask for.

A request passes the turnstile twice: when its head proves its tenant (`enter`), and when its body is read
(`carry`). It leaves once, at its very end (`leave`), with the bytes of its answer, which nobody knows before:
they are spent from the same bucket afterwards, and a debt refuses what comes next. A refusal takes nothing
from anybody, and says how long to stay away.

Memory: one entry for each tenant that has been here; tenants are registered, so nobody fills it by calling.

The limits of a tenant are looked at before those of the zone: who asks too much is told so, not that the zone
is full.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.meter.bucket import Bucket

SECOND_MS, MINUTE_MS = 1000, 60_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be asked for; 0 where nothing bounds it.

    Attributes:
        concurrent: exchanges under way at once.
        requests_per_minute, request_burst: how often, and how often at once.
        bytes_per_second, byte_burst: bodies of requests and answers together, and how much at once.
    """

    concurrent: int = 0
    requests_per_minute: int = 0
    request_burst: int = 1
    bytes_per_second: int = 0
    byte_burst: int = 1

    def divided(self, among: int) -> Allowance:
        """Return one worker's part of this, rounded down but never to nothing."""

        def part(value: int) -> int:
            return 0 if value == 0 else max(1, value // among)

        return Allowance(
            part(self.concurrent),
            part(self.requests_per_minute),
            part(self.request_burst),
            part(self.bytes_per_second),
            # A body must fit into a burst whoever takes it, so this alone is not divided.
            self.byte_burst,
        )


@dataclass(frozen=True, slots=True)
class Beyond:
    """A limit that a request is beyond.

    Attributes:
        limit: a value of the fact `control.limit`.
        retry_after_s: whole seconds after which it may fit, at least 1.
    """

    limit: str
    retry_after_s: int


@dataclass(slots=True)
class _Place:
    """What one tenant, or all together, have under way."""

    allowance: Allowance
    requests: Bucket | None = field(init=False, default=None)
    bytes: Bucket | None = field(init=False, default=None)
    under_way: int = 0

    def __post_init__(self) -> None:
        self.allow(self.allowance)

    def allow(self, allowance: Allowance) -> None:
        """Take another allowance from now on; what is under way stays counted."""
        self.allowance = allowance
        self.requests = self.bytes = None
        if allowance.requests_per_minute:
            self.requests = Bucket(allowance.requests_per_minute, MINUTE_MS, allowance.request_burst)
        if allowance.bytes_per_second:
            self.bytes = Bucket(allowance.bytes_per_second, SECOND_MS, allowance.byte_burst)

    def refuses_entry(self, whose: str, now_ms: int) -> Beyond | None:
        if self.allowance.concurrent and self.under_way >= self.allowance.concurrent:
            return Beyond(f"{whose}_concurrency", 1)
        return _beyond(self.requests, f"{whose}_requests", 1, now_ms) or _beyond(
            self.bytes, f"{whose}_bytes", 0, now_ms
        )


def _beyond(bucket: Bucket | None, limit: str, count: int, now_ms: int) -> Beyond | None:
    wait_ms = 0 if bucket is None else bucket.wait_ms(count, now_ms)
    return Beyond(limit, -(-wait_ms // SECOND_MS)) if wait_ms else None


class Turnstile:
    """Lets requests in as long as they are within the limits.

    Args:
        zone: what all may ask for together.
        tenant: what each tenant may, unless it has an allowance of its own.
        own: the allowances of those that have.
        lock: held while anything is counted, where requests are looked at in several threads.
    """

    def __init__(
        self,
        zone: Allowance,
        tenant: Allowance,
        own: Mapping[str, Allowance],
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._lock = nullcontext() if lock is None else lock
        self._zone = _Place(zone)
        self._tenant, self._own = tenant, dict(own)
        self._places: dict[str, _Place] = {}

    def enter(self, tenant: str, now_ms: int) -> Beyond | None:
        """Count a request in, or say which limit it is beyond."""
        with self._lock:
            place = self._place(tenant)
            beyond = place.refuses_entry("tenant", now_ms) or self._zone.refuses_entry("zone", now_ms)
            if beyond is not None:
                return beyond
            for one in (place, self._zone):
                one.under_way += 1
                if one.requests is not None:
                    one.requests.take(1, now_ms)
            return None

    def carry(self, tenant: str, count: int, now_ms: int) -> Beyond | None:
        """Take a request's bytes, or say which limit they are beyond; the request stays counted."""
        with self._lock:
            place = self._place(tenant)
            beyond = _beyond(place.bytes, "tenant_bytes", count, now_ms) or _beyond(
                self._zone.bytes, "zone_bytes", count, now_ms
            )
            if beyond is None:
                self._spend(place, count, now_ms)
            return beyond

    def leave(self, tenant: str, count: int, now_ms: int) -> None:
        """Count a request out, with the bytes of its answer; once for each that entered."""
        with self._lock:
            place = self._place(tenant)
            for one in (place, self._zone):
                one.under_way -= 1
            self._spend(place, count, now_ms)

    def allow(self, own: Mapping[str, Allowance], registered: Collection[str]) -> None:
        """Take other allowances of tenants; who is no longer registered and has nothing here is forgotten."""
        with self._lock:
            self._own = dict(own)
            for tenant, place in list(self._places.items()):
                wanted = self._own.get(tenant, self._tenant)
                if tenant not in registered and not place.under_way:
                    del self._places[tenant]
                elif place.allowance != wanted:
                    place.allow(wanted)

    def under_way(self, tenant: str | None = None) -> int:
        """Return how many requests of a tenant, or of all, are under way."""
        place = self._zone if tenant is None else self._places.get(tenant)
        return 0 if place is None else place.under_way

    def _place(self, tenant: str) -> _Place:
        place = self._places.get(tenant)
        if place is None:
            place = self._places[tenant] = _Place(self._own.get(tenant, self._tenant))
        return place

    def _spend(self, place: _Place, count: int, now_ms: int) -> None:
        for one in (place, self._zone):
            if one.bytes is not None:
                one.bytes.spend(count, now_ms)
