"""Where an identifier that begins with letters may have begun at the end of a growing text.

A mail address shows itself at its `@` (the name before it has gone, if it came alone), a host at
the `//` of its URL, a plate at its province and letter, an account at its service's word, an
address at its province, prefecture or district, an IPv6 address at its first digit, a passport or permit at
its letters where a word for it went before. From there on the text waits, at most
`LONGEST` characters, until something follows that can't belong to it.

    >>> approach_start("see https://www.exa"), approach_start("see www and go")
    (4, 14)
"""

from __future__ import annotations

import re

from zoneproxy.content.normalise import GAP
from zoneproxy.content.overlay import ALIKE
from zoneproxy.content.tables.places import PROVINCES

LONGEST = 64
_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{0,48}\s?@\s?[A-Za-z0-9.\-]{0,40}\Z", re.ASCII)
_URL = re.compile(r"[A-Za-z]{0,8}://[A-Za-z0-9._\-:@]{0,56}\Z", re.ASCII)
_ACCOUNT = re.compile(
    r"(?:微信|wechat|weixin|wxid_|\bQQ|\bwx|\bvx)[\s:\uff1a=号账帐id]{0,8}[A-Za-z0-9_\-]{0,24}\Z",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ .\-\u00b7]{0,2}"
    r"(?:[A-HJ-NP-Z][ .\-\u00b7]{0,2}[A-HJ-NP-Z0-9学警港澳挂领试超]{0,7})?\Z"
)
_PLACE = re.compile(
    rf"(?:(?:{'|'.join(sorted(PROVINCES))})|[\u4e00-\u9fff]{{2,6}}(?:市|州|区|县|旗))[\u4e00-\u9fff0-9\-]{{0,48}}\Z"
)
_MARK = re.compile(r"(?:[绝机秘]\s?密?|[★☆])[\s★☆]{0,2}\Z")
_SIX = re.compile(r"(?<![0-9A-Za-z:.])2[0-9A-Fa-f]{0,3}(?::[0-9A-Fa-f]{0,4}){0,7}\Z", re.ASCII)
_LONGEST_SIX = 40
_PAPER = re.compile(
    rf"(?<![0-9A-Za-z])(?:[EC](?:[{GAP}]{{0,4}}[A-Z])?|[DSP](?:[{GAP}]{{0,4}}E)?|K(?:[{GAP}]{{0,4}}J)?"
    rf"|M(?:[{GAP}]{{0,4}}A)?|[GLT])(?:[{GAP}]{{0,4}}\d){{0,8}}[{GAP}]{{0,4}}\Z",
    re.IGNORECASE,
)
# The words of travel papers that are looked for before a number, and how far before the end of it.
_PAPER_SIGNS = ("护照", "護照", "通行", "往来", "港澳")
_PAPER_LOOK = 128
_LAST_HAN = re.compile(r"[\u4e00-\u9fff0-9A-Z .\-\u00b7\u2605\u2606]\Z")


def approach_start(text: str) -> int:
    """Return from where the end of a text may be an identifier; its length where from nowhere."""
    tail = text[-LONGEST:]
    wider = text[-_PAPER_LOOK:].lower()
    starts = [len(tail)]
    if "@" in tail:
        starts.extend(_start(_MAIL, tail))
    if "//" in tail:
        starts.extend(_start(_URL, tail))
    lower = tail.lower()
    if "wx" in lower or "qq" in lower or "wechat" in lower or "weixin" in lower or "微信" in lower:
        starts.extend(_start(_ACCOUNT, tail))
    if "2" in tail[-_LONGEST_SIX:]:
        starts.extend(_start(_SIX, tail))
    if tail[-1:] in ALIKE and not tail[-2:-1].isalnum():
        # It may be the first digit of a number, disguised.
        starts.append(len(tail) - len(tail[-1:]))
    # Plain tests, one for each word, as in `locate`.
    if (
        "passport" in wider or "permit" in wider or "zhao" in wider or "tongxing" in wider or "eep" in wider
    ) or (not wider.isascii() and any(sign in wider for sign in _PAPER_SIGNS)):
        starts.extend(_start(_PAPER, tail))
    if not tail.isascii() and _LAST_HAN.search(tail):
        starts.extend(_start(_PLATE, tail))
        starts.extend(_start(_PLACE, tail))
        starts.extend(_start(_MARK, tail))
    return len(text) - len(tail) + min(starts)


def _start(pattern: re.Pattern[str], tail: str) -> list[int]:
    found = pattern.search(tail)
    return [found.start()] if found else []
