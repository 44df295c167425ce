"""The write-ahead log: groups of entries, each made durable by one flush.

A segment is a file `<index of its first entry, 20 digits>.wal` of groups, one after another:

    "ZPG1" | u64 first index | u32 count | u32 body length | u32 CRC-32 | body
    body = count times   u32 entry length | entry | u32 opening length | opening

A segment that the log rolled over to begins, before its first group, with the state of the log's chains
(`zoneproxy.trace.chain`) after all entries before it:

    "ZPS1" | u64 first index | u32 length | u32 CRC-32 | state

Integers are big endian; a CRC is over the fields before it but the four letters, and what follows it. An
item carries the entry and its opening (of length 0 where there is none), so that both are durable before
either is acknowledged. The opening is encrypted already (`zoneproxy.trace.sealed`): nothing private ever lies
here in the clear, so nothing has to be cleaned away when a segment goes.

**Torn tails.** Group k+1 is written only after group k's flush returned, so only the last group can be
damaged by a crash. Bytes that are no good group, at the end of the last segment, with no good group
anywhere after them, are a tail that was never acknowledged. Anything else that is damaged is corruption,
and the log refuses to start. Recovery writes the last good group again into a segment of its own (what
was read back may only have stood in the page cache): so a segment whose successor begins at an index
that it has already reached may end in a torn tail, and the groups of both must agree.

**Short logs.** From a segment with a state everything before it can be told from the public tree, so the
segments before it are deleted once the tree holds their entries (`zoneproxy.trace.segments`).

Worked example: the group of the one entry `abc`, without opening, at index 5 is 24 bytes of head
(`5a504731 0000000000000005 00000001 0000000b` and its CRC) and the body `00000003 616263 00000000`.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError

MAGIC = b"ZPG1"
STATE_MAGIC = b"ZPS1"
SEGMENT_BYTES = 16 * 1024 * 1024
"""A start reads little more than two segments; a roll costs two flushes."""
MAX_BODY_BYTES = 256 * 1024 * 1024
_FIELDS = struct.Struct(">QII")
_STATE_FIELDS = struct.Struct(">QI")
_CRC = struct.Struct(">I")
_LENGTH = struct.Struct(">I")
_HEAD_BYTES = len(MAGIC) + _FIELDS.size + _CRC.size
_NAME = re.compile(r"([0-9]{20})\.wal\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Item:
    """One record: the entry's bytes, and its opening record (empty where there is none)."""

    entry: bytes
    opening: bytes = b""


@dataclass(frozen=True, slots=True)
class Group:
    """Items that became durable together; `first` is the index of the first."""

    first: int
    items: tuple[Item, ...]

    @property
    def end(self) -> int:
        """The index after the last item."""
        return self.first + len(self.items)


def segment_name(first: int) -> str:
    """Return the name of the segment that begins with entry `first`."""
    return f"{first:020d}.wal"


def segment_first(name: str) -> int | None:
    """Return the first index that a segment's name tells; `None` where it is no segment's name."""
    match = _NAME.match(name)
    return int(match[1]) if match else None


def encode_group(group: Group) -> bytes:
    """Write a group."""
    parts: list[bytes] = []
    for item in group.items:
        parts += (_LENGTH.pack(len(item.entry)), item.entry, _LENGTH.pack(len(item.opening)), item.opening)
    body = b"".join(parts)
    fields = _FIELDS.pack(group.first, len(group.items), len(body))
    return MAGIC + fields + _CRC.pack(zlib.crc32(body, zlib.crc32(fields))) + body


def decode_group(data: bytes, offset: int = 0) -> tuple[Group, int] | None:
    """Read the group at `offset`; return it and the offset after it, or `None` if it is not good."""
    start = offset + _HEAD_BYTES
    if data[offset : offset + len(MAGIC)] != MAGIC or start > len(data):
        return None
    fields = data[offset + len(MAGIC) : start - _CRC.size]
    first, count, length = _FIELDS.unpack(fields)
    (crc,) = _CRC.unpack_from(data, start - _CRC.size)
    body = data[start : start + length]
    if length > MAX_BODY_BYTES or len(body) != length or zlib.crc32(body, zlib.crc32(fields)) != crc:
        return None
    items = _decode_items(body)
    if items is None or len(items) != count or not count:
        return None
    return Group(first, tuple(items)), start + length


