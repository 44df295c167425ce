"""Bytes inside bytes: gzip, zlib, zip members, within budgets; and bytes that are text.

What a budget cuts off, what is encrypted or broken can't be inspected, and is said so: `whole` is
false. Sources: RFC 1950-1952, PKWARE APPNOTE 6.3.10 sections 4.3.7 and 4.3.12.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MOST_MEMBER_BYTES = 8 * 1024 * 1024
MOST_MEMBERS = 50
_GZIP = b"\x1f\x8b\x08"
_ZIP = b"PK\x03\x04"
_ZLIB_HEADS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_LOCAL = re.compile(rb"PK\x03\x04")
_HEADER_BYTES = 30
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _STREAMED = 1, 8
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_GB_LEAD = re.compile(
    rb"(?:[\x00-\x7f]|[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x81-\xfe][\x30-\x39][\x81-\xfe][\x30-\x39])+\Z"
)
_COMMON_HAN = re.compile("[\u4e00-\u9fa5\u3000-\u303f\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Opened:
    """What came out of a container.

    Attributes:
        name: a member's name, or empty.
        data: its bytes.
        whole: all of it is here.
    """

    name: bytes
    data: bytes
    whole: bool


def inflate(data: bytes, window_bits: int, limit: int = MOST_MEMBER_BYTES) -> Opened:
    """Decompress up to a limit; broken or overlong data gives what there is, not whole."""
    worker = zlib.decompressobj(window_bits)
    try:
        out = worker.decompress(data, limit)
    except zlib.error:
        return Opened(b"", b"", whole=False)
    return Opened(b"", out, whole=worker.eof)


def decoded(data: bytes, content_encoding: str | None) -> Opened:
    """Undo a body's content encoding (gzip, deflate, identity); others are not whole."""
    match (content_encoding or "identity").strip().lower():
        case "identity" | "":
            return Opened(b"", data, whole=True)
        case "gzip" | "x-gzip":
            return inflate(data, 31)
        case "deflate":
            wrapped = inflate(data, 15)
            return wrapped if wrapped.whole else inflate(data, -15)
        case _:
            return Opened(b"", b"", whole=False)


def is_container(data: bytes) -> bool:
    """Tell whether bytes begin as a container that `members` opens."""
    return data.startswith((_GZIP, _ZIP)) or data[:2] in _ZLIB_HEADS


def is_by_chance(data: bytes) -> bool:
    """Tell whether only two bytes say that this is a container: one word in ten thousand has them."""
    return data[:2] in _ZLIB_HEADS


def members(data: bytes) -> Iterator[Opened]:
    """Open a container; bytes that are none give nothing."""
    if data.startswith(_GZIP):
        yield inflate(data, 31)
    elif data.startswith(_ZIP):
        yield from _zip(data)
    elif data[:2] in _ZLIB_HEADS:
        opened = inflate(data, 15)
        if opened.data:
            yield opened


def _zip(data: bytes) -> Iterator[Opened]:
    """Walk the local headers: what a reader could extract, whatever the directory says."""
    at = 0
    for _ in range(MOST_MEMBERS):
        found = _LOCAL.search(data, at)
        if found is None or found.start() + _HEADER_BYTES > len(data):
            return
        head = data[found.start() : found.start() + _HEADER_BYTES]
        flags, method = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
        packed = int.from_bytes(head[18:22], "little")
        name_bytes, extra_bytes = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        name_at = found.start() + _HEADER_BYTES
        name = data[name_at : name_at + name_bytes]
        start = name_at + name_bytes + extra_bytes
        known = packed not in (0, 0xFFFFFFFF) and not flags & _STREAMED
        end = start + packed if known else len(data)
        if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
            yield Opened(name, b"", whole=False)
        elif method == _DEFLATED:
            opened = inflate(data[start:end], -15)
            yield Opened(name, opened.data, opened.whole)
        else:
            if not known:
                following = _LOCAL.search(data, start)
                end = following.start() if following else len(data)
            yield Opened(name, data[start:end][:MOST_MEMBER_BYTES], end - start <= MOST_MEMBER_BYTES)
        at = end if known else start
    yield Opened(b"", b"", whole=False)


def text_of(data: bytes, charset: str = "") -> str | None:
    """Read bytes as text, by a byte order mark, the declared charset, UTF-8, GB 18030 or UTF-16.

    Returns:
        The text, or `None` where the bytes are no text that can be told.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decode(data, name)
    if charset and charset not in ("utf-8", "utf8", "us-ascii"):
        text = _decode(data, charset)
        if text is not None:
            return text
    text = _decode(data, "utf-8")
    if text is not None:
        return text if not _is_binary(text) else _wide(data)
    return _wide(data) or _chinese(data)


def _decode(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return None


def _is_binary(text: str) -> bool:
    head = text[:4096]
    return len(_CONTROL.findall(head)) * 50 > len(head)


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: half of the bytes of plain text are zero, all on one side."""
    head = data[:4096]
    if len(data) % 2 or not head:
        return None
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) * 3 > len(zeros):
            text = _decode(data, name)
            if text is not None and not _is_binary(text):
                return text
    return None


def _chinese(data: bytes) -> str | None:
    """GB 18030 without a label: it decodes, and what it decodes to is Chinese."""
    if not _GB_LEAD.match(data[:2048] if len(data) <= 2048 else data):  # noqa: PLR2004 - whole where short
        return None
    text = _decode(data, "gb18030")
    if text is None or _is_binary(text):
        return None
    high = [sign for sign in text if sign > "\x7f"]
    said = sum(1 for sign in high if _COMMON_HAN.match(sign) or unicodedata.category(sign)[0] in "LMPN")
    return text if high and said * 10 >= len(high) * 9 else None
