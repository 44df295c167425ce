"""The paranoid levels: what they add, and that they only suspect."""

from __future__ import annotations

import pytest

from tests.unit.content.identifiers import KEY, near_miss, resident_id
from zoneproxy.content.scan import ScanSettings, scan_text, verdict
from zoneproxy.terms.finding import Segment

CASES = [
    (3, "cn_resident_id", f"身份证 {near_miss(resident_id(1))}"),
    (3, "cn_mobile", "手机 14012345678"),
    (3, "cn_landline", "0596-1234567"),
    (3, "cn_bank_card", "卡号 6217001234567890"),
    (2, "cn_bank_card", "工行卡 6217001234567890"),
    (3, "cn_name_address", "南山深南大道100号"),
    (2, "cn_name_address", "快递寄到朝阳建国路100号"),
    (4, "cn_resident_id", f"7{resident_id(2)[:-1]}{resident_id(2)[-1]}7".replace("X", "X")),
    (4, "cn_landline", "075512345678"),
    (4, "cn_passport", "no. E12345678 x"),
    (4, "cn_name_address", "在广东省汕头市龙湖区"),
    (4, "cn_domestic_host", "the site shantou.gov.cn is"),
]


def kinds(text, level):
    return {finding.kind for finding in scan_text(text, Segment.USER, ScanSettings(level, KEY))}


@pytest.mark.parametrize(("level", "kind", "text"), CASES)
def test_a_level_adds_its_own(level, kind, text):
    """Z11: a loose form is reported from its level on, and below it not at all."""
    assert kind in kinds(text, level)
    assert kind not in kinds(text, level - 1)


@pytest.mark.parametrize(("level", "kind", "text"), CASES)
def test_a_loose_finding_only_suspects(level, kind, text):
    """What fails a check or lacks its word never makes a text detected."""
    found = [f for f in scan_text(text, Segment.USER, ScanSettings(level, KEY)) if f.kind == kind]
    assert verdict(found[:1], scanned_all=True).mixing == "suspected"


@pytest.mark.parametrize("text", ["台北中山路100号", "寄到新加坡南京街 5号", "in 0812-3456", "E12345678901"])
def test_what_is_elsewhere_or_something_else(text):
    """The strictest level still looks at boundaries and at places outside."""
    assert kinds(text, 4) == set()
