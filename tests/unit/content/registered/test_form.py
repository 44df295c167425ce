"""The index file's head, and the key of the fingerprints."""

from __future__ import annotations

import pytest

from zoneproxy.content.registered.form import (
    HEADER_BYTES,
    DataKey,
    Header,
    decode_head,
    digest_of,
    encode_head,
)

SECRET = bytes(range(32))


def header(**changes: object) -> Header:
    values: dict[str, object] = {
        "id": "owner/set", "category": "cn_personal_info", "created": "2026-11-21", "rows": 2, "cells": 5,
        "documents": 1, "grams": 3, "least": 2, "begin_bits": 3, "shorts": 0, "salt": "00" * 16,
        "body_bytes": 64 + 40 + 24 + 24 + 16, "body_sha256": "ab" * 32,
    }  # fmt: skip
    return Header.model_validate(values | changes)


def test_a_head_reads_back() -> None:
    """What is written is read, with the key and without."""
    head = encode_head(header(), SECRET)
    assert len(head) == HEADER_BYTES
    assert decode_head(head, SECRET) == decode_head(head, None) == header()
    assert len(digest_of(head)) == 64


def test_the_worked_example() -> None:
    """The specification's example holds."""
    assert DataKey(bytes(32), bytes(16)).cell("13812345678").hex() == "1f9ca170cab92032"


def test_another_salt_makes_other_fingerprints() -> None:
    """Z12: two data sets of one owner can't be compared."""
    one, other = (DataKey(SECRET, bytes([salt]) * 16) for salt in (1, 2))
    assert one.cell("x") != other.cell("x")
    assert len({one.cell("x"), one.gram("x"), one.beginning("x", 19).to_bytes(8)}) == 3


@pytest.mark.parametrize("place", [0, 9, 40, 300, HEADER_BYTES - 1])
def test_every_altered_byte_is_noticed(place: int) -> None:
    """A head that was altered anywhere is refused."""
    head = bytearray(encode_head(header(), SECRET))
    head[place] ^= 1
    with pytest.raises(ValueError, match=r"no index|broken|not authentic"):
        decode_head(bytes(head), SECRET)


def test_another_key_is_told() -> None:
    """A key that does not fit is no silent miss."""
    with pytest.raises(ValueError, match="another key"):
        decode_head(encode_head(header(), SECRET), bytes(32))


def test_a_header_that_contradicts_itself_is_refused() -> None:
    """The body's size follows from what is in it; a revoked one has none."""
    with pytest.raises(ValueError, match="contradicts"):
        decode_head(encode_head(header(body_bytes=8), SECRET), SECRET)
    with pytest.raises(ValueError, match="contradicts"):
        decode_head(encode_head(header(revoked="2026-11-21"), SECRET), SECRET)
    gone = header(revoked="2026-11-21", body_bytes=0)
    assert decode_head(encode_head(gone, SECRET), SECRET) == gone


def test_a_short_file_is_no_index() -> None:
    """Any other file is told at once."""
    with pytest.raises(ValueError, match="no index"):
        decode_head(b"PK\x03\x04", SECRET)
