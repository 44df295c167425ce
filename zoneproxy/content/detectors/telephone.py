"""Telephone numbers of the mainland: mobile and landline. There is no checksum, so context decides.

Mobile prefixes are those of the numbering plan (13x, 145-149, 150-159 but 154, 161, 162, 165-167,
170-178, 180-189, 190-199 but 194). Landlines have an area code (10, 2x with eight digits; three
digits with seven or eight), and several area codes exist in Jakarta, Bandung, Hanoi or Ho Chi Minh
City as well: a landline counts with +86 or among Chinese words only. A country code or a telephone
word makes a number sure; a unit, a currency or an arithmetic neighbour makes it a quantity.

    >>> from zoneproxy.content.detectors.view import View
    >>> [hit.value for hit in find_mobile(View("电话13812345678好"))]
    ['13812345678']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import GAP, PERSONAL, SEPARATOR, Hit, View, is_han

MOBILE = "cn_mobile"
LANDLINE = "cn_landline"
_CODE = rf"(?:\(?(?:\+{SEPARATOR}{{0,2}}|00)?8{SEPARATOR}{{0,2}}6\)?{SEPARATOR}{{0,4}})"
_MOBILE = re.compile(
    rf"(?<![0-9.+])(?=((?P<cc>{_CODE})?(?P<number>1{GAP}[3-9](?:{GAP}\d){{9}}))(?!\d))", re.ASCII
)
_LEAD = re.compile(r"[(+081](?<![0-9.+][(+081])", re.ASCII)
_LANDLINE_LEAD = re.compile(r"[(+0-9](?<![0-9A-Za-z.+][(+0-9])", re.ASCII)
_QUAD = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
_PREFIX = re.compile(r"1(?:3\d|4[5-9]|5[0-35-9]|6[12567]|7[0-8]|8\d|9[0-35-9])", re.ASCII)
_LANDLINE = re.compile(
    rf"(?<![0-9A-Za-z.+])(?=(\(?(?P<cc>{_CODE})?\(?(?P<trunk>0)?{GAP}"
    rf"(?P<area>1{GAP}0|2{GAP}[0-57-9]|[3-9]{GAP}\d{GAP}\d)\)?{GAP}(?P<local>\d(?:{GAP}\d){{6,7}}))(?!\d))",
    re.ASCII,
)
_NOT_DIGIT = re.compile(r"\D+", re.ASCII)
_PHONE_WORD = re.compile(
    r"手机|電話|电话|手機|联系|聯絡|致电|号码|微信|拨打|短信|mobile|phone|\btel|\bcell|call|contact|whatsapp|wechat"
    r"|\bsms|dial|msisdn|\bmob\b|\bph\b|fax|telp",
    re.IGNORECASE,
)
_CHINESE_PHONE_WORD = re.compile(
    r"电话|座机|固话|固定|热线|传真|总机|号码|联系|办公|拨打|客服|\bchina\b|\bchinese\b|\bprc\b|beijing|shanghai|guangdong",
    re.IGNORECASE,
)
# The words above in Latin letters: without one, without +86 and Chinese characters there is no landline.
_PLACES = ("china", "chinese", "prc", "beijing", "shanghai", "guangdong")
# Four digits, a dash and eight: only cities of the mainland with eight-digit numbers write so.
_WHOLE_FORM = re.compile(
    r"0(?<![0-9A-Za-z.+\-/]0)(?:311|371|379|411|431|451|51[0-9]|52[37]|53[126]|551|57[1-9]|59[1-5]|731|75[4-7]|760"
    r"|76[39]|771|791|851|871|898|931|951|971|991)-\d{8}(?![0-9-])",
    re.ASCII,
)
_NOT_A_PHONE = re.compile(
    r"(?:[$€£¥₹₫฿₱=+*/<>^]|\b(?:usd|idr|vnd|rp|myr|php|thb|sgd|bytes?|size|sum|total|tokens?|offset|length"
    r"|count|id|order|invoice|no|number|amount|price|timestamp|time|ts|port|seed|population|isbn|sku|ref"
    r"|version|v|build|rev|revision|commit|ticket|case|job|serial|item|row|line|page|parcel|meter|trace|batch|bandar"
    r"|value|hash)\b\.?)[\s:\"'#=]*\Z|(?-i:(?<![A-Za-z])[A-Z]{1,4}[0-9]{0,4})-\Z",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"\s*(?:bytes?|[kmgt]i?b\b|tokens?|rows?|records?|params?|parameters|users?|people|items?|dollars?|usd|idr"
    r"|vnd|rupiah|đ|₫|baht|\(us|[%*+^=<>]|/ ?\d+ ?=|\.\d|元|字节|人\b|次\b|个)",
    re.IGNORECASE,
)
_PART_OF_MORE = re.compile(r"\d[.:/]\Z|[A-Za-z_]\Z|\+\d{0,3}[ -]?\Z|\d[ -]\Z", re.ASCII)
_NORTH_AMERICA = re.compile(r"\+?1-?\(?[2-9]\d\d\)?-|\b(?:US|USA|NANP|Canada|toll)\b")
_CELL = (",", ";", "|", "\t")
_LOOK_BEHIND, _LOOK_AHEAD = 24, 12
_MOST_GAPS = 3
_EIGHT, _LONG_AREA = 8, 3


def allocated(number: str) -> bool:
    """Tell whether eleven digits begin with a series of the numbering plan."""
    return _PREFIX.match(number) is not None


def find_mobile(view: View) -> Iterator[Hit]:
    """Find mobile numbers with or without country code, in any grouping."""
    done = 0
    for found in view.candidates(_MOBILE, view.digits, lead=_LEAD):
        if found.end(1) == done:
            continue  # the same number without its country code
        written = found.group("number")
        number = _NOT_DIGIT.sub("", written)
        gaps = _NOT_DIGIT.findall(written)
        if not allocated(number) or _QUAD.fullmatch(written):
            continue
        if len(set(gaps)) > 1 and (len(gaps) > _MOST_GAPS or any("\n" in gap or "," in gap for gap in gaps)):
            continue
        if judged := _judge(view, found, gaps):
            level, score = judged
            done = found.end(1)
            yield Hit(MOBILE, found.start(1), found.end(1), level, score, PERSONAL, number)


def _judge(view: View, found: re.Match[str], gaps: list[str]) -> tuple[int, int] | None:
    start, end = found.span(1)
    before = view.before(start, _LOOK_BEHIND)
    after = view.after(start, end, _LOOK_AHEAD)
    code = found.group("cc") or ""
    word = _PHONE_WORD.search(before)
    if code and (code.lstrip("(")[0] in "+0" or word):
        return 1, 500
    if _PART_OF_MORE.search(before) or _NORTH_AMERICA.search(before) or _NORTH_AMERICA.search(after):
        return None
    if word:
        return 1, 500
    if any("\n" in gap for gap in gaps) and (before[-1:] in _CELL or after[:1] in _CELL):
        return None  # two cells of a table that stand over each other
    if _NOT_A_PHONE.search(before) or _UNIT_AFTER.match(after):
        return None
    if is_han(before[-2:]) or is_han(after[:1]):
        return 2, 400
    return (2, 350) if len(gaps) <= _MOST_GAPS and not any("," in gap for gap in gaps) else None


def find_landline(view: View) -> Iterator[Hit]:
    """Find landline numbers with +86, or with a trunk zero among Chinese words."""
    if not view.runs or not (
        view.han
        or "86" in view.digits
        or any(word in view.lower for word in _PLACES)
        or _WHOLE_FORM.search(view.text)
    ):
        return
    done = 0
    for found in view.candidates(_LANDLINE, view.digits, lead=_LANDLINE_LEAD):
        if found.end(1) == done:
            continue  # the same number without its country code
        code, area = found.group("cc") or "", _NOT_DIGIT.sub("", found.group("area"))
        local = _NOT_DIGIT.sub("", found.group("local"))
        short_area = len(area) < _LONG_AREA
        if (
            (short_area and len(local) != _EIGHT)
            or not (code or found.group("trunk"))
            or "," in found.group(1)
        ):
            continue
        start, end = found.span(1)
        before = view.before(start, _LOOK_BEHIND)
        if "\n" in found.group(1) and (before[-1:] in _CELL or view.after(start, end, 1) in _CELL):
            continue  # two cells of a table that stand over each other
        sure = bool(code) and code.lstrip("(")[0] in "+0"
        whole_form = _WHOLE_FORM.fullmatch(view.text, start, end) and not before[-1:].isalpha()
        if sure or whole_form or _CHINESE_PHONE_WORD.search(before):
            done = end
            yield Hit(LANDLINE, start, end, 1 if sure else 2, 400, PERSONAL, area + local)
