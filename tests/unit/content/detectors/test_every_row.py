"""Every detector that the page `docs/detection.md` lists: what it finds, what it leaves, and at which level.

The traps that other projects fell into have a table of their own.
"""

# ruff: noqa: RUF001 - full-width and look-alike signs are what is tested

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from tests.unit.content.identifiers import KEY, check_character, near_miss, resident_id
from zoneproxy.content.locate import locate
from zoneproxy.content.normalise import normalise
from zoneproxy.content.scan import ScanSettings, scan_body, scan_text
from zoneproxy.terms.finding import Segment

PAGE = Path(__file__).resolve().parents[4] / "docs" / "detection.md"

# kind, lowest level that reports, what is found, what looks like it and is not
ROWS: tuple[tuple[str, int, str, str], ...] = (
    ("cn_resident_id", 1, f"no {resident_id(1)} it is", f"no {near_miss(resident_id(1))} it is"),
    ("cn_resident_id", 1, f"permit {resident_id(2, '810000')}", f"permit {resident_id(2, '990000')}"),
    ("cn_resident_id", 2, "身份证 110101900307123 好", "serial 110101900307123 ok"),
    ("cn_mobile", 1, "call +86 138 0013 8000", "call +65 138 0013 8000"),
    ("cn_mobile", 2, "she has 13800138000 here", "sum of 13800138000 bytes"),
    ("cn_landline", 1, "tel +86 754 8812 3456 now", "tel +62 754 8812 3456 now"),
    ("cn_landline", 2, "电话：0754-88123456，谢谢", "Jakarta 021-88123456 office"),
    ("cn_bank_card", 1, "card 6222021234567890128 ok", "card 6222021234567890129 ok"),
    ("cn_passport", 1, "护照号 EE9627948", "Singapore passport EE9627948"),
    ("cn_travel_permit", 1, "往来港澳通行证 C12345678", "part C12345678"),
    ("cn_uscc", 1, "code 91350100M000100Y43", "code 91350100M000100Y44"),
    ("cn_plate", 1, "车牌粤B12345，在此", "车牌粤O1234I，在此"),
    ("cn_name_address", 1, "住在广东省汕头市龙湖区金砂路8号", "went to 广东 last year"),
    ("cn_social", 1, "wxid_a1b2c3d4e5f6g7", "wechat pay is fine"),
    ("cn_social", 2, "微信号：zhang_2024。", "QQ plot of residuals"),
    ("cn_email_domestic", 1, "mail li.wei@qq.com now", "mail li.wei@163.com.sg now"),
    ("cn_ip", 2, "from 114.114.114.114 now", "version 114.114.114.114"),
    ("cn_ip", 2, "from 240e:3a0:1:2::5 now", "from 2001:db8:1:2::5 now"),
    ("cn_domestic_host", 2, "see https://www.shantou.gov.cn/x", "see https://gov.cn.example.com/zh-cn/"),
    ("cn_class_mark", 1, "密级：机密★ 本文", "this is a secret, 机密 they said"),
    ("cn_gov_doc", 2, "汕府办〔2024〕12号\n各区人民政府：\n特此通知", "as 国发〔2015〕50号 says"),
    ("cn_geo", 2, "CGCS2000坐标 116.681972, 23.354091", "GPS 116.68, 23.35"),
)

_TENSOR = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
_LORA = _TENSOR.replace(b'"w"', b'"model.lora_A.weight"')
# kind, body, content type, a body of the same form that is none
ARTEFACTS: tuple[tuple[str, bytes, bytes], ...] = (
    ("model_weights", len(_TENSOR).to_bytes(8, "little") + _TENSOR + bytes(4), b"\x08" + bytes(60)),
    ("model_weights", b"GGUF" + (3).to_bytes(4, "little") + bytes(64), b"GGUFF is a word" + bytes(40)),
    ("lora_adapter", len(_LORA).to_bytes(8, "little") + _LORA + bytes(4), b'{"peft": "a word"}'),
    (
        "tokenizer",
        b'{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]},"added_tokens":[]}',
        b'{"version":"1.0","model":"gpt","vocab":"a word"}',
    ),
    (
        "embedding_dump",
        b"\n".join(
            b"[" + b",".join(b"0.%03d" % (n % 997) for n in range(r, r + 64)) + b"]" for r in range(80)
        ),
        b"[0.1,0.2,0.3]",
    ),
    (
        "training_archive",
        b"\n".join(b'{"prompt": "q%d", "completion": "a%d"}' % (n, n) for n in range(80)),
        b'{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": []}}',
    ),
)


