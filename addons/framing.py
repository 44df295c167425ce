"""Where a message of HTTP/1.1 begins and ends: one spelling, and nothing else is read.

Two servers that read the same bytes must find the same messages in them. Wherever RFC 9112 lets a recipient
be generous, somebody else is generous in another way, and what lies between the two readings is a message
that one of them judged and the other never saw. So the bytes themselves are looked at, before the core's
parser mends them:

    a line        ends with CR LF; a bare CR, a bare LF or a NUL is nowhere (sections 2.2 and 5)
    a head        begins with its first line: no empty line, blank or other protocol's byte before it
    request line  METHOD, one space, target, one space, `HTTP/1.0` or `HTTP/1.1`
    status line   `HTTP/1.0` or `HTTP/1.1`, one space, three digits, and perhaps a reason
    a field       name, colon, value; no folded line; at most `MAX_FIELDS`
    coding        `chunked` and no other transfer coding
    a chunk       its size in at most 8 hexadecimal digits, CR LF, its bytes, CR LF; no extension
    the end       `0`, CR LF, CR LF; no trailer

Worked example: `POST / HTTP/1.1`, `Host: a`, and a line `X: b` that ends with LF alone before
`Transfer-Encoding: chunked`. A server that ends lines with CR LF only sees one field `X` and no body; one
that takes LF as well sees a chunked body. Here it is `a line that does not end with CR LF`, and refused.

Source: RFC 9112, sections 2.2, 3, 4, 5, 6.3, 7.1; RFC 9110, section 5.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h11

if TYPE_CHECKING:
    from h11._receivebuffer import ReceiveBuffer

MAX_FIELDS = 128
"""Header fields of one message: more cost more to look at than they can be worth."""
MAX_HEAD_BYTES = MAX_ANSWER_HEAD_BYTES = 65_536
MAX_CHUNK_LINE_BYTES = 10  # 8 digits, CR, LF

_END = re.compile(rb"\n\r?\n")
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~]+ HTTP/1\.[01]\Z")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?\Z")
_FIELD = re.compile(_TOKEN + rb":[\t\x20-\x7e\x80-\xff]*\Z")
_FIELDS = re.compile(rb"(?:" + _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n\Z")
_CODED = b"transfer-encoding"
_CODING = re.compile(rb"(?i:transfer-encoding):[ \t]*((?i:chunked))?[ \t]*\Z")
_BEGINS = re.compile(rb"[A-Z]")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n\Z")
_CHUNK_BEGINS = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")


def request_flaw(data: bytes, most: int = MAX_HEAD_BYTES) -> str:
    """Tell what is wrong with the bytes that are to be a request's head.

    Args:
        data: all that came since the last message; the head may not be complete yet.
        most: bytes that a head may have.

    Returns:
        Our words for it, or nothing: the head is well-formed as far as it came.
    """
    if not _BEGINS.match(data):
        return "no request begins like this"
    if len(data) > most and not _END.search(data, 0, most + 4):
        return "a head that is too long"
    return _head_flaw(data, _REQUEST_LINE, "a request line that is none")


def answer_flaw(data: bytes) -> str:
    """Tell what is wrong with the bytes that are to be an answer's head; nothing if it is well-formed so far.

    Args:
        data: all that came since the request was sent.
    """
    if data[:7] != b"HTTP/1."[: len(data)]:
        return "no answer begins like this"
    if len(data) > MAX_ANSWER_HEAD_BYTES and not _END.search(data, 0, MAX_ANSWER_HEAD_BYTES):
        return "a head that is too long"
    return _head_flaw(data, _STATUS_LINE, "a status line that is none")


def _head_flaw(data: bytes, first_line: re.Pattern[bytes], words: str) -> str:
    end = _END.search(data)
    if end is None:
        return ""
    head = data[: end.end()]
    if b"\n" in head.replace(b"\r\n", b"") or not head.endswith(b"\r\n\r\n"):
        return "a line that does not end with CR LF"
    first, *fields = head.split(b"\r\n")[:-2]
    if not first_line.match(first):
        return words
    if len(fields) > MAX_FIELDS:
        return "too many header fields"
    if _FIELDS.match(head, len(first) + 2) and _CODED not in head.lower():
        return ""  # most heads: all of their fields at one look, and none of them says how the body is coded
    for field in fields:
        if not _FIELD.match(field):
            return _field_flaw(field)
        if field[:17].lower() == b"transfer-encoding" and not _is_chunked(field):
            return "a transfer coding that is not chunked"
    return ""


def _is_chunked(field: bytes) -> bool:
    found = _CODING.match(field)
    return field[17:18] != b":" or (found is not None and found[1] is not None)


def _field_flaw(field: bytes) -> str:
    if field[:1] in (b" ", b"\t"):
        return "a folded header line"
    if not re.match(_TOKEN + b":", field):
        return "a character that a header name may not have"
    return "a control character in a header value"


def whole_chunks(data: bytes) -> list[tuple[bytes, int]]:
    """Return what is in the chunks that came whole, from the first on, and where in the data each ends.

    Args:
        data: what came, from the beginning of a chunk.

    Returns:
        Nothing of the last chunk, of a piece of one, of what is none, nor of what follows these.
    """
    chunks: list[tuple[bytes, int]] = []
    end = 0
    while (found := _CHUNK_BEGINS.match(data, end)) is not None and (size := int(found[1], 16)):
        begins = found.end()
        end = begins + size + 2
        if data[end - 2 : end] != b"\r\n":
            break
        chunks.append((data[begins : end - 2], end))
    return chunks


class StrictChunks:
    """Reads a chunked body by the one spelling; stands where the core's own reader would.

    Raises:
        h11.RemoteProtocolError: the body is spelled in any other way.
    """

    def __init__(self) -> None:
        self._left = 0  # bytes of the chunk that have not come
        self._closing = False  # the chunk's own CR LF is due
        self._last = False  # the last chunk was read

    @property
    def between(self) -> bool:
        """True where the next byte begins a chunk, or the last one."""
        return not (self._left or self._closing or self._last)

    def __call__(self, buf: ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        """Take what has come; `None` where more must come."""
        if self._closing:
            if not self._take_line_end(buf, "a chunk that is longer than it says"):
                return None
            self._closing = False
        if self._last:
            return h11.EndOfMessage() if self._take_line_end(buf, "trailers") else None
        if not self._left:
            line = buf.maybe_extract_next_line()
            if line is None or len(line) > MAX_CHUNK_LINE_BYTES:
                if line is not None or len(buf) >= MAX_CHUNK_LINE_BYTES or b"\n" in bytes(buf):
                    raise h11.RemoteProtocolError("a chunk's size that is none")
                return None
            found = _CHUNK.match(line)
            if found is None:
                raise h11.RemoteProtocolError("a chunk's size that is none")
            self._left = int(found[1], 16)
            if not self._left:
                self._last = True
                return self(buf)
        data = buf.maybe_extract_at_most(self._left)
        if data is None:
            return None
        self._left -= len(data)
        self._closing = not self._left
        return h11.Data(data=bytes(data))

    def read_eof(self) -> h11.EndOfMessage:
        """The peer has left: the body is not whole."""
        raise h11.RemoteProtocolError("peer closed connection within a chunked body")

    @staticmethod
    def _take_line_end(buf: ReceiveBuffer, flaw: str) -> bool:
        had = bytes(buf.maybe_extract_at_most(2) or b"") if len(buf) > 1 else bytes(buf)
        if had != b"\r\n"[: len(had)]:
            raise h11.RemoteProtocolError(flaw)
        return len(had) == 2  # noqa: PLR2004 - CR and LF
