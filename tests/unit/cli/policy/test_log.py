"""`zoneproxy.cli.policy.log`: nothing is read from a log that does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import signer, write_log
from zoneproxy.cli.policy.log import open_sound
from zoneproxy.terms.errors import VerificationError


def test_a_sound_log_is_opened(tmp_path: Path) -> None:
    """With the keys beside it, or with those that are given."""
    log = write_log(tmp_path / "log", [1])
    key = tmp_path / "trusted.vkey"
    key.write_text("\n".join(each.vkey for each in signer().verifiers) + "\n")
    assert open_sound(str(log), [key]).checkpoint().size == open_sound(str(log), []).checkpoint().size == 3


def test_a_broken_log_is_refused_with_its_flaw(tmp_path: Path) -> None:
    """The worst flaw is named, and where to see the others."""
    log = write_log(tmp_path / "log", [1])
    (log / "checkpoint").write_bytes(b"")
    with pytest.raises(VerificationError, match="does not hold") as caught:
        open_sound(str(log), [])
    assert "log verify" in caught.value.hint
