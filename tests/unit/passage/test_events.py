"""`zoneproxy.passage.events`: what can happen is a closed list of values, each known to the table."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.zone_world import body, head, pin
from zoneproxy.passage import events
from zoneproxy.passage.events import AnswerBody, AnswerEnd, Event, Fault, UpstreamFailed
from zoneproxy.passage.machine import TABLE
from zoneproxy.terms.reasons import REASONS


def test_every_event_has_a_place_in_the_table_and_the_table_no_other() -> None:
    """Z22: no event exists for which nobody has said where it may come and what it may lead to."""
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert {event for row in TABLE.values() for event in row} == kinds - {Event}


def test_what_happened_can_not_be_changed() -> None:
    """Z13: what is recorded of an event is what the driver saw."""
    for event in (head(), body(), Fault("hook"), AnswerEnd(pin()), AnswerBody(b"", pin())):
        name = dataclasses.fields(event)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(event, name, "other")


def test_an_upstream_failure_is_told_by_a_known_reason() -> None:
    """Z22: the reason that stands where the driver gives none is one of the closed table."""
    assert UpstreamFailed().reason in REASONS
