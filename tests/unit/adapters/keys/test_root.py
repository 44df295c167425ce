"""`zoneproxy.adapters.keys.root`: a root key signs trust files, and its verifier key lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import joint_signer
from zoneproxy.adapters.keys.root import make_root_key, read_root_trust, read_root_vkey, sign_trust
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.roottrust import trust_text


def test_sign_and_read(tmp_path: Path) -> None:
    """What the root signs is read under its verifier key, and under no other (Z14)."""
    key = make_root_key(tmp_path / "root.key", "zone.example/root")
    assert read_root_vkey(tmp_path / "root.vkey") == key
    text = trust_text(joint_signer().verifiers, [], serial=7, issued_ms=1)
    (tmp_path / "trust").write_bytes(sign_trust(text, tmp_path / "root.key"))
    assert read_root_trust(tmp_path / "trust", tmp_path / "root.vkey").serial == 7
    make_root_key(tmp_path / "other.key", "zone.example/root")
    with pytest.raises(VerificationError, match="does not hold") as told:
        read_root_trust(tmp_path / "trust", tmp_path / "other.vkey")
    assert told.value.hint


def test_what_is_refused(tmp_path: Path) -> None:
    """A name that is none, a second key at the same place, two keys in one file, a strange pair."""
    with pytest.raises(ConfigError, match="name"):
        make_root_key(tmp_path / "a.key", "two words")
    assert list(tmp_path.iterdir()) == []
    make_root_key(tmp_path / "a.key", "zone.example/root")
    with pytest.raises(ConfigError, match="exists already"):
        make_root_key(tmp_path / "a.key", "zone.example/root")
    make_root_key(tmp_path / "b.key", "zone.example/root")
    (tmp_path / "a.vkey").write_bytes((tmp_path / "b.vkey").read_bytes())
    with pytest.raises(ConfigError, match="is not the verifier key"):
        sign_trust("text\n", tmp_path / "a.key")
    (tmp_path / "two.vkey").write_text("".join(f"{key.vkey}\n" for key in joint_signer().verifiers))
    with pytest.raises(ConfigError, match="holds 2 keys"):
        read_root_vkey(tmp_path / "two.vkey")
