"""`zoneproxy.assembly.private`: the keys of private parts, those in use and those before."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.adapters.clock import SystemEntropy
from zoneproxy.adapters.keys.opening import make_opening_key, make_recipient_key
from zoneproxy.assembly.private import read_own_holders, read_sealing
from zoneproxy.config.privacy import Privacy
from zoneproxy.terms.errors import ConfigError


def test_whom_they_are_encrypted_for(tmp_path: Path) -> None:
    """The operator's key always, a regulator's where it is named; older keys only open (Z17)."""
    for name in ("new", "old"):
        make_opening_key(tmp_path / name)
    make_recipient_key(tmp_path / "reg")
    privacy = Privacy(key="new", older_keys=["old"], regulator="reg.pub")
    assert len(read_sealing(privacy, tmp_path, SystemEntropy()).wrappers) == 2
    assert len(read_sealing(Privacy(key="new"), tmp_path, SystemEntropy()).wrappers) == 1
    assert len(read_own_holders(privacy, tmp_path)) == 2


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    """Nothing is encrypted under a key that nobody has."""
    with pytest.raises(ConfigError, match="is missing"):
        read_sealing(Privacy(key="nowhere"), tmp_path, SystemEntropy())
