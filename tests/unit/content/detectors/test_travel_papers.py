"""Passports and permits: words decide, or check digits."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest

from zoneproxy.content.detectors.travel_papers import check_digit, find
from zoneproxy.content.detectors.view import View


def found(text):
    return [(hit.kind, hit.value) for hit in find(View(text))]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("护照号 EE9627948", "cn_passport", "EE9627948"),
        ("Chinese passport no. E714 9657 7", "cn_passport", "E71496577"),
        ("Chinese passport no. G 3 5 2 9 6 1 5 9", "cn_passport", "G35296159"),
        ("往来港澳通行证号码：L894,9536,3", "cn_travel_permit", "L89495363"),
        ("港澳通行证 CA04\n68699", "cn_travel_permit", "CA0468699"),
        ("two-way permit C05894863", "cn_travel_permit", "C05894863"),
        ("持EA1246545号中国护照入境", "cn_passport", "EA1246545"),
        ("E61706069的护照", "cn_passport", "E61706069"),
        ("traveller EB6142971 (Chinese passport)", "cn_passport", "EB6142971"),
        ("Chinese passport EAl2465I5", "cn_passport", "EA1246515"),
    ],
)
def test_papers_are_found_beside_their_words(text, kind, value):
    """Z11: in every writing."""
    assert found(text) == [(kind, value)]


def test_the_machine_readable_zone_is_checked():
    """The check digit of the number decides (ICAO Doc 9303)."""
    zone = "P<CHNZHANG<<WEI<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nE61706069{}CHN9001011M3001019<<<<<<<<<<<<<<04"
    assert check_digit("L898902C3") == "6"
    assert found(zone.format(check_digit("E61706069"))) == [("cn_passport", "E61706069")]
    assert found(zone.format("0")) == []


@pytest.mark.parametrize(
    "text",
    [
        "passport no 294078291 MYS",
        "Passport E0242006N (Singapore)",
        "UK passport E12345678",
        "E61706069",
        "part no. C05894863",
        "HKID E498065(8)",
    ],
)
def test_foreign_papers_and_part_numbers_are_not(text):
    """Without the word, or with another country, nothing is said."""
    assert found(text) == []
