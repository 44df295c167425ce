"""Domestic mail addresses, hosts and IP addresses.

A domain counts by its right end (`163.com.sg` and `qq.co.id` are elsewhere); a host counts in a
URL, a connection string or a header, at a label's boundary (`gov.cn.example.com`, `/zh-cn/` and
`gov.cn.html` are none); an IPv4 address counts in a domestic network and not as a version number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from ipaddress import IPv6Address

from zoneproxy.content.detectors.view import IMPORTANT, PERSONAL, Hit, View
from zoneproxy.content.effort import CANDIDATE

EMAIL = "cn_email_domestic"
HOST = "cn_domestic_host"
ADDRESS = "cn_ip"
# Mail services and large employers, by their last two labels.
_DOMAINS = frozenset(
    f"{name}.{top}"
    for top, names in {
        "com": "qq foxmail 163 126 188 sina sohu 139 189 21cn tom aliyun 263 eyou 58 sogou 3126 netease"
        " chinaren hexun chinamobile chinatelecom chinaunicom tencent baidu alibaba-inc huawei bytedance jd"
        " 10086 10010 icbc sgcc cnpc sinopec csg",
        "net": "yeah 263 163 21cn",
    }.items()
    for name in names.split()
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])(?P<local>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63})\s{0,4}@\s{0,4}"
    r"(?P<domain>(?:[A-Za-z0-9-]{1,63}\s{0,3}\.\s{0,3}){1,6}[A-Za-z]{2,24})(?![A-Za-z0-9-]|\.[A-Za-z0-9])",
    re.ASCII,
)
_HOST = re.compile(
    r"(?<![A-Za-z0-9.-])(?P<host>(?:[A-Za-z0-9_-]{1,63}\.){1,8}(?:cn|xn--fiqs8s|中国))"
    r"(?![A-Za-z0-9-]|\.[A-Za-z0-9])",
    re.ASCII | re.IGNORECASE,
)
_ANY_HOST = re.compile(
    r"(?<![A-Za-z0-9.-])(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z0-9-]{2,24}(?![A-Za-z0-9-]|\.[A-Za-z0-9])",
    re.ASCII,
)
_HOST_BEFORE = re.compile(
    r"(?:/{2}(?:[^\s/@]{1,64}@)?|\b(?:host|hostname|server|origin|referer|referrer|domain|endpoint|url|ssh|sftp|ping|curl)"
    r"[\"'\s:=]{1,4}|@(?:tcp\()?)\Z",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z.])(?=(\d(?:\s?\d){0,2}(?:\s{0,3}\.\s{0,3}\d(?:\s?\d){0,2}){3})"
    r"(?![0-9]|\.\d|[A-Za-z]))",
    re.ASCII,
)
_CUE = re.compile(r"\d\s{0,3}\.\s{0,3}\d(?:\s?\d){0,2}\s{0,3}\.\s{0,3}\d", re.ASCII)
_BEFORE, _BEHIND = 8, 24
_NOT_AN_ADDRESS = re.compile(
    r"(?:\bversion|\bver\.?|\bv|\brelease|\bsection|\bchapter|§)[\s:=]*\Z", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
# Steps of a look at the words before a host.
_CLOSE_LOOK = 64
_MOST, _LAST = 255, 2**32


# All domestic networks lie in 2000::/4; two groups of it and a colon are the cue.
_SIX_CUE = re.compile(r"2[0-9A-Fa-f]{3}(?<![0-9A-Za-z:.][0-9A-Fa-f]{4}):[0-9A-Fa-f]{1,4}:", re.ASCII)
_SIX = re.compile(r"2[0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:])", re.ASCII)
_LONGEST_SIX, _LAST_SIX = 40, 2**128


def maybe_six(text: str) -> bool:
    """Tell cheaply whether a text may have a domestic IPv6 address."""
    return _SIX_CUE.search(text) is not None


def find_six(view: View) -> Iterator[Hit]:
    """Find IPv6 addresses in domestic networks."""
    for found in _SIX_CUE.finditer(view.text):
        if not view.effort.spend(CANDIDATE):
            return
        whole = _SIX.match(view.text, found.start(), found.end() + _LONGEST_SIX)
        if whole is None:
            continue
        try:
            number = int(IPv6Address(whole.group()))
        except ValueError:
            continue
        at = bisect_right(view.networks6, (number, _LAST_SIX)) - 1
        if at >= 0 and number <= view.networks6[at][1]:
            yield Hit(ADDRESS, *whole.span(), 2, 350, PERSONAL, str(IPv6Address(number)))


def find_email(view: View) -> Iterator[Hit]:
    """Find addresses at domestic mail services and under .cn."""
    for found in _EMAIL.finditer(view.text):
        if not view.effort.spend(CANDIDATE):
            return
        domain = _SPACE.sub("", found.group("domain")).lower()
        if is_domestic(domain):
            value = f"{found.group('local').lower()}@{domain}"
            yield Hit(EMAIL, found.start(), found.end(), 1, 400, PERSONAL, value)


def is_domestic(domain: str) -> bool:
    """Tell whether a mail domain is a domestic service's or lies under .cn.

    >>> is_domestic("vip.qq.com"), is_domestic("163.com.sg")
    (True, False)
    """
    labels = domain.split(".")
    return labels[-1] == "cn" or ".".join(labels[-2:]) in _DOMAINS


def find_host(view: View) -> Iterator[Hit]:
    """Find domestic hosts in URLs, connection strings and headers."""
    for found in _HOST.finditer(view.text):
        if not view.effort.spend(_CLOSE_LOOK):
            return
        before = view.before(found.start(), 80)
        if _HOST_BEFORE.search(before) and not _is_mail(before):
            yield Hit(HOST, *found.span("host"), 2, 350, IMPORTANT, found.group("host").lower())


def find_listed_host(view: View) -> Iterator[Hit]:
    """Find hosts under the operator's own list of domestic domains."""
    for found in _ANY_HOST.finditer(view.text):
        host = found.group().lower()
        if not view.effort.spend(CANDIDATE):
            return
        if not _is_listed(host, view.hosts):
            continue
        before = view.before(found.start(), 80)
        if _HOST_BEFORE.search(before) and not _is_mail(before):
            yield Hit(HOST, *found.span(), 2, 350, IMPORTANT, host)


def _is_listed(host: str, hosts: frozenset[str]) -> bool:
    """Tell whether a host is one of the domains, or below one."""
    labels = host.split(".")
    return any(".".join(labels[at:]) in hosts for at in range(len(labels)))


def _is_mail(before: str) -> bool:
    return before.endswith("@") and "//" not in before


def find_address(view: View) -> Iterator[Hit]:
    """Find IPv4 addresses in domestic networks."""
    if not view.networks:
        return
    places = view.places(_CUE, view.digits, _BEFORE, _BEHIND)
    for found in view.candidates(_ADDRESS, view.digits, places):
        written = _SPACE.sub("", found.group(1))
        parts = [int(part) for part in written.split(".")]
        if max(parts) > _MOST or any(part != str(int(part)) for part in written.split(".")):
            continue
        number = int.from_bytes(bytes(parts), "big")
        at = bisect_right(view.networks, (number, _LAST)) - 1
        if at < 0 or number > view.networks[at][1]:
            continue
        if not _NOT_AN_ADDRESS.search(view.before(found.start(1), 16)):
            yield Hit(ADDRESS, *found.span(1), 2, 350, PERSONAL, written)
