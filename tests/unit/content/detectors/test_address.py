"""Postal addresses on the mainland."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest

from zoneproxy.content.detectors.address import find, find_latin
from zoneproxy.content.detectors.view import View


@pytest.mark.parametrize(
    "text",
    [
        "住址：山西省朔州市怀仁县学院路312号",
        "收货人：王桂芳 地址：福建省漳州市长泰县人民南路566号",
        "Ship to 李凤英, 湖北省潜江市人民南路533号17栋3105室, China",
        "汕头市龙湖区金砂路8号",
        "汕头市金砂路8号",
        "龙湖区金砂路8号",
        "贵州省黔东南苗族侗族自治州锦屏县学院路578号22栋",
    ],
)
def test_chinese_addresses_are_found(text):
    """Z11: levels of administration, a street and a number."""
    assert [hit.kind for hit in find(View(text))] == ["cn_name_address"]


@pytest.mark.parametrize(
    "text",
    [
        "吉隆坡武吉免登路33号 李美玲小姐",
        "台北市大安区仁爱路四段33号",
        "香港九龙弥敦道100号",
        "广东省汕头市是一座城市",
        "第8号决议",
        "中山路33号",
    ],
)
def test_places_overseas_and_talk_of_places_are_not_addresses(text):
    """Overseas Chinese addresses, bare places and bare streets pass."""
    assert list(find(View(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Zhang Wei, No. 8 Jinsha Road, Longhu District, Shantou, Guangdong 515041, China",
        "Room 1779, Renmin South Road, Wuhou District, Chengdu City, Sichuan Province, P.R. China",
    ],
)
def test_latin_addresses_are_found(text):
    """A street and two of district, prefecture, province and country."""
    assert [hit.kind for hit in find_latin(View(text))] == ["cn_name_address"]


@pytest.mark.parametrize(
    "text",
    [
        "12 Beijing Road, Singapore",
        "The road to China is long",
        "5 Orchard Road, District 9, Singapore",
        "Nanjing Road is famous",
    ],
)
def test_streets_elsewhere_pass(text):
    """A name alone is no address."""
    assert list(find_latin(View(text))) == []
