r"""multipart/form-data, read so that no other reader can understand another thing (RFC 7578, RFC 2046).

What two parsers may take differently is refused: a preamble or an epilogue, line ends that are not CRLF, a
boundary that stands anywhere but between parts, a part without a name or with a name that came before
(but for lists, which end in `[]`), two file names, an unknown header, a transfer coding, a length that
is not the part's, a part that is itself multipart.

    >>> media = read_media_type("multipart/form-data; boundary=x")
    >>> read_form(b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x--\r\n', media)
    Form(fields=(('purpose', 'batch'),), files=())

Parsing is `multipart`'s, in its strict mode; the checks around it are about agreement, not about syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from zoneproxy.content.media import MediaType, read_media_type
from zoneproxy.content.strict_json import UnreadableError

MOST_PARTS = 64
_MOST_FIELD_BYTES = 1024 * 1024
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}\Z", re.ASCII)
_HEADERS = frozenset(("content-disposition", "content-type", "content-length"))
_DISPOSITION = re.compile(
    r'form-data; ?name="([!#-\[\]-~ ]{1,128})"(?:; ?filename="([^"\\\r\n\x00]{0,512})")?\Z', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a form.

    Attributes:
        field: the field that it stands in.
        filename: what the caller calls it; it says nothing of what it is.
        content_type: its declared type, or `None`.
        data: its bytes.
    """

    field: str
    filename: str
    content_type: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its text fields in order, and its files."""

    fields: tuple[tuple[str, str], ...]
    files: tuple[FormFile, ...]

    def field(self, name: str) -> str | None:
        """Return a text field, or `None`; names of fields that are not lists stand once."""
        return next((value for key, value in self.fields if key == name), None)


def read_form(body: bytes, media: MediaType | None) -> Form:
    """Read a form.

    Args:
        body: the whole body.
        media: its declared type.

    Raises:
        UnreadableError: anything above; the message holds nothing of the data.
    """
    boundary = media.parameters.get("boundary", "") if media is not None else ""
    if media is None or media.essence != "multipart/form-data" or not _BOUNDARY.match(boundary):
        raise UnreadableError("the form has no boundary that can be read")
    mark = b"--" + boundary.encode()
    if not body.startswith(mark + b"\r\n") or not body.endswith((mark + b"--", mark + b"--\r\n")):
        raise UnreadableError("something stands around the form")
    parts = _parts(body, boundary)
    # A boundary after a bare line feed, or with blanks behind it, is one to some readers.
    if body.count(mark) != len(parts) + 1:
        raise UnreadableError("the boundary stands within a part")
    fields, files, seen = list[tuple[str, str]](), list[FormFile](), set[str]()
    for head, data in parts:
        name, filename, content_type = _read_head(head, len(data))
        if name in seen and not name.endswith("[]"):
            raise UnreadableError("the form has a field twice")
        seen.add(name)
        if filename is not None:
            files.append(FormFile(name, filename, content_type, data))
        elif len(data) > _MOST_FIELD_BYTES or not _is_plain(content_type):
            raise UnreadableError("a field is no text")
        else:
            fields.append((name, _text(data)))
    return Form(tuple(fields), tuple(files))


def _parts(body: bytes, boundary: str) -> list[tuple[MultipartSegment, bytes]]:
    parser = PushMultipartParser(boundary, strict=True, max_segment_count=MOST_PARTS, max_header_count=4)
    parts, data = list[tuple[MultipartSegment, bytes]](), bytearray()
    head: MultipartSegment | None = None
    try:
        for event in (*parser.parse(body),):
            if isinstance(event, MultipartSegment):
                head, data = event, bytearray()
            elif event is not None:
                data += event
            elif head is not None:
                parts.append((head, bytes(data)))
        parser.close()
    except (MultipartError, ValueError, LookupError):
        raise UnreadableError("the form can't be read") from None
    return parts


def _read_head(head: MultipartSegment, size_bytes: int) -> tuple[str, str | None, str | None]:
    """Return a part's field, file name (`None` where it has none) and declared type."""
    headers = {name.lower(): value for name, value in head.headerlist}
    if len(headers) != len(head.headerlist) or not headers.keys() <= _HEADERS:
        raise UnreadableError("a part has a header twice, or one that is not known")
    found = _DISPOSITION.match(headers.get("content-disposition", ""))
    if found is None:
        raise UnreadableError("a part has no name that can be read")
    length = headers.get("content-length")
    if length is not None and length != str(size_bytes):
        raise UnreadableError("a part's length is not its own")
    content_type = headers.get("content-type")
    if content_type is not None:
        media = read_media_type(content_type)
        if media is None or media.essence.startswith(("multipart/", "message/")):
            raise UnreadableError("a part holds parts")
    filename = found.group(2)
    return found.group(1), filename, content_type if filename is not None else content_type or "text/plain"


def _is_plain(content_type: str | None) -> bool:
    media = read_media_type(content_type)
    return media is not None and media.essence in ("text/plain", "application/json")


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("a field is not UTF-8") from None
    if "\x00" in text:
        raise UnreadableError("a field is no text")
    return text
