"""`zoneproxy.content.form`: a form that two parsers may read differently is not read at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.form import read_form
from zoneproxy.content.media import read_media_type
from zoneproxy.content.strict_json import UnreadableError

MEDIA = read_media_type('multipart/form-data; boundary="b"')
FIELD = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
FILE = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nhello\r\n"
)
END = b"--b--\r\n"


def test_fields_and_files_are_told_apart() -> None:
    """A part with a file name is a file, whatever it is called; others are text."""
    form = read_form(FIELD + FILE + END, MEDIA)
    assert form.field("purpose") == "batch"
    assert form.field("model") is None
    (file,) = form.files
    assert (file.field, file.filename, file.content_type, file.data) == (
        "file",
        "a.txt",
        "text/plain",
        b"hello",
    )


def test_a_list_may_stand_several_times() -> None:
    """The SDKs write a list as fields whose name ends in brackets."""
    one = b'--b\r\nContent-Disposition: form-data; name="include[]"\r\n\r\nx\r\n'
    assert read_form(one + one + END, MEDIA).fields == (("include[]", "x"), ("include[]", "x"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        END,
        b"preamble\r\n" + FIELD + END,
        FIELD + END + b"epilogue",
        FIELD + b"--b--\r\n\r\n--b--",
        FIELD,
        FIELD.replace(b"\r\n", b"\n") + END,
        FIELD + FIELD + END,
        FIELD.replace(b'name="purpose"', b"") + END,
        FIELD.replace(b'; name="purpose"', b'; name="purpose"; name="x"') + END,
        FIELD.replace(b"batch", b"bat\n--b\nch") + END,
        FIELD.replace(b"batch", b"bat--b ch") + END,
        FILE.replace(b"text/plain", b"multipart/mixed; boundary=c") + END,
        FILE.replace(b"text/plain", b"message/rfc822") + END,
        FILE.replace(b'filename="a.txt"', b"filename*=utf-8''a.txt") + END,
        FILE.replace(b"Content-Type: text/plain", b"Content-Length: 6") + END,
        FILE.replace(b"Content-Type: text/plain", b"Content-Transfer-Encoding: base64") + END,
        FILE.replace(b"Content-Type: text/plain", b"Content-Type: text/plain\r\nContent-Type: a/b") + END,
        FILE.replace(b"Content-Type: text/plain", b"X-Other: 1") + END,
        FIELD.replace(b"batch", b"\xff") + END,
        FIELD.replace(b"batch", b"a\x00b") + END,
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(body: bytes) -> None:
    """Z22: duplicate names, missing boundaries, nested parts and lying lengths are unreadable."""
    with pytest.raises(UnreadableError):
        read_form(body, MEDIA)


def test_an_honest_length_is_no_lie() -> None:
    """A part may say how long it is, if it is."""
    assert read_form(FILE.replace(b"Content-Type: text/plain", b"Content-Length: 5") + END, MEDIA).files


@pytest.mark.parametrize(
    "header",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=b",
     'multipart/form-data; boundary="b "', f"multipart/form-data; boundary={'b' * 71}"],
)  # fmt: skip
def test_a_boundary_that_can_not_be_read_is_none(header: str) -> None:
    """Z22: without a boundary that everybody reads alike there is no form."""
    with pytest.raises(UnreadableError):
        read_form(FIELD + END, read_media_type(header))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_whatever_the_bytes_are_there_is_an_answer(data: bytes, cut: int) -> None:
    """Z22: a form, or unreadable; never another exception."""
    for body in (data, FIELD[:cut] + data + END, (FIELD + FILE + END)[:cut]):
        try:
            read_form(body, MEDIA)
        except UnreadableError:
            continue
