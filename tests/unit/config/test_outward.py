"""`zoneproxy.config.outward`: destinations with TLS, tunnels, and maintenance lanes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.cases.test_zone_yaml import good
from zoneproxy.config import Config, parse
from zoneproxy.route.destination import destination_of
from zoneproxy.terms.errors import ConfigError

TLS = {"ca": "tls/ca.pem", "spki_pin": "sha256:" + "ab" * 32}
TUNNELS = {"certificate": "outward.pem", "key": "keys/outward.key"}
LANE: dict[str, Any] = {
    "name": "patches", "route": "inland-1", "method": "PUT", "path": "/maintenance/patches", "server": "llm",
    "credentials": ["sha256:" + "cd" * 32], "networks": ["127.0.20.0/28"],
}  # fmt: skip


OUT = {"id": "zone-out-1", "side": "zone", "country": "CN", "listen": "127.0.30.1:8443"}


def read(**parts: Any) -> Config:
    data = json.loads(json.dumps({**good(), "routes": [*good()["routes"], OUT], **parts}))
    return parse(yaml.safe_dump(data, sort_keys=False).encode(), "zone.yaml")


def outward(host: str = "tools.example:443", **changes: Any) -> list[dict[str, Any]]:
    return [{"host": host, "side": "overseas", "tls": TLS | changes}]


def test_a_destination_may_prove_itself() -> None:
    """Z5: name and pin are its identity; the name is its host where none is said."""
    config = read(outward=outward(), tunnels=TUNNELS)
    entry = config.destination_table().entry(destination_of("tools.example", 443))
    assert entry is not None
    assert entry.tls is not None
    assert (entry.tls.name, entry.tls.pins) == ("tools.example", frozenset({bytes.fromhex("ab" * 32)}))
    assert config.tunnels is not None
    assert (config.tunnels.leaf_hours, config.tunnels.most_leafs) == (24, 256)
    named = read(outward=outward(name="CDN.example")).destination_table()
    found = named.entry(destination_of("tools.example", 443))
    assert found is not None
    assert found.tls is not None
    assert found.tls.name == "cdn.example"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"outward": outward("tools.example")}, "has one port"),
        ({"outward": [{"host": "inland.example:443", "side": "domestic", "tls": TLS}]}, "is never called"),
        ({"outward": outward(client_key="x.key")}, "belong together"),
        ({"outward": outward(name="no name")}, "not a host name"),
        ({"tunnels": TUNNELS}, "says how it proves itself"),
        ({"tunnels": TUNNELS, "outward": outward(), "routes": good()["routes"][:1]}, "no outward door"),
        ({"maintenance": [LANE | {"route": "cable-sg-1"}]}, "is no domestic door"),
        ({"maintenance": [LANE | {"server": "nobody"}]}, "there is no server"),
        ({"maintenance": [LANE | {"networks": ["127.0.20.1/28"]}]}, "is not a network"),
        ({"maintenance": [LANE | {"networks": []}]}, "networks"),
        ({"maintenance": [LANE | {"credentials": []}]}, "credentials"),
        ({"maintenance": [LANE | {"credentials": good()["tenants"][0]["credentials"]}]}, "that of a tenant"),
        ({"maintenance": [LANE | {"method": "GET"}]}, "method"),
        ({"maintenance": [LANE | {"path": "/a/../b%2e"}]}, "path"),
        ({"maintenance": [LANE, {**LANE}]}, "stands twice"),
    ],
)
def test_contradictions_are_told_before_the_start(parts: dict[str, Any], message: str) -> None:
    """Z22: what can't be kept, or opens more than it says, is a mistake at its place."""
    with pytest.raises(ConfigError, match=message):
        read(**parts)


def test_a_lane_is_declared() -> None:
    """Z7: what it is known by, and whom it leads to."""
    lane = read(maintenance=[LANE]).lane_table().find("inland-1", "PUT", "/maintenance/patches")
    assert lane is not None
    assert (lane.name, lane.server, lane.max_body_bytes) == ("patches", "llm", 1024 * 1024)
    assert read().lane_table().find("inland-1", "PUT", "/maintenance/patches") is None
