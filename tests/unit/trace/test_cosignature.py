"""`zoneproxy.trace.cosignature`: what is signed with a time, byte for byte."""

from __future__ import annotations

import pytest

from tests.support.logs import ORIGIN, mldsa_signer
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.cosignature import (
    ed25519_message,
    mldsa44_message,
    timestamped,
    verify_ed25519,
    verify_mldsa44,
)

ROOT = b"r" * 32
HEAD = Checkpoint(ORIGIN, 3, ROOT)
KEY = mldsa_signer().verifiers[0].public
BLOB = mldsa_signer().sign(HEAD.text)[0].blob


def test_worked_example() -> None:
    """The bytes that ML-DSA-44 signs are those of the module's worked example."""
    made = mldsa44_message("w", 1, Checkpoint("l", 3, ROOT).text)
    told = "737562747265652f76310a00 0177 0000000000000001 016c 0000000000000000 0000000000000003"
    assert made == bytes.fromhex(told) + ROOT


def test_ed25519_signs_time_and_text() -> None:
    """The bytes that a 0x04 cosignature signs are two lines and the text."""
    assert ed25519_message(1679315147, "x\n") == b"cosignature/v1\ntime 1679315147\nx\n"


@pytest.mark.parametrize(
    "text",
    [
        "", "x\n", "a\n3\n", HEAD.text + "more\n", HEAD.text[:-1], HEAD.text.replace("3", "03"),
        HEAD.text.replace("3", "9223372036854775808"), HEAD.text.replace("3", "\uff13"),
        f"{ORIGIN}\n3\nAAAA\n",
        f"\n3\n{HEAD.text.split(chr(10))[2]}\n", "x" * 256 + HEAD.text, HEAD.text.replace("=", ""),
        f"{ORIGIN}\n3\n\u00e9\n",
    ],
)  # fmt: skip
def test_only_a_checkpoint_of_one_spelling_is_signed(text: str) -> None:
    """Anything but the three lines in their one spelling has no ML-DSA-44 message."""
    assert mldsa44_message("w", 1, text) is None
    assert not verify_mldsa44(ORIGIN, KEY, text, BLOB)


def test_a_name_that_is_too_long() -> None:
    """A name of more than 255 bytes can't be committed to."""
    assert mldsa44_message("x" * 256, 1, HEAD.text) is None


def test_name_time_and_text_are_signed() -> None:
    """Under another name, at another time, over another text or with another length nothing verifies."""
    assert verify_mldsa44(ORIGIN, KEY, HEAD.text, BLOB)
    assert not verify_mldsa44("other", KEY, HEAD.text, BLOB)
    assert not verify_mldsa44(ORIGIN, KEY, Checkpoint(ORIGIN, 4, ROOT).text, BLOB)
    assert not verify_mldsa44(ORIGIN, KEY[:-1], HEAD.text, BLOB)
    for blob in (timestamped(1, BLOB[8:]), b"\xff" * 8 + BLOB[8:], BLOB[:-1], BLOB + b"\0", b""):
        assert not verify_mldsa44(ORIGIN, KEY, HEAD.text, blob)


def test_ed25519_refuses_what_is_no_signature() -> None:
    """A signature of another length, without a time or under no key is refused."""
    for blob in (b"", bytes(72), timestamped(1, bytes(64)), timestamped(1, bytes(63))):
        assert not verify_ed25519(bytes(32), HEAD.text, blob)
        assert not verify_ed25519(b"short", HEAD.text, blob)
