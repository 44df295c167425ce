"""The part of `zone.yaml` that bounds how much a tenant, or all tenants together, may ask for.

Every bound holds in one process. Where several workers serve, each gets an equal part, rounded down: the zone
never allows more than is written here, and somewhat less where the kernel does not balance connections
evenly. While workers are replaced, old and new ones count apart until the old have drained.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from zoneproxy.config.part import Part, Seconds
from zoneproxy.meter.refusals import Bounds, Flow
from zoneproxy.meter.turnstile import Allowance
from zoneproxy.policy.read import Source

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Allowed(Part):
    """What may be asked for; a bound that is not given does not bound."""

    concurrent: Count | None = Field(None, description="exchanges under way at once")
    requests_per_minute: Count | None = Field(None, description="requests in the long run")
    request_burst: Count | None = Field(
        None, description="requests at once; those of a second where not given, at least one"
    )
    bytes_per_second: Count | None = Field(
        None, description="bodies of requests and answers, in the long run"
    )
    byte_burst: Count | None = Field(
        None, description="bytes at once; the largest request body, or those of a second, where not given"
    )

    def allowance(self, max_body_bytes: int) -> Allowance:
        """Return it as the turnstile takes it, its gaps filled.

        Args:
            max_body_bytes: the largest request body, which a burst must hold.
        """
        minute, second = self.requests_per_minute or 0, self.bytes_per_second or 0
        return Allowance(
            self.concurrent or 0,
            minute,
            self.request_burst or max(1, minute // 60),
            second,
            self.byte_burst or max(1, second, max_body_bytes),
        )


class Rate(Part):
    """How often something may be."""

    per_minute: Count = Field(description="in the long run")
    at_once: Count | None = Field(None, description="those of two minutes where not given")

    def flow(self) -> Flow:
        """Return it as the buckets take it."""
        return Flow(self.per_minute, self.at_once or 2 * self.per_minute)


def _rate(per_minute: int, words: str) -> Any:
    return Field(
        default_factory=lambda: Rate(per_minute=per_minute, at_once=None),
        description=f"{words}; {per_minute:,} a minute where not given",
    )


class RecordedRefusals(Part):
    """How many refusals get a record each; beyond that they are counted, and not told."""

    source: Rate = _rate(120, "of strangers, from one address (of IPv6 from one /64)")
    network: Rate = _rate(240, "of strangers, from one /24 (of IPv6 from one /48)")
    door: Rate = _rate(360, "of strangers, at one door")
    registered: Rate = _rate(3000, "of one tenant, of the calls made for it, or of one maintenance lane")
    told_every_s: Seconds = Field(10.0, description="the time after which a count that goes on is recorded")

    def bounds(self) -> Bounds:
        """Return them as the boundary takes them."""
        return Bounds(
            self.source.flow(),
            self.network.flow(),
            self.door.flow(),
            self.registered.flow(),
            int(self.told_every_s * 1000),
        )


def check_limits(source: Source, config: Any) -> None:
    """Each bound can be kept: a body fits into a burst, and each worker gets a part of what is bounded."""
    parts: list[tuple[tuple[str | int, ...], Allowed | None]] = [
        (("limits", "zone"), config.limits.zone),
        (("limits", "tenant"), config.limits.tenant),
        *((("tenants", index, "limits"), tenant.limits) for index, tenant in enumerate(config.tenants)),
    ]
    for path, part in parts:
        if part is None:
            continue
        most = config.limits.max_body_bytes
        if part.bytes_per_second is not None and part.allowance(most).byte_burst < most:
            what = f"a request of `max_body_bytes` ({most}) never fits into {part.byte_burst}"
            source.report((*path, "byte_burst"), "ZC0007", what, remedy="give a larger burst")
        for name, value in part.model_dump(exclude={"byte_burst", "request_burst"}).items():
            if value is not None and value < config.workers.count:
                what = f"{value} can't be divided among {config.workers.count} workers"
                source.report((*path, name), "ZC0007", what, remedy="give more, or run fewer workers")
    for whose in ("source", "network", "door", "registered"):
        for name, value in getattr(config.limits.refusals, whose).model_dump().items():
            if value is not None and value < config.workers.count:
                what = f"{value} can't be divided among {config.workers.count} workers"
                place = ("limits", "refusals", whose, name)
                source.report(place, "ZC0007", what, remedy="give more, or run fewer workers")
