"""`zoneproxy.trace.checkpoint`: three lines, signed by every key of the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    parse_size,
    sign_checkpoint,
)
from zoneproxy.trace.merkle import EMPTY_ROOT
from zoneproxy.trace.note import parse_note, parse_vkey, sign_note, verify_note

HEAD = Checkpoint(ORIGIN, 3, b"r" * 32)


def test_round_trip() -> None:
    """A checkpoint that was signed opens under the log's key, and says the same."""
    note = sign_checkpoint(HEAD, [signer()])
    assert open_checkpoint(note.data, signer().verifiers, ORIGIN) == HEAD


def test_the_empty_log_reads_as_documented() -> None:
    """The worked example of the format's specification holds."""
    text = f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert Checkpoint(ORIGIN, 0, EMPTY_ROOT).text == text
    assert parse_checkpoint(text) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)


def test_foreign_checkpoint(shared: Path) -> None:
    """A real checkpoint verifies and is read; its key is not named after its origin, so not ours."""
    cases = json.loads((shared / "vectors/notes.json").read_text())["notes"]
    case = next(case for case in cases if "sum.golang" in case["vkey"])
    key, note = parse_vkey(case["vkey"]), parse_note(case["msg"].encode())
    assert verify_note(note, [key]) == (key,)
    assert parse_checkpoint(note.text).size == 35225469
    with pytest.raises(VerificationError, match="no verifier key of the log"):
        open_checkpoint(note.data, [key])


@pytest.mark.parametrize(
    "text",
    ["01", "1_0", "+1", "-1", " 5", "5 ", "", "\uff11\uff12", "\u0661", "9223372036854775808", "1e3", "1\n"],
)
def test_sizes_that_are_no_plain_numbers(text: str) -> None:
    """A size is a plain decimal number of at most 2^63-1, whatever Python's `int` would take."""
    with pytest.raises(VerificationError):
        parse_size(text)


def test_largest_size() -> None:
    """2^63-1 is a size."""
    assert parse_size("9223372036854775807") == 2**63 - 1


@pytest.mark.parametrize(
    "text",
    [
        HEAD.text + "extension\n", HEAD.text[:-1], "\n" + HEAD.text.split("\n", 1)[1], f"{ORIGIN}\n3\nAAAA\n",
        f"{ORIGIN}\n0\n{'A' * 43}=\n", f"{ORIGIN}\n3\n", "", HEAD.text.replace("\n", "\u2028"),
    ],
)  # fmt: skip
def test_no_checkpoint(text: str) -> None:
    """Anything but the three lines is refused, extension lines too."""
    with pytest.raises(VerificationError):
        parse_checkpoint(text)


def test_another_logs_checkpoint_is_refused() -> None:
    """A checkpoint of another origin is refused, and so is one whose key is not known."""
    note = sign_checkpoint(HEAD, [signer()]).data
    with pytest.raises(VerificationError, match="not `other`"):
        open_checkpoint(note, signer().verifiers, "other")
    with pytest.raises(VerificationError, match="no verifier key"):
        open_checkpoint(note, signer("other.example").verifiers)


def test_every_key_of_the_log_must_have_signed() -> None:
    """Where two keys of the log are known, a checkpoint without the signature of one is refused."""
    keys = [*signer().verifiers, *signer(ORIGIN, 2).verifiers]
    both = sign_note(HEAD.text, [signer(), signer(ORIGIN, 2)])
    assert open_checkpoint(both.data, keys) == HEAD
    with pytest.raises(VerificationError, match="did not sign"):
        open_checkpoint(sign_checkpoint(HEAD, [signer()]).data, keys)