def kinds(text: str, level: int) -> set[str]:
    return {hit.kind for hit in locate(text, ScanSettings(level, KEY)).hits}


@pytest.mark.parametrize(("kind", "level", "found", "left"), ROWS)
def test_each_row_finds_its_own_at_its_level(kind: str, level: int, found: str, left: str) -> None:
    """Z11: found at the level of the row and above, not below, and what only looks like it is left."""
    assert kind in kinds(found, level)
    assert kind in kinds(found, max(level, 2))
    if level > 1:
        assert kind not in kinds(found, level - 1)
    assert kind not in kinds(left, 2)


@pytest.mark.parametrize(("kind", "body", "other"), ARTEFACTS)
def test_each_artefact_is_known_by_its_header_where_it_leaves(kind: str, body: bytes, other: bytes) -> None:
    """Z9: by parsed header, and only in the direction out of the zone."""
    settings = ScanSettings(2, KEY)
    leaving = {one.kind for one in scan_body(body, None, None, settings).findings}
    coming = {one.kind for one in scan_body(body, None, None, settings, leaving=False).findings}
    assert kind in leaving
    assert kind not in coming
    assert kind not in {one.kind for one in scan_body(other, None, None, settings).findings}


def test_every_kind_of_the_page_has_a_row() -> None:
    """The page's table of detectors and the tables of this file name the same kinds."""
    table = PAGE.read_text("utf-8").partition("## The detectors")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {kind for cell in cells for kind in re.findall(r"`([a-z_]+)`", cell)}
    tested = {row[0] for row in ROWS} | {row[0] for row in ARTEFACTS}
    # Tested in files of their own: what owners register, what can't be looked into, what the zone marked.
    assert named - tested <= {
        "uninspectable", "registered_row", "registered_document", "registered_cell", "canary",
    }  # fmt: skip
    assert tested <= named


def test_no_word_boundary_beside_chinese() -> None:
    r"""Trap: `\b` sees none between a digit and a Chinese character."""
    assert kinds("电话13800138000好", 2) == {"cn_mobile"}
    assert kinds(f"证件{resident_id(3)}号", 1) == {"cn_resident_id"}
    assert kinds("卡6222021234567890128的", 1) == {"cn_bank_card"}


def test_a_checksum_alone_is_no_validator() -> None:
    """Trap: one in eleven random numbers has the right check digit; date and province must stand too."""
    for body in ("99010119900307461", "11010119901307461", "11010118800307461", "11010120990307461"):
        assert kinds(f"no {body + check_character(body)} it is", 1) == set()


@pytest.mark.parametrize("region", ["110103", "310103", "440520", "511000", "654399"])
def test_a_county_is_not_tied_to_the_year_of_birth(region: str) -> None:
    """Trap: people keep the county code of their registration, also where it was abolished or came later."""
    assert kinds(f"no {resident_id(4, region)} it is", 1) == {"cn_resident_id"}


# Every character that is ignored where nothing can show it, from Unicode's Default_Ignorable_Code_Point.
_IGNORABLE = [
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180E, 0x180F),
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10),
    0xFEFF, 0xFFA0, *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE0080),
    *range(0xE0100, 0xE01F0),
]  # fmt: skip


def test_every_ignorable_character_hides_nothing() -> None:
    """Trap: five zero-widths leave the others, the soft hyphen and the Hangul filler among them."""
    number = resident_id(5)
    missed = [
        f"U+{code:04X}" for code in _IGNORABLE if kinds(chr(code).join(number), 1) != {"cn_resident_id"}
    ]
    assert missed == []


@pytest.mark.parametrize(
    "text",
    ["สวัสดีครับ ผมอยากได้ใบเสนอราคา", "ខ្ញុំចង់ទិញទំនិញនេះនៅថ្ងៃស្អែក", "ကျွန်တော် မနက်ဖြန် လာမယ်", "नमस्ते, कल मिलेंगे"],
    ids=["thai", "khmer", "burmese", "hindi"],
)
def test_text_whose_vowels_are_marks_is_not_destroyed(text: str) -> None:
    """Trap: dropping all combining marks takes the vowels of Thai and Khmer."""
    marks = [sign for sign in text if unicodedata.category(sign) in ("Mn", "Mc")]
    assert marks
    kept = normalise(text).text
    assert [sign for sign in kept if unicodedata.category(sign) in ("Mn", "Mc")] == marks
    assert not scan_text(text, Segment.USER, ScanSettings(3, KEY))
