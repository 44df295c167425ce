"""The bytes of a message have one spelling; every other is told apart before anything is parsed."""

from __future__ import annotations

import itertools

import h11
import pytest
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from hypothesis import given
from hypothesis import strategies as st

from addons.framing import (
    MAX_ANSWER_HEAD_BYTES,
    MAX_FIELDS,
    StrictChunks,
    answer_flaw,
    request_flaw,
    whole_chunks,
)

GOOD = b"POST /v1 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize("size", range(1, len(GOOD) + 1))
def test_a_good_head_has_no_flaw_however_much_of_it_came(size: int) -> None:
    """A head that is still coming is not refused."""
    assert request_flaw(GOOD[:size]) == ""
    assert answer_flaw(ANSWER[: min(size, len(ANSWER))]) == ""


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        (b"POST", b"\r\nPOST", "no request begins like this"),
        (b"POST", b"post", "no request begins like this"),
        (b"POST ", b"POST  ", "a request line that is none"),
        (b"1.1", b"2.0", "a request line that is none"),
        (b"a\r\n", b"a\n", "a line that does not end with CR LF"),
        (b"\r\n\r\n", b"\r\n\n", "a line that does not end with CR LF"),
        (b"a\r\n", b"a\rb\r\n", "a control character in a header value"),
        (b"a\r\n", b"a\x00\r\n", "a control character in a header value"),
        (b"a\r\n", b"a\r\n b\r\n", "a folded header line"),
        (b"host", b"ho st", "a character that a header name may not have"),
        (b"host: a", b"host", "a character that a header name may not have"),
        (b"host", b"host ", "a character that a header name may not have"),
        (b"chunked", b"gzip, chunked", "a transfer coding that is not chunked"),
        (b"chunked", b"", "a transfer coding that is not chunked"),
        (b"host: a\r\n", b"x: y\r\n" * MAX_FIELDS, "too many header fields"),
    ],
)
def test_each_other_spelling_is_told(old: bytes, new: bytes, flaw: str) -> None:
    """RFC 9112, sections 2.2, 3, 5 and 6.1."""
    assert request_flaw(GOOD.replace(old, new, 1)) == flaw


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"\r\n" + ANSWER, "no answer begins like this"),
        (b"SSH-2.0", "no answer begins like this"),
        (ANSWER.replace(b"200", b"99"), "a status line that is none"),
        (ANSWER.replace(b"1.1", b"1.2"), "a status line that is none"),
        (ANSWER.replace(b" OK", b" O\rK"), "a status line that is none"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * MAX_ANSWER_HEAD_BYTES, "a head that is too long"),
    ],
)
def test_an_answer_begins_like_one(data: bytes, flaw: str) -> None:
    """A server is believed no more than a caller is."""
    assert answer_flaw(data) == flaw


def read(reader: StrictChunks | ChunkedReader, data: bytes, cuts: list[int]) -> tuple[bytes, bytes] | None:
    """Read a body that comes in pieces: its bytes and what stands behind it; `None` where it is refused."""
    buffer, body = ReceiveBuffer(), b""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        buffer += data[start:end]
        while True:
            try:
                event = reader(buffer)
            except h11.ProtocolError:
                return None
            if event is None:
                break
            if isinstance(event, h11.EndOfMessage):
                return (body, bytes(buffer) + data[end:]) if not event.headers else None
            body += bytes(event.data)
    return None


PIECES = st.lists(st.binary(max_size=20).filter(bool), max_size=4)
CUTS = st.lists(st.integers(0, 200), max_size=6)


@given(PIECES, CUTS, st.binary(max_size=10))
def test_a_body_is_read_whole_however_it_comes(pieces: list[bytes], cuts: list[int], behind: bytes) -> None:
    """What stands behind the end belongs to the next message."""
    data = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n" + behind
    assert read(StrictChunks(), data, cuts) == (b"".join(pieces), behind)


