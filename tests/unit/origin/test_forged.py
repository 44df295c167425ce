"""Headers that only the boundary writes (Z2)."""

from __future__ import annotations

import pytest

from zoneproxy.origin.forged import FLOW_HEADER, forged


@pytest.mark.parametrize(
    "name", ["zone-origin", "Zone-Flow", "X-Zone-Origin", "zone_origin", "ZONE", "x_zone_tag"]
)
def test_a_tag_of_the_clients_own_is_seen(name: str) -> None:
    """Z2: whatever its spelling, and as servers read it."""
    assert forged([("accept", "*/*"), (name, "overseas")])


@pytest.mark.parametrize("name", ["time-zone", "zoned", "ozone", "content-type", "x-timezone"])
def test_other_words_are_not_ours(name: str) -> None:
    """A name that merely holds the word is the client's."""
    assert not forged([(name, "x")])


def test_the_header_that_a_door_asks_for_is_expected_there() -> None:
    """A workload names the exchange that it serves; a customer may not."""
    assert not forged([("zone-flow", "x")], expected=(FLOW_HEADER,))
    assert forged([("zone-flow", "x")])
    assert forged([("zone_flow", "x")], expected=(FLOW_HEADER,))


@pytest.mark.parametrize(
    ("name", "value", "ours"),
    [
        ("signature-input", 'zone=("@method");created=1;keyid="x"', True),
        ("Signature", "zone=:AAAA:", True),
        ("signature", "sig1=:AAAA:, zone=:AAAA:", True),
        ("signature_input", 'sig1=("@method");tag="zone-origin"', True),
        ("signature-input", 'sig1=("@method");created=1;tag="web-bot-auth"', False),
        ("signature", "sig1=:AAAA:", False),
        ("signature", "timezone=:AAAA:", False),
    ],
)
def test_a_signature_that_passes_itself_off_as_the_tags_is_seen(name: str, value: str, *, ours: bool) -> None:
    """Z2: a signature of the client's own is no attempt, one by our name is."""
    assert forged([(name, value)]) is ours
