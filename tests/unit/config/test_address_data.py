"""`zoneproxy.config.address_data`: data files on addresses, and what each of them speaks of."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.cases.test_zone_yaml import good
from zoneproxy.config import parse
from zoneproxy.terms.errors import ConfigError


def read(part: dict[str, Any] | None) -> Any:
    data = good() | ({} if part is None else {"address_data": part})
    return parse(yaml.safe_dump(data).encode(), "zone.yaml").address_data


def test_defaults() -> None:
    """Nothing is asked unless files are named; where an address is *used* decides on its country."""
    assert read(None) is None
    made = read({"home": ["CN"], "country_mmdb": "data/country.mmdb"})
    assert made.spoken() == {"geoip": "country", "registry": "side", "routing": "side"}


def test_what_a_source_speaks_of_is_the_operators_choice() -> None:
    """A zone that wants more contradictions may have them."""
    made = read({"home": ["CN"], "delegated": ["data/apnic"], "says": {"registry": "country"}})
    assert made.spoken()["registry"] == "country"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"country_mmdb": "a"}, "home"),
        ({"home": [], "country_mmdb": "a"}, "home"),
        ({"home": ["cn"], "country_mmdb": "a"}, "home"),
        ({"home": ["CN"]}, "no file says"),
        ({"home": ["CN"], "country_mmdb": "a", "asn_mmdb": "b"}, "whose the autonomous systems are"),
        ({"home": ["CN"], "country_mmdb": "a", "says": {"geoip": "city"}}, "geoip"),
    ],
)
def test_mistakes_are_told(part: dict[str, Any], words: str) -> None:
    """Files that could say nothing are refused before anything starts."""
    with pytest.raises(ConfigError) as caught:
        read(part)
    assert words in caught.value.message
