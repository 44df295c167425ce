"""`zoneproxy.adapters.keys.opening`: key files of both kinds, and what is said of bad ones."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from zoneproxy.adapters.keys.opening import (
    make_opening_key,
    make_recipient_key,
    read_holder,
    read_holders,
    read_opening_key,
    read_recipient,
    read_recipient_key,
)
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.datakey import KeyEncryptionKey, RecipientKey


def test_keys_read_back(tmp_path: Path) -> None:
    """Both kinds, told apart by their content; private ones are the owner's alone."""
    kek = make_opening_key(tmp_path / "kek")
    pair, public = make_recipient_key(tmp_path / "reg")
    assert read_opening_key(tmp_path / "kek").name == kek.name
    assert read_recipient_key(tmp_path / "reg").name == read_recipient(public).name == pair.name
    kinds = [type(one) for one in read_holders([tmp_path / "kek", tmp_path / "reg"])]
    assert kinds == [KeyEncryptionKey, RecipientKey]
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("kek", "reg")} == {0o600}


def test_openssl_makes_such_keys_too(tmp_path: Path) -> None:
    """A regulator needs nothing of ours to make a pair."""
    private, public = tmp_path / "reg.pem", tmp_path / "reg.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    private.chmod(0o600)
    assert read_recipient_key(private).name == read_recipient(public).name


def test_bad_files_are_told(tmp_path: Path) -> None:
    """Each with its words and a remedy."""
    make_opening_key(tmp_path / "kek")
    _, public = make_recipient_key(tmp_path / "reg")
    (tmp_path / "short").write_bytes(b"x")
    (tmp_path / "pem").write_bytes(b"-----BEGIN nothing")
    for name in ("short", "pem"):
        (tmp_path / name).chmod(0o600)
    cases = [
        (read_holder, "nowhere", "is missing"),
        (read_holder, "short", "no key that opens"),
        (read_holder, "pem", "no X25519 private key"),
        (read_opening_key, "reg", "a regulator's key"),
        (read_recipient_key, "kek", "no X25519 private key"),
        (read_recipient, "reg", "no X25519 public key"),
        (read_recipient, "short", "no X25519 public key"),
    ]
    for read, name, words in cases:
        with pytest.raises(ConfigError, match=words) as caught:
            read(tmp_path / name)
        assert caught.value.hint
    (tmp_path / "kek").chmod(0o640)
    with pytest.raises(ConfigError, match="mode 0640"):
        read_holder(tmp_path / "kek")
    with pytest.raises(ConfigError, match="exists already"):
        make_recipient_key(tmp_path / "reg")
    assert public.exists()
