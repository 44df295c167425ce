"""`zoneproxy.trace.identity`: what does not fit is put back; no hint ever says to make a log over another."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, Writer, joint_signer, signer
from zoneproxy.terms.errors import ConfigError, VerificationError, ZoneError
from zoneproxy.trace.identity import CHECKPOINT, LOG_FILE, SIGNED, check_identity, read_head
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.note import Signer


def disk(key: Signer | None = None) -> dict[str, bytes]:
    files = CrashFiles()
    Ledger(files, ORIGIN, key or joint_signer()).create(Writer().opening())
    return next(iter(files.disks()))


def never_init(error: ZoneError) -> None:
    assert "init" not in error.hint
    assert error.hint


def test_the_right_log_is_taken() -> None:
    """Its own keys and origin fit."""
    check_identity(CrashFiles(disk()), ORIGIN, joint_signer())
    assert read_head(CrashFiles(disk()), CHECKPOINT, ORIGIN, joint_signer()).size == 1


@pytest.mark.parametrize(
    ("change", "origin", "key", "said", "hint"),
    [
        ({LOG_FILE: None}, ORIGIN, joint_signer(), "is missing, but its other files are here", "from a copy"),
        ({LOG_FILE: b"{}\n"}, ORIGIN, joint_signer(), "was changed", "from a copy"),
        ({}, ORIGIN, signer(), "its ML-DSA-44 key is not here", "put the missing key file back"),
        ({}, ORIGIN, joint_signer(ORIGIN, 2), "with this key", "put the log's own key files back"),
        ({}, "other.example", joint_signer("other.example"), "not that of `other.example`", ORIGIN),
    ],
)
def test_what_does_not_fit(
    change: dict[str, bytes | None], origin: str, key: Signer, said: str, hint: str
) -> None:
    """A lost file, a lost key, another log: each is named, with what mends it."""
    made = {path: data for path, data in (disk() | change).items() if data is not None}
    with pytest.raises(ConfigError, match=said) as told:
        check_identity(CrashFiles(made), origin, key)
    assert hint in told.value.hint
    never_init(told.value)


def test_an_empty_directory_is_no_log() -> None:
    """Only where nothing of a log lies, one can be made."""
    with pytest.raises(ConfigError, match="no log here") as told:
        check_identity(CrashFiles(), ORIGIN, joint_signer())
    assert "zoneproxy init" in told.value.hint


def test_a_flipped_byte_of_a_checkpoint() -> None:
    """Whichever byte is flipped, the operator is sent to the copy, never to a new log."""
    made = disk(signer())
    for place in range(0, len(made[CHECKPOINT]), 7):
        data = bytearray(made[CHECKPOINT])
        data[place] ^= 1
        with pytest.raises(VerificationError) as told:
            read_head(CrashFiles(made | {CHECKPOINT: bytes(data)}), CHECKPOINT, ORIGIN, signer())
        assert f"copy `{SIGNED}` over it" in told.value.hint
        never_init(told.value)
    del made[SIGNED]
    with pytest.raises(VerificationError, match="missing") as told:
        read_head(CrashFiles(made), SIGNED, ORIGIN, signer())
    never_init(told.value)
