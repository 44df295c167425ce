"""Country codes."""

from __future__ import annotations

from zoneproxy.policy.countries import COUNTRIES, is_country


def test_the_list_is_iso_3166_1() -> None:
    """249 assigned codes, and Kosovo's."""
    assert len(COUNTRIES) == 250
    assert {"NO", "CN", "GB", "SG", "XK"} <= COUNTRIES


def test_codes_that_no_evidence_gives_are_not_countries() -> None:
    """A rule about `UK` or `EU` would never fire."""
    assert not any(is_country(code) for code in ("UK", "EU", "ZZ", "sg", ""))
