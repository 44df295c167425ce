"""Bodies of whatever type, looked into as deep as the budgets go."""

from __future__ import annotations

import base64
import gzip
import json
import struct

import pytest

from tests.unit.content.identifiers import KEY, near_miss, resident_id
from zoneproxy.content.inspect import Inspection
from zoneproxy.content.settings import ScanSettings
from zoneproxy.terms.finding import Segment

SETTINGS = ScanSettings(2, KEY)
VALUE = resident_id(1)
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)


def look(data, content_type=None, encoding=None, *, leaving=True):
    seen = Inspection(SETTINGS, leaving=leaving)
    seen.body(data, content_type, encoding, Segment.FILE)
    return seen


def disguises(value):
    b64 = base64.b64encode(value.encode()).decode()
    return {
        "plain": value.encode(),
        "base64": json.dumps({"blob": b64}).encode(),
        "double base64": base64.b64encode(b64.encode()),
        "gzip in base64": base64.b64encode(gzip.compress(value.encode(), mtime=0)),
        "hex": value.encode().hex().encode(),
        "nested JSON": json.dumps({"a": json.dumps({"b": json.dumps({"c": value})})}).encode(),
        "UTF-16": value.encode("utf-16"),
        "full width": "".join(chr(ord(sign) + 0xFEE0) for sign in value).encode(),
        "zero width": "\u200b".join(value).encode(),
        "multipart": b"--B\r\n\r\n" + value.encode() + b"\r\n--B--",
        "percent": "".join(f"%{ord(sign):02x}" for sign in value).encode(),
    }


TYPES = {"multipart": "multipart/form-data; boundary=B"}


@pytest.mark.parametrize("disguise", disguises(VALUE))
def test_no_disguise_hides_a_number(disguise):
    """Z11: and the same disguise around a near miss is clean."""
    seen = look(disguises(VALUE)[disguise], TYPES.get(disguise))
    assert "cn_resident_id" in [hit.kind for hit, _ in seen.hits]
    clean = look(disguises(near_miss(VALUE))[disguise], TYPES.get(disguise))
    assert "cn_resident_id" not in [hit.kind for hit, _ in clean.hits]


def test_assets_count_only_on_their_way_out():
    """Z9: direction matters."""
    assert [hit.kind for hit, _ in look(base64.b64encode(GGUF + bytes(8))).hits] == ["model_weights"]
    assert look(GGUF, leaving=False).hits == []


@pytest.mark.parametrize("data", [b"\x1f\x8b\x08broken", bytes(range(256)) * 4])
def test_what_cannot_be_looked_into_is_not_whole(data):
    """Z22: never clean by default."""
    assert not look(data).whole


def test_depth_is_bounded():
    """Wrapping without end is not whole."""
    data = VALUE.encode()
    for _ in range(9):
        data = gzip.compress(data, mtime=0)
    assert not look(data).whole


def test_a_body_that_uses_the_steps_up_says_so_by_itself():
    """Z22: whoever reads the inspection sees it, not only those who ask for findings."""
    seen = look(("123 4567 " * 100_000).encode())
    assert not seen.whole
    assert [(hit.kind, hit.value) for hit, _ in seen.hits] == [("uninspectable", "budget")]
