"""Marks that say a text is a state secret, important data, an official document, or a survey.

One cue alone is no mark: laws, novels and advertisements speak of secrets and of important data,
and anyone may cite a document's number. A classification counts with its star or after the word for
level; a document's number counts with a header, a signer, an addressee; coordinates count with the
name of a national datum.
Sources: GB/T 9704-2012 (official documents), GB/T 43697-2024 (data grades), GB 22021-2008 (CGCS2000).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import IMPORTANT, Hit, View

CLASS_MARK = "cn_class_mark"
GOV_DOC = "cn_gov_doc"
GEO = "cn_geo"
_CLASS = re.compile(
    r"(?:绝\s?密|机\s?密|秘\s?密)\s{0,2}[★☆]|[★☆]\s{0,2}(?:绝\s?密|机\s?密|秘\s?密)"
    r"|(?:密\s?级|保密级别|保密等级|涉密等级)\s{0,2}[:：=]?\s{0,2}[\"'【\[(（]?\s?(?:绝\s?密|机\s?密|秘\s?密|内\s?部)"
    r"|(?:数\s?据\s?)(?:级\s?别|分\s?级|等\s?级|类\s?别|安全级别|安全等级)\s{0,2}[:：=]\s{0,2}[\"'【\[(（]?\s?(?:核\s?心|重\s?要|第?[三四五345]级)"
    r"|[【\[](?:核心数据|重要数据|国家秘密|绝密|机密|秘密|内部资料)[^】\]]{0,8}[】\]]"
    r"|本(?:文件|资料|数据)(?:属于|属|为|系)(?:国家秘密|绝密|机密|秘密|核心数据|重要数据)"
)
_SPACE = re.compile(r"\s+")
_YEAR = re.compile(r"[〔\[【(（]\s?(?:19|20)\d{2}\s?[〕\]】)）]\s?第?\d{1,5}\s?号")
_ISSUER = re.compile("[\u4e00-\u9fff]{1,10}\\s?\\Z")
_DOCUMENT_BEFORE = re.compile(
    r"文\s?件[\s★]{0,6}[^\s]{0,8}\Z|签\s?发\s?人\s?[:：]|主\s?送\s?[:：]|份\s?号|发\s?文\s?字\s?号\s?[:：]|特\s?急|加\s?急"
)
_DOCUMENT_AFTER = re.compile(
    r"签\s?发\s?人\s?[:：]|主\s?送\s?[:：]|抄\s?送\s?[:：]|印\s?发\s?$|\n\s*各[^\n]{0,30}[:：]|此件(?:公开|主动|不予)|年\d{1,2}月\d{1,2}日印发"
)
_DATUM = re.compile(
    r"CGCS\s?2000|国家2000|2000国家大地|GCJ-?\s?02|火星坐标|BD-?\s?09\b|EPSG\s?[:：]?\s?(?:4490|4479|4480|45[0-5]\d|4214|4610|4555)(?!\d)"
    r"|Xi.?an\s?-?19?80|西安\s?19?80|北京\s?19?54|Beijing\s?-?19?54",
    re.IGNORECASE,
)
_POINT = re.compile(r"(?<![\d.])(\d{2,3}\.\d{5,12})[\s,;，、|]{1,4}(\d{2,3}\.\d{5,12})(?!\d)", re.ASCII)
# One of these is in the name of every datum.
_DATUM_WORDS = ("cgcs", "2000", "gcj", "火星", "bd", "epsg", "xi", "西安", "北京", "beijing")
_POINT_CUE = re.compile(r"\d\.\d{5}", re.ASCII)
_WEST, _EAST, _SOUTH, _NORTH = 73.0, 136.0, 17.0, 54.0
_LOOK = 200


def find_class(view: View) -> Iterator[Hit]:
    """Find marks of state secrets and of graded data."""
    text = view.text
    if not ("密" in text or "据" in text or "【" in text or "[" in text):
        return
    for found in _CLASS.finditer(text):
        value = _SPACE.sub("", found.group())
        yield Hit(CLASS_MARK, found.start(), found.end(), 1, 900, IMPORTANT, value)


def find_document(view: View) -> Iterator[Hit]:
    """Find official documents by their number and a second cue."""
    for year in _YEAR.finditer(view.text):
        if not view.effort.spend(_LOOK):
            return
        issuer = _ISSUER.search(view.text, max(0, year.start() - 12), year.start())
        if issuer is None:
            continue
        number = view.text[issuer.start() : year.end()]
        head = view.before(issuer.start(), _LOOK)
        if (
            _DOCUMENT_BEFORE.search(head)
            or _DOCUMENT_BEFORE.search(head + number[:8])
            or _DOCUMENT_AFTER.search(view.text[year.end() : year.end() + _LOOK])
        ):
            yield Hit(GOV_DOC, issuer.start(), year.end(), 2, 500, IMPORTANT, _SPACE.sub("", number))


def find_survey(view: View) -> Iterator[Hit]:
    """Find coordinates of survey precision in a national datum."""
    if not any(word in view.lower for word in _DATUM_WORDS) or _POINT_CUE.search(view.text) is None:
        return
    for datum in _DATUM.finditer(view.text):
        if not view.effort.spend(_LOOK):
            return
        around = view.text[max(0, datum.start() - _LOOK) : datum.end() + _LOOK]
        for point in _POINT.finditer(around):
            one, other = float(point.group(1)), float(point.group(2))
            if _inside(one, other) or _inside(other, one):
                yield Hit(GEO, datum.start(), datum.end(), 2, 500, IMPORTANT, point.group())
                break


def _inside(east: float, north: float) -> bool:
    return _WEST <= east <= _EAST and _SOUTH <= north <= _NORTH
