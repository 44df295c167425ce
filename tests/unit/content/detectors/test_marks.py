"""Marks of secrets, graded data, official documents and surveys: two cues, never one."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest

from zoneproxy.content.detectors.marks import find_class, find_document, find_survey
from zoneproxy.content.detectors.view import View


def count(find, text):
    return len(list(find(View(text))))


@pytest.mark.parametrize(
    "text", ["绝密★启用前", "密级：秘密", "数据级别：核心数据", "密 级: 机 密", "【重要数据】"]
)
def test_classifications_are_found(text):
    """With the star, or after the word for level."""
    assert count(find_class, text) == 1


@pytest.mark.parametrize(
    "text", ["什么是重要数据？", "小说《绝密飞行》第460章", "商业秘密保护", "核心数据分析师招聘"]
)
def test_talk_of_secrets_is_no_classification(text):
    """Laws, novels and advertisements pass."""
    assert count(find_class, text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "广东省自然资源厅办公室\n签发人：李海燕\n粤办函[2016]149号",
        "广东省通信管理局文件\n汕府〔2022〕105号\n关于印发《实施方案》的通知\n各区县人民政府：",
    ],
)
def test_documents_are_found_by_number_and_header(text):
    """A number with a signer, a header or an addressee."""
    assert count(find_document, text) == 1


def test_a_citation_is_no_document():
    """Anyone may cite a number."""
    assert count(find_document, "根据《国务院关于印发纲要的通知》（国发〔2015〕50号），") == 0


@pytest.mark.parametrize(
    "text",
    [
        "CGCS2000 坐标: 119.312027,34.087909",
        "CRS=EPSG:4490 POLYGON((98.586230 31.798781,104.700367 23.130842))",
    ],
)
def test_surveys_are_found_by_datum_and_coordinates(text):
    """Survey precision in a national datum, inside the country."""
    assert count(find_survey, text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "WGS84 119.312027,34.087909",
        "EPSG:4490 is a datum",
        "CGCS2000 103.8,1.3",
        "EPSG:4490 103.851959,1.290270",
    ],
)
def test_other_coordinates_pass(text):
    """Another datum, too coarse, or elsewhere."""
    assert count(find_survey, text) == 0
