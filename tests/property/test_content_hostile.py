"""Hostile texts cost no more than the budgets say; what the budgets leave out is a finding.

Work is counted, never timed: closer looks in steps, decoding in characters.
"""

# ruff: noqa: RUF001 - full-width signs and brackets are part of what is tested

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.content.identifiers import KEY, resident_id
from zoneproxy.content.dialects import Endpoint, recognise
from zoneproxy.content.effort import CANDIDATE, MOST_STEPS
from zoneproxy.content.inspect import MOST_DECODED, Inspection
from zoneproxy.content.scan import ScanSettings, _findings, scan_body
from zoneproxy.content.stream import AnswerStream
from zoneproxy.terms.finding import Segment

SETTINGS = ScanSettings(2, KEY)
VALUE = resident_id(1)
MEGABYTE = 1_000_000
# One look may go past its budget by one piece of a text, never by more.
_SLACK = 4096 + CANDIDATE
UNITS = {
    "digits, spaced": "1 ", "digits": "1", "digits, dotted": "1.", "digits over lines": "1\n",
    "pairs": "62 ", "country codes": "86 ", "mobiles": "1380013800,", "resident shape": "1101011990030710 9 ",
    "credit code shape": "9 1 3 5 0 1 0 0 A ", "look-alikes": "1O1O1O1O1O1O ", "addresses": "1.2.3.4 ",
    "addresses, six": "240e:1:", "hosts": "//a.cn ", "mail": "a@a.cn.", "services": "QQ ", "accounts": "wx ",
    "streets": "北京市海淀区路街1号", "marks": "密级：", "documents": "发〔2024〕12号", "plates": "粤B1234",
    "coordinates": "CGCS2000 113.12345,23.12345 ", "streets, Latin": "China Aa Road District ",
    "passports": "passport E1234567 ", "permits": "permit C1234567 ", "zones": "P<CHN<<",
    "percent": "%31", "escapes": "\\u0031", "entities": "&#49;", "all escapes": "1 %31\\u0031&#49;",
    "base64 words": "MTM4MDAxMzgwMDA ", "hex words": "313338303031333830303030 ",
    "marks of accent": "1\u0301",
    "invisible": "\uff11\u200b", "numerals": "一二三四", "brackets": "[", "objects": '{"a":', "tags": "<a",
    "events": 'data: {"choices":[{"delta":{"content":"1 "}}]}\n\n',
    "Thai": "ก่ำ1 ", "backslashes": "\\",
}  # fmt: skip


def known(endpoint: Endpoint | None) -> Endpoint:
    """The endpoint, which is there."""
    assert endpoint is not None
    return endpoint


def to_findings(seen):
    """What a body's inspection says in the end."""
    return _findings(seen)


def look(data, content_type=None):
    """Look into a body; check that no budget was overdrawn, and return what was seen."""
    seen = Inspection(SETTINGS)
    seen.body(data, content_type, None, Segment.USER)
    assert seen.effort.left >= -_SLACK - 64
    assert seen.budget >= -MOST_DECODED - 8 * MEGABYTE
    return seen


