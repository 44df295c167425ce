"""`zoneproxy.adapters.keys.tag`: the boundary's key, and what model servers are given of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.adapters.keys.keyfiles import make_log_keys, make_private_key
from zoneproxy.adapters.keys.tag import load_tag_signer, publish_tag_key, read_tag_keys
from zoneproxy.terms.errors import ConfigError


def test_the_public_half_belongs_to_the_signer(tmp_path: Path) -> None:
    """Z2: what a model server reads names the very key that signs."""
    make_private_key(tmp_path / "tag.key")
    signer = load_tag_signer(tmp_path / "tag.key", "zone-1", 90)
    publish_tag_key(tmp_path / "tag.vkey", "zone-1", signer)
    keys = read_tag_keys(tmp_path / "tag.vkey")
    assert list(keys) == [signer.key_id]
    assert signer.key_id.startswith("zone-1/tag+")
    assert keys[signer.key_id].public_bytes_raw() == signer.key.public_key().public_bytes_raw()
    assert signer.lifetime_s == 90


def test_two_keys_are_trusted_while_one_is_rotated(tmp_path: Path) -> None:
    """Z2: the old and the new key stand in one file, a line each."""
    for name in ("old", "new"):
        make_private_key(tmp_path / f"{name}.key")
        publish_tag_key(tmp_path / name, "zone-1", load_tag_signer(tmp_path / f"{name}.key", "zone-1"))
    both = tmp_path / "both.vkey"
    both.write_bytes((tmp_path / "old").read_bytes() + (tmp_path / "new").read_bytes())
    assert len(read_tag_keys(both)) == 2


def test_a_published_key_is_never_overwritten(tmp_path: Path) -> None:
    """A key that model servers trust is not exchanged behind their back."""
    make_private_key(tmp_path / "tag.key")
    signer = load_tag_signer(tmp_path / "tag.key", "zone-1")
    publish_tag_key(tmp_path / "tag.vkey", "zone-1", signer)
    with pytest.raises(ConfigError, match="exists already"):
        publish_tag_key(tmp_path / "tag.vkey", "zone-1", signer)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    """A key that can't check a tag is told at start, not at the first request."""
    make_log_keys(tmp_path / "log.key")
    (tmp_path / "empty.vkey").write_bytes(b"")
    with pytest.raises(ConfigError):
        read_tag_keys(tmp_path / "empty.vkey")
