"""Domestic mail addresses, hosts and IP addresses."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest

from zoneproxy.content.detectors.network import (
    find_address,
    find_email,
    find_host,
    find_listed_host,
    find_six,
)
from zoneproxy.content.detectors.view import View
from zoneproxy.content.tables import networks6
from zoneproxy.content.tables.networks import blocks


def said(find, text):
    return [hit.value for hit in find(View(text, networks=blocks()))]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("请发到dengtao@189.cn谢谢", "dengtao@189.cn"),
        ("mail to Zhang.Wei@VIP.QQ.com.", "zhang.wei@vip.qq.com"),
        ("email: gang52 \n @qq.com", "gang52@qq.com"),
        ("jie39337@shantou.gov.сn", "jie39337@shantou.gov.cn"),
    ],
)
def test_domestic_mail_is_found(text, address):
    """Z11: by the right end of its domain."""
    assert said(find_email, text) == [address]


@pytest.mark.parametrize(
    "text", ["a@163.com.sg", "a@qq.co.id", "team@126mail.net", "qq@yahoo.com", "a@cn.example.org", "@qq.com"]
)
def test_domains_that_look_alike_are_elsewhere(text):
    """The right end decides."""
    assert said(find_email, text) == []


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Referer: https://tjj.gd.gov.cn/list", "tjj.gd.gov.cn"),
        ("jdbc:mysql://db.csg.cn:3306/x", "db.csg.cn"),
        ("ftp://user@files.csg.cn", "files.csg.cn"),
        ('{"host": "www.12306.cn"}', "www.12306.cn"),
    ],
)
def test_domestic_hosts_are_found_where_something_points_to_them(text, host):
    """Z5: in URLs, connection strings and headers."""
    assert said(find_host, text) == [host]


@pytest.mark.parametrize(
    "text",
    [
        "https://gov.cn.example.com/",
        "https://shop.my/zh-cn/",
        "https://x.org/gov.cn.html",
        "https://cn.example.org/",
        "mail a@b.cn",
    ],
)
def test_hosts_that_look_alike_are_elsewhere(text):
    """A label's boundary decides."""
    assert said(find_host, text) == []


@pytest.mark.parametrize("text", ["client_ip=119.134.95.169", "1 1 7 . 2 1 . 1 7 5 . 9 8", "58.119\n.142.4"])
def test_domestic_addresses_are_found(text):
    """In the networks that are delegated to the country."""
    assert len(said(find_address, text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "203.0.113.7",
        "10.1.2.3",
        "8.8.8.8",
        "version 119.134.95.169",
        "119.134.95.169.5",
        "300.1.1.1",
        "119.134.095.169",
    ],
)
def test_other_addresses_and_versions_pass(text):
    """Private, foreign and documentation networks, versions and broken forms."""
    assert said(find_address, text) == []


def test_without_networks_nothing_is_said():
    """An operator may switch the table off."""
    assert list(find_address(View("119.134.95.169"))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 240e:3a0:1:2::5 now", True),
        ("[2408:8000:a::1]:443", True),
        ("2001:4860:4860::8888", False),
        ("at 20:15:30 we met", False),
        ("2001:250:zz", False),
    ],
)
def test_ipv6_addresses(text, found):
    """Domestic networks of IPv6 count; foreign ones, times and broken ones do not."""
    assert bool(list(find_six(View(text, networks6=networks6.blocks())))) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("get https://oss-1.aliyuncs.example/x", True),
        ("host: aliyuncs.example", True),
        ("https://notaliyuncs.example/x", False),
        ("https://aliyuncs.example.com/x", False),
        ("we like aliyuncs.example a lot", False),
    ],
)
def test_hosts_of_the_operators_own_list(text, found):
    """A listed domain counts with all below it, in a URL or a header, at a label's boundary."""
    view = View(text, hosts=frozenset({"aliyuncs.example"}))
    assert bool(list(find_listed_host(view))) is found