@pytest.mark.parametrize("name", UNITS)
def test_the_worst_of_a_kind(name):
    """Z22: bounded work; past it the body is not taken for clean."""
    unit = UNITS[name]
    data = (unit * (MEGABYTE // 3 // len(unit.encode()))).encode()
    seen = look(data)
    assert "uninspectable" in {found.kind for found in to_findings(seen)} or not seen.spent_up


def test_a_number_behind_a_flood_is_never_passed():
    """Z22: whoever uses the steps up first gains nothing."""
    text = "123 4567 " * 150_000 + resident_id(1)
    kinds = {finding.kind for finding in scan_body(text.encode(), None, None, SETTINGS).findings}
    assert kinds & {"uninspectable", "cn_resident_id"}


PIECES = st.sampled_from([*UNITS.values(), resident_id(1), " ", "\n", "x", "é", "电话", '"', "}"])


@settings(max_examples=8)
@given(st.lists(st.tuples(PIECES, st.integers(1, 3000)), min_size=1, max_size=8))
def test_any_mixture_stays_within_the_budgets(parts):
    """Z22: any mixture of the worst costs at most the budgets."""
    text = "".join(piece * count for piece, count in parts)[: MEGABYTE // 8]
    look(text.encode("utf-8", "replace"))


@settings(max_examples=25)
@given(st.lists(st.sampled_from("0123456789 .,-Xx/\n"), min_size=1, max_size=60).map("".join))
def test_steps_grow_no_faster_than_the_text(unit):
    """Twice the text is at most about twice the steps: nothing quadratic."""

    def steps(text):
        seen = Inspection(ScanSettings(4, KEY, most_steps=10**9))
        seen.string(text, Segment.USER, 0)
        return 10**9 - seen.effort.left

    small = steps(unit * (4000 // len(unit)))
    assert steps(unit * (8000 // len(unit))) <= 2 * small + 4000


def zipped(data, times):
    for _ in range(times):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", data)
        data = packed.getvalue()
    return data


BAD = {
    "zip bomb": (zipped(bytes(40_000_000), 1), None, None),
    "zip in zip": (zipped(resident_id(1).encode(), 9), None, None),
    "gzip bomb": (gzip.compress(bytes(40_000_000)), "application/json", "gzip"),
    "truncated gzip": (gzip.compress(resident_id(1).encode() * 9)[:-12], "text/plain", "gzip"),
    "gzip that is none": (resident_id(1).encode(), "text/plain", "gzip"),
    "unknown encoding": (resident_id(1).encode(), "text/plain", "br"),
    "broken utf-16": (b"\xff\xfe" + resident_id(1).encode("utf-16-le")[:-1] + b"\xd8", "text/plain", None),
    "broken utf-8": (b"\xff\xfa\xc3" * 50, "text/plain; charset=utf-8", None),
    "encrypted zip in base64": (
        base64.b64encode(
            b"PK\x03\x04\x14\x00\x01\x00\x08\x00" + bytes(8) + b"\x05\0\0\0\x05\0\0\0\x01\0\0\0aabcde"
        ),
        "text/plain",
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_opened_is_said(name):
    """Z22: bombs, truncated, lying and broken bodies are not whole, and never clean."""
    data, content_type, encoding = BAD[name]
    found = scan_body(data, content_type, encoding, SETTINGS)
    assert not found.whole or found.findings


_ESCAPED = "".join(f"\\u{ord(sign):04x}" for sign in VALUE)
_LONG = "word " * 52_000 + VALUE
SLIPPED = {
    "escapes": ('{"a": "' + _ESCAPED + '"}', "application/json"),
    "escapes of escapes": (json.dumps({"a": _ESCAPED}), "application/json"),
    "full width": ("".join(chr(ord(sign) + 0xFEE0) for sign in VALUE), "text/plain"),
    "end of 256 KB": (_LONG, "text/plain"),
    "end of a string of 256 KB": (json.dumps({"messages": [{"content": _LONG}]}), None),
    "tool arguments": (
        json.dumps({"tool_calls": [{"function": {"arguments": json.dumps({"q": VALUE})}}]}),
        None,
    ),
    "first of two keys": (f'{{"a": "{VALUE}", "a": "x"}}', "application/json"),
    "last of two keys": (f'{{"a": "x", "a": "{VALUE}"}}', "application/json"),
    "50 levels": ("[" * 50 + f'"{VALUE}"' + "]" * 50, "application/json"),
    "500 levels": ("[" * 500 + f'"{VALUE}"' + "]" * 500, "application/json"),
    "lying type": (json.dumps({"a": VALUE}), "image/png"),
    "stream of one line": ("data: " + "x" * 300_000 + f" {VALUE}", "text/event-stream"),
}


@pytest.mark.parametrize("name", SLIPPED)
def test_what_slipped_past_others_is_found(name):
    """Z11: each of these went past a peer."""
    data, content_type = SLIPPED[name]
    kinds = {finding.kind for finding in scan_body(data.encode(), content_type, None, SETTINGS).findings}
    assert "cn_resident_id" in kinds


def test_a_hundred_megabytes_in_one_line_are_refused_early():
    """Z22: an event stream that never ends a line is cut at its bound, not held whole."""
    stream = AnswerStream(known(recognise("POST", "/v1/chat/completions")), SETTINGS, strip_usage=False)
    fed = 0
    chunk = b"data: " + b"x" * 65_530
    while fed < 100 * MEGABYTE:
        fed += len(chunk)
        if stream.feed(chunk).state != "ok":
            break
    assert fed < MEGABYTE


def test_a_million_digits_are_one_number():
    """A run without end is no identifier, and costs its steps once."""
    seen = look(b"1" * MEGABYTE)
    assert not {hit.kind for hit, _ in seen.hits} - {"uninspectable"}
    assert MOST_STEPS - seen.effort.left <= MOST_STEPS + _SLACK
