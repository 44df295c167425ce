"""`zoneproxy.config.allowances`: gaps are filled so that a body always fits."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zoneproxy.cli.init import TEMPLATE
from zoneproxy.config import parse
from zoneproxy.config.allowances import Allowed, Rate, RecordedRefusals
from zoneproxy.meter.refusals import Bounds, Flow
from zoneproxy.meter.turnstile import Allowance
from zoneproxy.terms.errors import ConfigError


def test_what_is_not_given_does_not_bound() -> None:
    """An empty part bounds nothing."""
    made = Allowed().allowance(1000)
    assert (made.concurrent, made.requests_per_minute, made.bytes_per_second) == (0, 0, 0)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"requests_per_minute": 30}, Allowance(0, 30, 1, 0, 1000)),
        ({"requests_per_minute": 600}, Allowance(0, 600, 10, 0, 1000)),
        ({"requests_per_minute": 600, "request_burst": 3}, Allowance(0, 600, 3, 0, 1000)),
        ({"bytes_per_second": 10}, Allowance(0, 0, 1, 10, 1000)),
        ({"bytes_per_second": 5000}, Allowance(0, 0, 1, 5000, 5000)),
        ({"concurrent": 7}, Allowance(7, 0, 1, 0, 1000)),
    ],
)
def test_a_burst_is_a_second_or_a_body(given: dict[str, int], made: Allowance) -> None:
    """Where no burst is given, a second's worth is taken, and never less than one request or body."""
    assert Allowed(**given).allowance(1000) == made


@pytest.mark.parametrize(
    "given", [{"concurrent": 0}, {"request_burst": -1}, {"concurrent": 1.5}, {"many": 1}]
)
def test_a_bound_of_nothing_is_a_mistake(given: dict[str, object]) -> None:
    """Whoever means to stop a tenant uses the kill switch."""
    with pytest.raises(ValidationError):
        Allowed(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limits: {tenant: {bytes_per_second: 5, byte_burst: 10}}", "never fits into 10"),
        ("limits: {zone: {concurrent: 3}}\nworkers: {count: 4}", "3 can't be divided among 4 workers"),
        (
            "limits: {refusals: {source: {per_minute: 3}}}\nworkers: {count: 4}",
            "3 can't be divided among 4 workers",
        ),
        (
            "limits: {refusals: {door: {per_minute: 600, at_once: 3}}}\nworkers: {count: 4}",
            "3 can't be divided among 4 workers",
        ),
        ("limits: {tenant: {requests_per_minute: 1}}\nworkers: {count: 2}", "1 can't be divided among 2"),
    ],
)
def test_a_bound_that_cannot_be_kept_is_a_mistake(text: str, told: str) -> None:
    """Z22: what would refuse everything, or allow more than is written, is told before the start."""
    template = TEMPLATE.format(zone="z-1", origin="zone.example/log", port=8443, sg="a" * 64, my="b" * 64)
    with pytest.raises(ConfigError) as caught:
        parse(f"{template}\n{text}\n".encode(), "zone.yaml")
    assert told in caught.value.message


def test_a_tenant_has_its_own() -> None:
    """An allowance of its own stands instead of that of all."""
    template = TEMPLATE.format(zone="z-1", origin="zone.example/log", port=8443, sg="a" * 64, my="b" * 64)
    own = template.replace("  - id: toyco-sg\n", "  - id: toyco-sg\n    limits: {concurrent: 5}\n", 1)
    assert own != template
    allowed = parse(own.encode(), "zone.yaml").allowances()
    assert set(allowed) == {"toyco-sg"}
    assert allowed["toyco-sg"].concurrent == 5


def test_what_is_not_said_of_refusals_has_its_default() -> None:
    """Two minutes' worth at once; the most workers there may be get a part of each default."""
    assert RecordedRefusals().bounds() == Bounds(
        Flow(120, 240), Flow(240, 480), Flow(360, 720), Flow(3000, 6000), 10_000
    )
    assert RecordedRefusals(door=Rate(per_minute=600, at_once=7)).bounds().door == Flow(600, 7)
    template = TEMPLATE.format(zone="z-1", origin="zone.example/log", port=8443, sg="a" * 64, my="b" * 64)
    text = f"{template}\nworkers: {{count: 64}}\n"
    assert parse(text.encode(), "zone.yaml").limits.refusals == RecordedRefusals()
