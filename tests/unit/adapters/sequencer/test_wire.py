"""`zoneproxy.adapters.sequencer.wire`: exact bytes, bounded sizes, and one error for everything else."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import decision
from zoneproxy.adapters.sequencer.wire import (
    LIMITS,
    Append,
    Archive,
    Archived,
    Decoder,
    Failed,
    Hello,
    Message,
    Refused,
    Welcome,
    WireError,
    Written,
    decode,
    encode,
)
from zoneproxy.terms.ports import Receipt

MESSAGES: list[Message] = [
    Hello("zone.example/trace/node-1"),
    Append(0, 17, b"s" * 32, "decision", decision(1), {"client.ip": "203.0.113.9", "detail": None}),
    Append(2**64 - 1, 0, bytes(32), "worker_stop", {"cause": "stop"}, {}),
    Archive(3, b"rules: []\n"),
    Welcome("node-1", "w1", 0, ""),
    Welcome("node-1", "w12", 9, "ab" * 32),
    Written(4, Receipt(77, b"l" * 32, 1_767_225_600_000)),
    Written(5, Receipt(0, b"l" * 32, 1_767_225_600_000, "zone.example/trace/node-1/2026-11")),
    Refused(5, "`status` is not an integer in its range"),
    Archived(6, b"d" * 32),
    Failed("the log's disk is nearly full"),
]


def test_the_worked_example() -> None:
    """The example in the module's specification is what is written."""
    frame = bytes.fromhex("00000029 84 0000000000000007" + "ab" * 32)
    assert encode(Archived(7, b"\xab" * 32)) == frame
    assert Decoder().feed(frame) == [Archived(7, b"\xab" * 32)]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_written_is_read(message: Message) -> None:
    """Every message comes out as it went in."""
    assert Decoder().feed(encode(message)) == [message]


@given(st.lists(st.sampled_from(MESSAGES), max_size=6), st.integers(1, 50))
def test_frames_may_come_in_any_pieces(messages: list[Message], size: int) -> None:
    """Cut anywhere, the same messages come out, in order."""
    data, decoder = b"".join(map(encode, messages)), Decoder()
    found = [
        message for place in range(0, len(data), size) for message in decoder.feed(data[place : place + size])
    ]
    assert found == messages


@given(st.integers(0, 255), st.binary(max_size=200))
def test_any_payload_is_a_message_or_refused(kind: int, payload: bytes) -> None:
    """No bytes raise anything but the one error."""
    try:
        message = decode(kind, payload)
    except WireError:
        return
    assert type(message) in {type(one) for one in MESSAGES}


@given(st.sampled_from(MESSAGES), st.data())
def test_a_changed_frame_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    """A byte changed anywhere gives another message, the wait for more, or the one error."""
    frame = bytearray(encode(message))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = Decoder().feed(bytes(frame))
    except WireError:
        return
    assert found != [message] or isinstance(message, Append)  # a space in its JSON, say


@pytest.mark.parametrize("kind", [*LIMITS, 0, 4, 200])
def test_sizes_are_bounded_before_anything_is_kept(kind: int) -> None:
    """A frame that names more than its kind may hold is refused by its first five bytes."""
    for length in (0, LIMITS.get(kind, 0) + 1, 2**32 - 1):
        with pytest.raises(WireError, match="can't be"):
            Decoder().feed(struct.pack(">IB", length, kind))


def test_a_record_that_is_too_large_is_not_sent() -> None:
    """The writer keeps to the bounds as well; texts are cut."""
    with pytest.raises(ValueError, match="more than"):
        encode(Archive(0, bytes(LIMITS[3])))
    assert Decoder().feed(encode(Failed("\N{BULLET}" * 5000))) == [Failed("\N{BULLET}" * 333)]


@pytest.mark.parametrize(
    "payload",
    [
        b"ZPSX\x01origin",
        b"ZPSQ\x01",
        "ZPSQ\x01origin\N{BULLET}".encode(),
    ],
)
def test_greetings_that_are_none(payload: bytes) -> None:
    """Another magic, no origin, an origin that is no ASCII."""
    with pytest.raises(WireError):
        decode(1, payload)


@pytest.mark.parametrize(
    ("body", "private"),
    [(b"[]", b"{}"), (b"{}", b"7"), (b"{", b"{}"), (b"[" * 100_000, b"{}"), (b"{}", b"\xff")],
)
def test_records_that_are_no_objects(body: bytes, private: bytes) -> None:
    """A record is two JSON objects; deep nesting is no way to crash the reader."""
    head = struct.pack(">QQ32sB", 0, 0, bytes(32), 1) + b"x" + struct.pack(">I", len(body))
    with pytest.raises(WireError):
        decode(2, head + body + private)
    with pytest.raises(WireError, match=r"cut off|read"):
        decode(2, head[:-4] + struct.pack(">I", len(body) + 99) + body)