def _decode_items(body: bytes) -> list[Item] | None:
    items: list[Item] = []
    place = 0
    while place < len(body):
        parts: list[bytes] = []
        for _ in range(2):
            if place + _LENGTH.size > len(body):
                return None
            (length,) = _LENGTH.unpack_from(body, place)
            place += _LENGTH.size + length
            if place > len(body):
                return None
            parts.append(body[place - length : place])
        items.append(Item(*parts))
    return items


def encode_state(first: int, state: bytes) -> bytes:
    """Write the state of the chains before entry `first`, as a segment begins with it."""
    fields = _STATE_FIELDS.pack(first, len(state))
    return STATE_MAGIC + fields + _CRC.pack(zlib.crc32(state, zlib.crc32(fields))) + state


def read_state(data: bytes) -> tuple[int, bytes] | None:
    """Read the state that a segment begins with, and its first index; `None` if it has no good one."""
    start = len(STATE_MAGIC) + _STATE_FIELDS.size + _CRC.size
    if data[: len(STATE_MAGIC)] != STATE_MAGIC or start > len(data):
        return None
    fields = data[len(STATE_MAGIC) : start - _CRC.size]
    first, length = _STATE_FIELDS.unpack(fields)
    (crc,) = _CRC.unpack_from(data, start - _CRC.size)
    state = data[start : start + length]
    if len(state) != length or zlib.crc32(state, zlib.crc32(fields)) != crc:
        return None
    return first, state


def read_segment(data: bytes) -> tuple[list[Group], int]:
    """Read a segment's good groups from its start; return them and the bytes up to the last one's end.

    Raises:
        VerificationError: a damaged group has a good one after it, or the indexes don't follow on.
    """
    groups: list[Group] = []
    found_state = read_state(data)
    place = len(encode_state(*found_state)) if found_state else 0
    while (found := decode_group(data, place)) is not None:
        group, after = found
        if groups and group.first != groups[-1].end:
            raise VerificationError("a group of the write-ahead log is missing", where=f"byte {place}")
        groups.append(group)
        place = after
    if place < len(data) and _good_group_after(data, place + 1):
        raise VerificationError(
            "a group of the write-ahead log is damaged and a good one follows it", where=f"byte {place}"
        )
    return groups, place


def _good_group_after(data: bytes, offset: int) -> bool:
    while (offset := data.find(MAGIC, offset)) >= 0:
        if decode_group(data, offset) is not None:
            return True
        offset += 1
    return False


def join_segments(names: Sequence[str], read: Callable[[str], bytes], start: int = 0) -> Iterator[Group]:
    """Yield the groups of all segments in the order of their indexes, each once.

    Args:
        names: the segments, in the order of their names.
        read: returns a segment's bytes by its name; one segment at a time is held.
        start: the index that the first of them begins with.

    Raises:
        VerificationError: corruption, see the module's rule of torn tails.
    """
    reached = start
    last: Group | None = None
    for name, following in zip(names, [*names[1:], ""], strict=False):
        data = read(name)
        try:
            groups, good = read_segment(data)
        except VerificationError as error:
            raise VerificationError(error.message, where=f"wal/{name}, {error.where}") from None
        place = f"wal/{name}, byte {good}"
        if groups and groups[0].first != segment_first(name):
            raise VerificationError("a segment does not begin with the entry it is named after", where=place)
        for group in groups:
            if _same_entries(group, last):
                continue  # the copy that a recovery made of the last good group
            if group.first != reached:
                raise VerificationError("the write-ahead log has a gap", where=f"wal/{name}")
            yield group
            last, reached = group, group.end
        if following and good < len(data) and reached <= (segment_first(following) or 0):
            raise VerificationError("the write-ahead log is damaged in its middle", where=place)


def _same_entries(group: Group, last: Group | None) -> bool:
    """Compare entries alone: an erasure that was cut off may have reached the openings of one copy only."""
    return (
        last is not None
        and group.first == last.first
        and [item.entry for item in group.items] == [item.entry for item in last.items]
    )
