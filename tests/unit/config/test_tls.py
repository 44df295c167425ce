"""`zoneproxy.config.tls`: what routes, tenants and servers say of proofs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.cases.test_zone_yaml import good
from zoneproxy.config import Config, parse
from zoneproxy.terms.errors import ConfigError

DOOR = {"certificate": "tls/door.pem", "key": "tls/door.key"}
PIN = "sha256:" + "ab" * 32


def read(part: str, **changes: Any) -> Config:
    """Read a configuration whose first entry of a part says more."""
    data = good()
    data[part][0] |= changes
    return parse(yaml.safe_dump(data, sort_keys=False).encode(), "zone.yaml")


def test_a_door_may_end_tls_and_stand_behind_fronts() -> None:
    """The newest TLS, and a required certificate, are what is not said."""
    tls = {**DOOR, "client_ca": "tls/clients.pem", "crl": "tls/clients.crl", "names": ["door.example"]}
    route = read("routes", fronts=["127.0.40.0/24", "::1/128"], proxy_protocol="v2", tls=tls).routes[0]
    assert route.tls is not None
    assert (route.tls.require, route.tls.min_version) == (True, "1.3")
    plain = parse(yaml.safe_dump(good()).encode(), "zone.yaml").routes[0]
    assert (plain.fronts, plain.proxy_protocol, plain.tls) == ([], None, None)


def test_a_server_proves_who_it_is() -> None:
    """Name and pins become the identity; the name is the host where none is said."""
    table = read("servers", tls={"ca": "tls/ca.pem", "spki_pin": PIN}).upstream_table()
    found = table.for_model("m1")
    assert found is not None
    assert found.tls is not None
    assert (found.tls.name, found.tls.pins) == ("127.0.30.10", frozenset({bytes.fromhex("ab" * 32)}))
    tls = {"ca": "tls/ca.pem", "spki_pin": [PIN, "sha256:" + "cd" * 32], "name": "LLM.Zone.Example"}
    found = read("servers", tls=tls).upstream_table().for_model("m1")
    assert found is not None
    assert found.tls is not None
    assert (found.tls.name, len(found.tls.pins)) == ("llm.zone.example", 2)


def test_a_tenant_registers_certificates() -> None:
    """They are what the registry looks for."""
    config = read("tenants", certificates=["spiffe://zone.example/t", PIN, "dn:CN=a, O=b"])
    assert len(config.tenant_registry()) == 1


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [
        ("routes", {"fronts": ["127.0.40.0/24"]}, "belong together"),
        ("routes", {"proxy_protocol": "v2"}, "belong together"),
        ("routes", {"fronts": ["127.0.40.1/24"], "proxy_protocol": "v2"}, "is not a network"),
        ("routes", {"fronts": ["127.0.40.0/24"], "proxy_protocol": "v1"}, "proxy_protocol"),
        ("routes", {"tls": {"certificate": "a"}}, "key"),
        ("routes", {"tls": {**DOOR, "crl": "a.crl"}}, "needs a `client_ca`"),
        ("routes", {"tls": {**DOOR, "min_version": "1.1"}}, "min_version"),
        ("routes", {"tls": {**DOOR, "verify": False}}, "unknown field `verify`"),
        ("tenants", {"certificates": ["toyco"]}, "an identity is"),
        ("servers", {"tls": {"ca": "a"}}, "spki_pin"),
        ("servers", {"tls": {"spki_pin": PIN}}, "ca"),
        ("servers", {"tls": {"ca": "a", "spki_pin": []}}, "spki_pin"),
        ("servers", {"tls": {"ca": "a", "spki_pin": "abcd"}}, "spki_pin"),
        ("servers", {"tls": {"ca": "a", "spki_pin": PIN, "client_key": "k"}}, "belong together"),
        ("servers", {"tls": {"ca": "a", "spki_pin": PIN, "name": "no name"}}, "not a host name"),
    ],
)
def test_mistakes_are_told(part: str, changes: dict[str, Any], words: str) -> None:
    """What can't hold is refused before anything starts."""
    with pytest.raises(ConfigError) as caught:
        read(part, **changes)
    assert words in caught.value.message


def test_two_tenants_share_no_certificate() -> None:
    """Z1: one certificate identifies one tenant."""
    data = good()
    other = {"id": "other", "market": "SG", "audience": "overseas", "credentials": []}
    data["tenants"][0]["certificates"] = [PIN]
    data["tenants"].append({**other, "certificates": [PIN]})
    with pytest.raises(ConfigError) as caught:
        parse(yaml.safe_dump(data).encode(), "zone.yaml")
    assert "share" in caught.value.message
