"""`zoneproxy.config.privacy`: defaults that keep what must be kept, and mistakes told at their place."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.cases.test_zone_yaml import good
from zoneproxy.config import parse
from zoneproxy.terms.errors import ConfigError


def read(privacy: dict[str, Any]) -> Any:
    return parse(yaml.safe_dump(good() | {"privacy": privacy}).encode(), "zone.yaml").privacy


def test_defaults() -> None:
    """Z17: encrypted under a key of its own, three years and half a year."""
    made = parse(yaml.safe_dump(good()).encode(), "zone.yaml").privacy
    assert (made.key, made.regulator, made.older_keys) == ("keys/opening.key", None, [])
    policy = made.retention.policy()
    assert (policy.days, policy.entries_days) == ({"record": 1096, "operational": 183}, 1096)


def test_everything_can_be_set() -> None:
    """Days, classes and keys are the operator's choice."""
    retention = {"record": 200, "operational": 30, "entries": 400, "classes": {"alarm": "record"}}
    made = read({"key": "k", "older_keys": ["o"], "regulator": "r.pub", "retention": retention})
    assert made.retention.policy().days == {"record": 200, "operational": 30}
    assert made.retention.policy().classes == {"alarm": "record"}


@pytest.mark.parametrize(
    ("privacy", "words"),
    [
        ({"retention": {"classes": {"policy": "record"}}}, "`policy` have no private part"),
        ({"retention": {"classes": {"alarm": "for ever"}}}, "for ever"),
        ({"retention": {"record": 0}}, "record"),
        ({"retention": {"record": 1000, "entries": 500}}, "longer than their entries"),
        ({"kee": "x"}, "unknown field `kee`"),
    ],
)
def test_mistakes_are_told(privacy: dict[str, Any], words: str) -> None:
    """A retention that can't be is refused before the zone starts."""
    with pytest.raises(ConfigError) as caught:
        read(privacy)
    assert words in caught.value.message
