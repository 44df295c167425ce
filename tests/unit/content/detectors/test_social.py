"""WeChat and QQ accounts."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest

from zoneproxy.content.detectors.social import find
from zoneproxy.content.detectors.view import View


def found(text):
    return [hit.value for hit in find(View(text))]


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("微信号：jingxia_5928", "jingxia_5928"),
        ("加微信 wxid_dy1wlterwf5o7n", "wxid_dy1wlterwf5o7n"),
        ("WeChat ID: zhang_wei88", "zhang_wei88"),
        ("wx: lina2020", "lina2020"),
        ("QQ号 72527883", "72527883"),
        ("QQ:647\n6502", "6476502"),
    ],
)
def test_accounts_are_found_beside_their_words(text, account):
    """Z11: each service's word and a name of its form."""
    assert found(text) == [account]


@pytest.mark.parametrize(
    "text",
    [
        "WeChat has 1.3 billion users",
        "pay with wechat please",
        "a QQ plot of 5 values",
        "微信支付已完成",
        "wx.config",
    ],
)
def test_talk_of_the_services_is_not(text):
    """Payments, plots and numbers of users pass."""
    assert found(text) == []
