"""Vehicle plates of the mainland."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest

from zoneproxy.content.detectors.plate import find
from zoneproxy.content.detectors.view import View


def found(text):
    return [hit.value for hit in find(View(text))]


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("车牌号：豫AF98056", "豫AF98056"),
        ("plate 皖E27894", "皖E27894"),
        ("青G.K0405", "青GK0405"),
        ("新G.B\n7306", "新GB7306"),
        ("桂D1/0990/D", "桂D10990D"),
        ("湘 C F 2 5 6 6 6", "湘CF25666"),
        ("豫G796|7", "豫G79617"),
        ("粤Z1234港", "粤Z1234港"),
        ("粤b12a45", "粤B12A45"),
        ("**粤B12**345", "粤B12345"),
    ],
)
def test_plates_are_found(text, plate):
    """Z11: new energy, special endings, with dots, spaces and look-alikes."""
    assert found(text) == [plate]


@pytest.mark.parametrize(
    "text", ["京ABCDEF", "川I12345", "新ABC", "A12345", "粤A123456789", "新x100gpu", "苏a1test", "黑v10x2b"]
)
def test_what_is_no_plate_is_not_found(text):
    """Letters alone, forbidden letters, no province, too long."""
    assert found(text) == []
