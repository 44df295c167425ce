"""`zoneproxy.config.front_nginx`: the whole text, held by a golden file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.front_zone import FRONT, zone_yaml
from zoneproxy.config import parse
from zoneproxy.config.front_nginx import nginx
from zoneproxy.config.front_plan import plan
from zoneproxy.terms.errors import ConfigError

GOLDEN = Path(__file__).with_name("front") / "nginx.conf"
FRONTED = False


def made(text: str) -> str:
    return nginx(plan(parse(text.encode(), "zone.yaml")))


def test_the_text_is_the_golden_one() -> None:
    """The same zone.yaml gives the same bytes; who changes them sees the difference here."""
    assert made(zone_yaml(fronts=FRONTED)) == GOLDEN.read_text("utf-8")


def test_numbers_follow_the_limits() -> None:
    """Limits that change in zone.yaml change in the front."""
    limits = "\nlimits: {max_body_bytes: 7654321, answer_timeout_s: 4321.0}\n"
    text = made(zone_yaml(fronts=FRONTED, front=FRONT + limits))
    assert "7654321" in text
    assert "4386s" in text
    assert "8388608" not in text


def test_a_door_of_the_other_kind_is_refused() -> None:
    """Z1: a front that could not tell who calls is not made."""
    with pytest.raises(ConfigError) as caught:
        made(zone_yaml(fronts=not FRONTED))
    assert "cable-sg-1" in caught.value.message
    assert caught.value.hint
