"""Identifiers that nobody wrote down: other provinces, series, separators, carriers and wrappings.

The development records are fixed; these are drawn. A positive's negative differs in the check only.
"""

# ruff: noqa: RUF001 - full-width signs are part of what is tested

from __future__ import annotations

import base64
import gzip
import json
import urllib.parse
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.content.identifiers import KEY, near_miss, resident_id
from zoneproxy.content.detectors.bank_card import luhn
from zoneproxy.content.scan import ScanSettings, scan_body

SETTINGS = ScanSettings(2, KEY)
PROVINCES = [11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
             53, 54, 61, 62, 63, 64, 65, 81, 82, 83]  # fmt: skip
SERIES = ["130", "137", "145", "150", "159", "166", "173", "177", "182", "189", "191", "198"]
SEPARATORS = ["", " ", "-", ".", "\u200b", "\u00ad", "\u2060", "\u3000", "_", "/"]
CARRIERS = [
    "Please verify {} for the visa.", "กรุณาตรวจสอบ {} ด้วย",
    "Số của ông ấy là {} nhé", "客户{}已登记", "資料：{}。",
    "{}", "| {} |", "name=Li&no={}&x=1", "\u041d\u043e\u043c\u0435\u0440 {} \u0432\u043e\u0442", '"{}"',
]  # fmt: skip
SURNAMES = ["欧阳", "司马", "尉迟", "赵", "钱", "闫", "覃"]
WRAPPINGS = {
    "plain": lambda text: text.encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "urlsafe": lambda text: b"x " + base64.urlsafe_b64encode(text.encode()) + b" y",
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)),
    "JSON in JSON": lambda text: json.dumps({"a": [json.dumps({"b": text})]}).encode(),
    "percent": lambda text: urllib.parse.quote(text, safe="").encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "events": lambda text: b"".join(
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": sign}}]}).encode() + b"\n\n"
        for sign in text
    ),
}


def kinds(data):
    return {finding.kind for finding in scan_body(data, None, None, SETTINGS).findings}


def grouped(value, separator, groups):
    """Write a value in groups, or spelt out where there are none."""
    if not groups:
        return separator.join(value)
    pieces, at = [], 0
    for size in groups:
        pieces.append(value[at : at + size])
        at += size
    return separator.join([*pieces, value[at:]] if at < len(value) else pieces)


@given(
    st.tuples(
        st.integers(0, 10**6), st.sampled_from(PROVINCES), st.sampled_from(SEPARATORS),
        st.sampled_from([(), (6, 8, 4), (6, 4, 4, 4), (4, 4, 4, 4, 2)]), st.sampled_from(CARRIERS),
        st.sampled_from(sorted(WRAPPINGS)),
    )
)  # fmt: skip
def test_resident_numbers_of_every_province(drawn):
    """Z11: found in every province, grouping, carrier and wrapping; a wrong check character is not."""
    seed, province, separator, groups, carrier, wrapping = drawn
    value = resident_id(seed, f"{province}0101")
    made = WRAPPINGS[wrapping](carrier.format(grouped(value, separator, groups)))
    assert "cn_resident_id" in kinds(made)
    missed = WRAPPINGS[wrapping](carrier.format(grouped(near_miss(value), separator, groups)))
    assert "cn_resident_id" not in kinds(missed)


_SPOKEN = ["+86 {}", "0086{}", "手机：{}", "call {} now", "{}电话"]


@given(
    st.tuples(
        st.sampled_from(SERIES), st.integers(0, 10**8 - 1),
        st.sampled_from(["", " ", "-", "\u200b", "\u3000"]),
        st.sampled_from([(), (3, 4, 4), (3, 3, 5)]), st.sampled_from(_SPOKEN),
        st.sampled_from(sorted(WRAPPINGS)), st.sampled_from(SURNAMES),
    )
)  # fmt: skip
def test_mobiles_of_every_series(drawn):
    """Z11: found with code or word, whoever's number it is said to be."""
    series, rest, separator, groups, carrier, wrapping, surname = drawn
    text = f"{surname}先生 " + carrier.format(grouped(f"{series}{rest:08}", separator, groups))
    assert "cn_mobile" in kinds(WRAPPINGS[wrapping](text))


@given(
    st.integers(0, 10**6),
    st.sampled_from([16, 17, 18, 19]),
    st.sampled_from(["", " ", "-"]),
    st.sampled_from(CARRIERS),
)
def test_cards_of_every_length(seed, length, separator, carrier):
    """Z11: found in groups of four; a wrong check digit is not."""
    body = "62" + "".join(str(Random(seed).randint(0, 9)) for _ in range(length - 3))
    value = next(body + str(digit) for digit in range(10) if luhn(body + str(digit)))
    wrong = body + str((int(value[-1]) + 1) % 10)
    assert "cn_bank_card" in kinds(carrier.format(grouped(value, separator, (4, 4, 4, 4))).encode())
    assert "cn_bank_card" not in kinds(carrier.format(grouped(wrong, separator, (4, 4, 4, 4))).encode())


@pytest.mark.parametrize(
    "table",
    [
        "\n".join(
            f"2024-{n % 12 + 1:02}-{n % 28 + 1:02} {n % 24:02}:{n % 60:02},{n % 97 / 3:.2f},{130 + n % 60}"
            for n in range(2000)
        ),
        "\n".join(",".join(str(n * k % 99_991) for k in range(1, 11)) for n in range(1, 800)),
        "\n".join(f"{n * 7919 % 10**7},{n * 104729 % 10**5}" for n in range(2000)),
        " ".join(str(n * n % 10) for n in range(4000)),
        " ".join(str(n * 7 % 256) for n in range(4000)),
        "\n".join(f"{n * 0.731 % 1:.6f},{n * 1.377 % 1:.6f}" for n in range(3000)),
    ],
    ids=["times", "counts", "pairs", "digits", "bytes", "fractions"],
)  # fmt: skip
def test_tables_of_numbers_are_no_identifiers(table):
    """What lines up by chance in a table is none: its gaps are those of a table."""
    assert kinds(table.encode()) - {"uninspectable"} == set()
