"""What a model server is trusted by: its own authority, and files that hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tiny_ca import TinyCa, now
from zoneproxy.adapters.tls.server import read_server_tls
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.terms.errors import ConfigError

NOW_MS = int(now().timestamp()) * 1000
WHO = ServerIdentity("llm.zone.example", frozenset((bytes(32),)))


def test_only_the_named_authority_is_trusted(tmp_path: Path) -> None:
    """The machine's own store is never looked at."""
    ca = TinyCa()
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    found = read_server_tls(WHO, tmp_path / "ca.pem", None, NOW_MS)
    assert (found.identity, found.authorities, found.certificates, found.key) == (
        WHO,
        (ca.certificate,),
        (),
        None,
    )


def test_the_boundarys_own_pair_belongs_together(tmp_path: Path) -> None:
    """A key of another certificate, or one that is over, refuses the start."""
    ca = TinyCa()
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    own, old = ca.issue("boundary"), ca.issue("boundary", days=(-9, -1))
    certificate, key = own.write(tmp_path, "own")
    found = read_server_tls(WHO, tmp_path / "ca.pem", (certificate, key), NOW_MS)
    assert found.certificates == (own.certificate,)
    assert found.key is not None
    _, other = ca.issue("other").write(tmp_path, "other")
    with pytest.raises(ConfigError, match="not the key"):
        read_server_tls(WHO, tmp_path / "ca.pem", (certificate, other), NOW_MS)
    with pytest.raises(ConfigError, match="expired on"):
        read_server_tls(WHO, tmp_path / "ca.pem", old.write(tmp_path, "old"), NOW_MS)


def test_an_authority_that_is_over_refuses_the_start(tmp_path: Path) -> None:
    """An authority that nobody can be verified by would be an outage later."""
    (tmp_path / "ca.pem").write_bytes(TinyCa().pem)
    with pytest.raises(ConfigError, match="expired on"):
        read_server_tls(WHO, tmp_path / "ca.pem", None, NOW_MS + 200 * 86_400_000)
