"""`zoneproxy.trace.submission`: tlog-witness request bodies; they are read, or refused with one error."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, joint_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.submission import (
    MAX_REQUEST_BYTES,
    encode_submission,
    parse_answer,
    parse_submission,
    parse_subtree_request,
)

HASH = b"h" * 32
LINE = base64.b64encode(HASH).decode()
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 8, b"r" * 32), [joint_signer()]).data


def request(head: str) -> bytes:
    return head.encode() + b"\n\n" + NOTE


def test_round_trip() -> None:
    """What is written is read back, with and without a proof."""
    for old, proof in ((0, ()), (8, ()), (3, (HASH,) * 63)):
        read = parse_submission(encode_submission(old, proof, NOTE))
        assert (read.old, read.proof, read.note.data) == (old, proof, NOTE)
        assert read.checkpoint == Checkpoint(ORIGIN, 8, b"r" * 32)


@pytest.mark.parametrize(
    "head",
    [
        "", "old", "old ", "old 01", "old -1", "old +1", "old 1_0", "old 0x1", "old 9", "Old 1", "old  1",
        "old 1 ",
        "old \u0661", "old 1\r", f"old 1\n{LINE}\r", "old 1\n", "old 1\nAA==", f"old 1\n{LINE[:-2]}x=",
        f"old 1\n {LINE}", f"old 1\n{LINE.rstrip('=')}", "old 1" + f"\n{LINE}" * 64, f"old {2**63}",
    ],
)  # fmt: skip
def test_malformed_requests(head: str) -> None:
    """Numbers and base64 have one spelling, and a proof at most 63 lines."""
    with pytest.raises(VerificationError):
        parse_submission(request(head))


def test_malformed_checkpoints() -> None:
    """Extension lines, no signature, no empty line, endless: refused. A strange empty tree is read."""
    text = f"{ORIGIN}\n8\n{LINE}\n"
    for note in (f"{text}extension\n\n\u2014 x AAAAAAA=\n", text, f"{text}\n", ""):
        with pytest.raises(VerificationError):
            parse_submission(f"old 1\n\n{note}".encode())
    with pytest.raises(VerificationError):
        parse_submission(b"old 1\n" + NOTE)
    with pytest.raises(VerificationError, match="too long"):
        parse_submission(b"o" * (MAX_REQUEST_BYTES + 1))
    strange = sign_checkpoint(Checkpoint(ORIGIN, 0, HASH), [signer()]).data
    assert parse_submission(b"old 0\n\n" + strange).checkpoint.size == 0


def test_subtree_requests() -> None:
    """A range is read with its hash and proof; one that is no subtree is refused."""
    read = parse_subtree_request(request(f"subtree 4 6\n{LINE}\n{LINE}"))
    assert (read.start, read.end, read.root, read.proof) == (4, 6, HASH, (HASH,))
    for head in (
        "subtree 4 6", f"subtree 4 4\n{LINE}", f"subtree 3 5\n{LINE}", f"subtree 8 9\n{LINE}",
        f"subtree 4\n{LINE}",
        f"subtree 6 4\n{LINE}", f"subtree 4 6 \n{LINE}", f"old 1\n{LINE}",
        f"subtree 4 6\n{LINE}" + f"\n{LINE}" * 64,
    ):  # fmt: skip
        with pytest.raises(VerificationError):
            parse_subtree_request(request(head))


def test_answers() -> None:
    """Signature lines are read; anything else is refused; nothing is nothing."""
    text = f"{ORIGIN}\n8\n{LINE}\n"
    assert [line.name for line in parse_answer("\u2014 w AAAAAAA=\n".encode(), text)] == ["w"]
    assert parse_answer(b"", text) == ()
    for data in (b"no", b"\xff\n", "\u2014 w AAAAAAA=".encode(), "\u2014 w AAAA\n".encode()):
        with pytest.raises(VerificationError):
            parse_answer(data, text)


PIECES = st.sampled_from(
    [
        "old ",
        "subtree ",
        "0",
        "1",
        "8",
        " ",
        "\n",
        "\n\n",
        "\u2014 ",
        "\x00",
        "\u2028",
        "=",
        LINE,
        NOTE.decode(),
    ]
)
ANYTHING = st.lists(PIECES, max_size=12).map(lambda parts: "".join(parts).encode())


@given(st.binary(max_size=300) | ANYTHING)
def test_anything_is_read_or_refused(data: bytes) -> None:
    """The parsers accept or raise their one error; what is accepted has one spelling."""
    for parse in (parse_submission, parse_subtree_request):
        try:
            read = parse(data)
        except VerificationError:
            continue
        if parse is parse_submission:
            assert encode_submission(read.old, read.proof, read.note.data) == data  # type: ignore[union-attr]


@given(st.integers(0, len(NOTE) + 60), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(place: int, byte: int) -> None:
    """One byte changed in a whole request: accepted in its own spelling, or refused."""
    data = bytearray(encode_submission(3, [HASH], NOTE))
    data[place % len(data)] = byte
    try:
        read = parse_submission(bytes(data))
    except VerificationError:
        return
    assert encode_submission(read.old, read.proof, read.note.data) == bytes(data)