@given(st.text("0123aF\r\n; x", max_size=30), CUTS)
def test_what_is_taken_is_what_h11_takes(text: str, cuts: list[int]) -> None:
    """It is stricter than h11's reader, and never finds another body or another end."""
    data = b"3\r\nabc\r\n" + text.encode() + b"\r\n0\r\n\r\n"
    mine = read(StrictChunks(), data, cuts)
    assert mine is None or mine == read(ChunkedReader(), data, cuts)


@pytest.mark.parametrize(
    "data", [b"3;a=b\r\n", b"0x3\r\n", b"3\n", b"3 \r\n", b"1" * 11, b"-1\r\n", b"\r\n", b"0\r\nx: y\r\n\r\n",
             b"2\r\nabc\r\n", b"3\r\nabc\n"],
)  # fmt: skip
def test_each_other_chunk_is_refused(data: bytes) -> None:
    """No extension, no trailer, no generous size (RFC 9112, section 7.1)."""
    assert read(StrictChunks(), data, []) is None
    buffer = ReceiveBuffer()
    buffer += data
    reader = StrictChunks()
    with pytest.raises(h11.RemoteProtocolError):
        list(iter(lambda: reader(buffer), None))


def test_an_end_within_a_body_is_none() -> None:
    """A peer that leaves within a body has not ended it."""
    with pytest.raises(h11.RemoteProtocolError):
        StrictChunks().read_eof()


@pytest.mark.parametrize("most", [100, 4096])
def test_a_requests_head_is_as_long_as_it_may_be(most: int) -> None:
    """Z22: a head that is too long is refused, whether its end has come or not; one that fits is not."""
    start, end = b"GET / HTTP/1.1\r\nhost: zone\r\nx: ", b"\r\n\r\n"
    fits = start + b"a" * (most - len(start)) + end
    assert request_flaw(fits, most) == ""
    assert request_flaw(fits + b"body" * most, most) == ""
    longer = start + b"a" * (most - len(start) + 5)
    assert request_flaw(longer, most) == request_flaw(longer + end, most) == "a head that is too long"


@pytest.mark.parametrize(
    ("data", "contents"),
    [
        (b"1\r\na\r\n", [b"a"]),
        (b"0A\r\n0123456789\r\n", [b"0123456789"]),
        (b"2\r\nab\r\n1\r\nc\r\n", [b"ab", b"c"]),
        (b"1\r\na\r\n0\r\n\r\n", [b"a"]),
        (b"1\r\na\r\n2\r\na", [b"a"]),
        (b"1\r\na\r\n1;x=y\r\nb\r\n", [b"a"]),
        (b"1\r\na\r\n1\r\nbb\r\n", [b"a"]),
        (b"1\r\na\r\nGET / HTTP/1.1\r\n", [b"a"]),
        (b"", []),
        (b"0\r\n\r\n", []),
        (b"00000000\r\n\r\n", []),
        (b"1\r\na\r", []),
        (b"1\r\na\n\n", []),
        (b"1\na\r\n", []),
        (b"1;x=y\r\na\r\n", []),
        (b"+1\r\na\r\n", []),
        (b"000000001\r\na\r\n", []),
        (b"1 \r\na\r\n", []),
        (b"2\r\na\r\n", []),
        (b"1\r\nab\r\n", []),
        (b"ffffffff\r\na\r\n", []),
    ],
)
def test_whole_chunks_are_those_that_the_strict_reader_takes(data: bytes, contents: list[bytes]) -> None:
    """Z22: from the first on that is not whole, or is the last or none, all is left to the reader."""
    chunks = whole_chunks(data)
    assert [content for content, _ in chunks] == contents
    buffer, reader, read = ReceiveBuffer(), StrictChunks(), b""
    buffer += data[: chunks[-1][1] if chunks else 0]
    while (event := reader(buffer)) is not None:
        read += bytes(event.data)  # type: ignore[union-attr]
    assert read == b"".join(contents)
    assert reader.between
    assert not buffer
