"""`zoneproxy.config.front_envoy`: what holds for Envoy alone (the rest: `test_fronts.py`)."""

from __future__ import annotations

import yaml

from tests.support.front_zone import zone_yaml
from zoneproxy.config import parse
from zoneproxy.config.front_envoy import envoy
from zoneproxy.config.front_plan import plan


def test_it_is_yaml_without_an_admin_door() -> None:
    """No key stands twice, nothing but the doors listens, and no request is tried again."""
    text = envoy(plan(parse(zone_yaml().encode(), "zone.yaml")))
    found = yaml.safe_load(text)
    assert set(found) == {"overload_manager", "static_resources"}
    assert [one["name"] for one in found["static_resources"]["listeners"]] == ["cable-sg-1", "cable-my-1"]
    assert "retry_policy" not in text
