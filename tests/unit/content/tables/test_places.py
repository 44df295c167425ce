"""The names of places."""

from __future__ import annotations

from zoneproxy.content.tables.places import (
    DISTRICTS,
    LATIN_PREFECTURES,
    LATIN_PROVINCES,
    PREFECTURES,
    PROVINCES,
)


def test_the_mainland_is_whole_and_alone():
    """Thirty-one provinces; Taiwan, Hong Kong and Macau are outside."""
    assert len(PROVINCES) == 31
    assert {"广东", "新疆"} <= PROVINCES
    assert not PROVINCES & {"台湾", "香港", "澳门"}


def test_names_are_written_as_addresses_write_them():
    """Prefectures without their ending, districts with it, Latin names with their capitals."""
    assert "汕头" in PREFECTURES
    assert "龙湖区" in DISTRICTS
    assert {"Guangdong", "Shaanxi"} <= LATIN_PROVINCES
    assert {"Shantou", "Chengdu", "Harbin"} <= LATIN_PREFECTURES
