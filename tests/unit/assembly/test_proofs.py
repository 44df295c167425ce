"""What doors demand and servers prove is made from the configuration and its files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cases.test_zone_yaml import good
from tests.support.proven_lab import Customs
from tests.support.tiny_ca import TinyCa, now
from zoneproxy.assembly.proofs import address_files, read_listeners, read_servers
from zoneproxy.config import Config, parse
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import read_prefix

NOW_MS = int(now().timestamp()) * 1000
PIN = "sha256:" + "ab" * 32


def config(**parts: object) -> Config:
    data = good()
    data["routes"][0] |= parts.get("route", {})
    data["servers"][0] |= parts.get("server", {})
    if "address_data" in parts:
        data["address_data"] = parts["address_data"]
    return parse(yaml.safe_dump(data).encode(), "zone.yaml")


def test_doors_are_made_with_their_demands(tmp_path: Path) -> None:
    """Paths are relative to the configuration's folder."""
    Customs.make(tmp_path)
    tls = {"certificate": "door.pem", "key": "door.key", "client_ca": "clients.pem"}
    made = config(route={"fronts": ["127.0.40.0/24"], "proxy_protocol": "v2", "tls": tls})
    listeners = read_listeners(made, tmp_path, NOW_MS)
    assert listeners["cable-sg-1"].fronts == (read_prefix("127.0.40.0/24"),)
    assert listeners["cable-sg-1"].tls is not None
    assert (listeners["inland-1"].fronts, listeners["inland-1"].tls) == ((), None)


def test_servers_without_tls_are_not_listed(tmp_path: Path) -> None:
    """Who speaks plain HTTP proves nothing."""
    assert read_servers(config(), tmp_path, NOW_MS) == {}


def test_servers_are_read_with_their_files(tmp_path: Path) -> None:
    """A pair of the boundary's own is read where both are named."""
    ca = TinyCa()
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    ca.issue("boundary").write(tmp_path, "own")
    tls = {"ca": "ca.pem", "spki_pin": PIN, "client_certificate": "own.pem", "client_key": "own.key"}
    found = read_servers(config(server={"tls": tls}), tmp_path, NOW_MS)
    assert list(found) == ["llm"]
    assert found["llm"].key is not None
    assert (
        read_servers(config(server={"tls": {"ca": "ca.pem", "spki_pin": PIN}}), tmp_path, NOW_MS)["llm"].key
        is None
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"route": {"tls": {"certificate": "missing.pem", "key": "missing.key"}}},
        {"server": {"tls": {"ca": "missing.pem", "spki_pin": PIN}}},
    ],
)
def test_a_missing_file_refuses_the_start(parts: dict[str, object], tmp_path: Path) -> None:
    """Z22: a door without its proof does not open."""
    made = config(**parts)
    read = read_listeners if "route" in parts else read_servers
    with pytest.raises(ConfigError, match="is missing"):
        read(made, tmp_path, NOW_MS)


def test_data_files_are_named_only_where_configured(tmp_path: Path) -> None:
    """None are shipped."""
    assert address_files(config(), tmp_path) is None
    found = address_files(config(address_data={"home": ["CN"], "delegated": ["a", "b"]}), tmp_path)
    assert found is not None
    assert found.home == frozenset({"CN"})
    assert found.paths == (tmp_path / "a", tmp_path / "b")
