"""`zoneproxy.config.realtime`: sessions are off until they are named, and bounded when they are."""

from __future__ import annotations

import pytest

from tests.unit.config.test_reading import TEXT, mistakes
from zoneproxy.config import parse
from zoneproxy.passage.rules import SessionLimits


def test_no_session_is_opened_by_default() -> None:
    """Z22: what `init` writes opens none; an empty part opens them within the usual bounds."""
    assert parse(TEXT.encode(), "zone.yaml").realtime is None
    part = parse((TEXT + "realtime: {}\n").encode(), "zone.yaml").realtime
    assert part is not None
    assert part.limits() == SessionLimits()


def test_the_bounds_are_what_the_passage_gets() -> None:
    """Each is taken over by its name."""
    part = parse((TEXT + "realtime: {max_messages: 5, idle_timeout_s: 2}\n").encode(), "zone.yaml").realtime
    assert part is not None
    assert (part.limits().max_messages, part.limits().idle_timeout_s) == (5, 2.0)


@pytest.mark.parametrize(
    "text", ["realtime: {max_messages: 0}", "realtime: {ping_s: 0}", "realtime: {on: true}"]
)
def test_a_bound_that_bounds_nothing_is_a_mistake(text: str) -> None:
    """The place is told."""
    assert "realtime" in mistakes((TEXT + text + "\n").encode())
