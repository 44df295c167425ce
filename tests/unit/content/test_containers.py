"""Bytes inside bytes, within budgets."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.containers import (
    MOST_MEMBER_BYTES,
    MOST_MEMBERS,
    decoded,
    is_container,
    members,
    text_of,
)

TEXT = "身份证 440507 and words"


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("data", [gzip.compress(b"abc", mtime=0), zlib.compress(b"abc"), zipped(a=b"abc")])
def test_containers_are_opened(data):
    """gzip, zlib and zip give their bytes."""
    assert is_container(data)
    (opened,) = [member for member in members(data) if member.data]
    assert (opened.data, opened.whole) == (b"abc", True)


@pytest.mark.parametrize("encoding", [None, "identity", "gzip", "deflate"])
def test_content_encodings_are_undone(encoding):
    """The codings that HTTP knows and we open; deflate in both its forms."""
    packed = {"gzip": gzip.compress(b"abc"), "deflate": zlib.compress(b"abc")}.get(encoding or "", b"abc")
    assert decoded(packed, encoding).data == b"abc"
    assert decoded(zlib.compress(b"abc", wbits=-15), "deflate").data == b"abc"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_other_codings_are_not_whole(encoding):
    """Z22: what is not opened is not called clean."""
    assert not decoded(b"abc", encoding).whole


def test_bombs_are_cut_off():
    """A member larger than the budget is not whole."""
    (opened,) = members(gzip.compress(bytes(MOST_MEMBER_BYTES + 1)))
    assert len(opened.data) <= MOST_MEMBER_BYTES
    assert not opened.whole


def test_too_many_members_are_not_whole():
    """The archive's end was not reached."""
    opened = list(members(zipped(**{f"f{number}": b"x" for number in range(MOST_MEMBERS + 5)})))
    assert not opened[-1].whole


def test_encrypted_members_are_not_whole():
    """Z22: what can't be opened is said so."""
    data = bytearray(zipped(a=b"abc"))
    data[6] |= 1
    assert [member.whole for member in members(bytes(data))] == [False]


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (TEXT.encode(), ""),
        (TEXT.encode("utf-8-sig"), ""),
        (TEXT.encode("utf-16"), ""),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("gb18030"), "gb18030"),
        (TEXT.encode("gb18030"), ""),
        (("plain words " * 9).encode("utf-16-le"), ""),
    ],
)
def test_text_is_read_by_mark_label_and_look(data, charset):
    """Labelled or not, in the charsets that Chinese text comes in."""
    assert "words" in (text_of(data, charset) or "")


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 4, b"\x00\x01\x02\x03" * 40, b"\x89PNG\r\n\x1a\n" + bytes(range(128, 256))]
)
def test_binaries_are_no_text(data):
    """What is no text is not scanned as one."""
    assert text_of(data) is None


@given(st.binary(max_size=200))
def test_nothing_raises(data):
    """Z22: any bytes are a container or none."""
    for prefix in (b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x78\x9c"):
        list(members(prefix + data))
        decoded(prefix + data, "gzip")
        text_of(prefix + data)
