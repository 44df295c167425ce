"""WeChat and QQ accounts: a word that names them, and a name of their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import PERSONAL, Hit, View

KIND = "cn_social"
_WXID = re.compile(r"(?<![0-9A-Za-z_])wxid_[0-9a-z]{6,20}(?![0-9A-Za-z])", re.ASCII | re.IGNORECASE)
_WECHAT = re.compile(
    r"(?:微\s?信|威信|薇信|加微|[Vv]信|(?<![A-Za-z])(?:we\s?chat|weixin|wx|vx)(?![A-Za-z]))"
    r"(?:\s?(?:账号|帐号|账户|号码|号|id|ID|Id))?\s{0,8}[:：=是为|]?\s{0,8}[\"']?"
    r"(?P<name>[A-Za-z](?:[\r\n]{0,2}[A-Za-z0-9_-]){5,19})(?![A-Za-z0-9_@-])(?!\s{0,8}\.\w)",
    re.IGNORECASE,
)
_QQ = re.compile(
    r"(?<![A-Za-z0-9])Q\s?Q\s?(?:号码|账号|帐号|号|群|number|no\.?|id)?\s{0,8}[:：=是为|]?\s{0,8}[\"']?"
    r"(?P<name>[1-9](?:\s{0,3}\d){4,11})(?!\d)",
    re.IGNORECASE,
)
# Searched for first: one class of first signs, and the sign after it.
_WECHAT_CUE = re.compile(r"[微威薇加信WwVv](?:\s?信|微|[Ee]\s?[CcIi]|[Xx])")
_QQ_CUE = re.compile(r"[Qq]\s?[Qq]")
_LONGEST = 96
_NAMED = re.compile(r"号|id|[:：=]", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_MARK = re.compile(r"[0-9_]")


def find(view: View) -> Iterator[Hit]:
    """Find accounts beside the words that name the service."""
    text, lower = view.numerals, view.lower
    if "wxid_" in lower:
        for found in _WXID.finditer(text):
            yield Hit(KIND, found.start(), found.end(), 1, 500, PERSONAL, found.group().lower())
    for found in view.candidates(_WECHAT, text, view.places(_WECHAT_CUE, text, 1, _LONGEST)):
        name = _SPACE.sub("", found.group("name"))
        if name.lower().startswith("wxid_"):
            continue
        word = found.group()[: found.start("name") - found.start()]
        if _MARK.search(name) or (_NAMED.search(word) and view.han):
            yield Hit(KIND, *found.span("name"), 2, 400, PERSONAL, name.lower())
    for found in view.candidates(_QQ, text, view.places(_QQ_CUE, text, 0, _LONGEST)):
        value = _SPACE.sub("", found.group("name"))
        yield Hit(KIND, *found.span("name"), 2, 400, PERSONAL, value)
