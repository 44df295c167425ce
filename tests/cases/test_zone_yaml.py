"""Every kind of mistake in a `zone.yaml`, seeded one by one into a file that holds."""

from __future__ import annotations

import hashlib
import re
import typing
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from zoneproxy.config import Config, parse
from zoneproxy.route.destination import read_destination
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import read_address
from zoneproxy.terms.phase import Side

SECRET = "zp-secret"
DIGEST = "sha256:" + hashlib.sha256(SECRET.encode()).hexdigest()


def good() -> dict[str, Any]:
    """A small configuration that holds, as plain data."""
    return {
        "zone": "zone-1",
        "log": {"directory": "log", "origin": "zone.test/log", "key": "keys/log.key"},
        "policies": {"regulator": "r.yaml", "operator": "o.yaml"},
        "routes": [
            {"id": "cable-sg-1", "side": "overseas", "country": "SG", "listen": "127.0.10.1:8443"},
            {"id": "inland-1", "side": "domestic", "country": "CN", "listen": "127.0.20.1:8443"},
        ],
        "networks": [
            {"prefix": "127.0.10.0/24", "side": "overseas", "country": "SG"},
            {"prefix": "127.0.20.0/24", "side": "domestic", "country": "CN"},
        ],
        "tenants": [{"id": "toyco-sg", "market": "SG", "audience": "overseas", "credentials": [DIGEST],
                     "networks": ["127.0.10.0/28"]}],
        "servers": [{"id": "llm", "address": "127.0.30.10:8000", "models": ["m1"], "paths": ["/v1/files"],
                     "separation": "physical"}],
        "outward": [{"host": "tools.example:80", "side": "overseas"}, {"host": "::1", "side": "zone"}],
        "scan": {"level": 2, "digest_key": "keys/scan.key"},
    }  # fmt: skip


def write(data: dict[str, Any]) -> bytes:
    return yaml.safe_dump(data, sort_keys=False).encode()


def refusal(data: bytes) -> str:
    """What the operator is told."""
    with pytest.raises(ConfigError) as caught:
        parse(data, "zone.yaml")
    assert caught.value.hint
    return caught.value.message


def test_a_configuration_becomes_tables() -> None:
    """What the file registers is what the rooms look up."""
    config = parse(write(good()), "zone.yaml")
    tenant = config.tenant_registry().by_credential(SECRET)
    assert tenant is not None
    assert (tenant.id, tenant.market, tenant.audience) == ("toyco-sg", "SG", "overseas")
    assert tenant.calls_from(read_address("127.0.10.9"))
    assert not tenant.calls_from(read_address("127.0.10.99"))
    network = config.network_table().find(read_address("127.0.20.9"))
    assert network is not None
    assert (network.side, network.country) == (Side.DOMESTIC, "CN")
    server = config.upstream_table().for_model("m1")
    assert server is not None
    assert (server.host, server.port, server.separation) == ("127.0.30.10", 8000, "physical")
    destinations = config.destination_table()
    assert destinations.find(read_destination("Tools.Example.:80")) is Side.OVERSEAS
    assert destinations.find(read_destination("tools.example:81")) is None
    assert destinations.find(read_destination("[::1]:9")) is Side.ZONE


def test_what_is_not_said_has_safe_bounds() -> None:
    """Limits that the operator does not write are bounds, not absence of bounds."""
    limits = parse(write(good()), "zone.yaml").limits
    assert limits.max_body_bytes == 8 * 1024 * 1024
    numbers = [value for _, value in limits if isinstance(value, int | float)]
    assert len(numbers) > 10
    assert all(value > 0 for value in numbers)


SEEDED = [
    (("log", "origin"), "zone test", "`zone test` is not well-formed"),
    (("log", "publish_interval"), 0, "`publish_interval`"),
    (("routes",), [], "`routes` must not be empty"),
    (("routes", 0, "side"), "oversea", "did you mean `overseas`?"),
    (("routes", 0, "country"), "sg", "`sg` is not well-formed"),
    (("routes", 0, "country"), "CN", "`CN` is not overseas here"),
    (("routes", 0, "listen"), "127.0.10.1", "the port is missing"),
    (("routes", 0, "listen"), "127.0.10.1:70000", "a port is a number from 1 to 65535"),
    (("routes", 0, "listen"), "localhost:8443", "a door listens on an address, not on a name"),
    (("routes", 1, "listen"), "0x7f.0.10.1:8443", "`127.0.10.1:8443` stands twice"),
    (("routes", 1, "id"), "cable-sg-1", "`cable-sg-1` stands twice"),
    (("networks", 0, "prefix"), "127.0.10.1/24", "`127.0.10.1/24` is not a network"),
    (("networks", 0, "prefix"), "::ffff:127.0.20.0/120", "network `127.0.20.0/24` is registered twice"),
    (("networks", 0, "country"), "CN", "`CN` is not overseas here"),
    (("tenants", 0, "credentials"), ["zp-secret"], "`zp-secret` is not well-formed"),
    (("tenants", 0, "credentials"), [DIGEST, DIGEST], "share a credential"),
    (("tenants", 0, "networks"), ["toyco"], "`toyco` is not a network"),
    (("tenants", 0, "market"), "CN", "`CN` is not overseas here"),
    (("servers", 0, "address"), "http://127.0.30.10:8000", "a port is a number from 1 to 65535"),
    (("servers", 0, "address"), "127.0.20.10:8000", "`127.0.20.10:8000` is on the domestic side"),
    (("servers", 0, "separation"), "physicl", "did you mean `physical`?"),
    (("servers", 0, "paths"), ["v1"], "`v1` is not well-formed"),
    (("outward", 0, "host"), "user@tools.example", "this is not a host name"),
    (("outward", 0, "host"), "tools.example:0", "a port is a number from 1 to 65535"),
    (("outward", 1, "host"), "TOOLS.example.:80", "destination `tools.example:80` is registered twice"),
    (("scan", "level"), 5, "`level` must be 4 at most"),
    (("scan", "level"), True, "`level` must be a whole number"),
    (("limits",), {"max_body_bytes": "8m"}, "`max_body_bytes` must be a whole number"),
    (("zone",), None, "`zone` must be text"),
]


@pytest.mark.parametrize(("path", "value", "message"), SEEDED, ids=[case[2] for case in SEEDED])
def test_each_mistake_is_told_at_its_place(path: tuple[str | int, ...], value: object, message: str) -> None:
    """Z22: a mistake starts nothing; it is told with the file's line and column, in the operator's words."""
    data = good()
    here: Any = data
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    told = refusal(write(data))
    assert message in told
    assert re.search(r"^zone\.yaml:\d+:\d+: ", told, re.MULTILINE)


@pytest.mark.parametrize("field", ["zone", "log", "policies", "routes", "scan"])
def test_what_is_missing_is_named(field: str) -> None:
    """A part that can't be done without is asked for by its name."""
    data = good()
    del data[field]
    assert f"the field `{field}` is missing" in refusal(write(data))


def test_all_mistakes_are_told_at_once() -> None:
    """An operator mends a file in one round: every mistake has its line, column and remedy."""
    text = write(good()).decode()
    text = text.replace("level: 2", "levl: 2").replace("side: domestic", "side: inland", 1)
    text = text.replace("market: SG", "market: Singapore")
    told = refusal(text.encode())
    lines = text.split("\n")
    for wrong, remedy in [("levl", "did you mean `level`?"), ("inland", ""), ("Singapore", "")]:
        line = next(n for n, held in enumerate(lines, 1) if wrong in held and "inland-1" not in held)
        column = lines[line - 1].index(wrong) + 1
        assert f"zone.yaml:{line}:{column}: " in told
        assert remedy in told


@pytest.mark.parametrize("data", [b"", b"zone: [", b"\xff", b"- a\n", b"zone: *x\n", b"zone: a\nzone: b\n"])
def test_what_is_no_configuration_is_refused(data: bytes) -> None:
    """Whatever the bytes are, the answer is a clear refusal at a place."""
    assert "zone.yaml:1:" in refusal(data) or "zone.yaml:2:" in refusal(data)


def models(annotation: Any) -> set[type[BaseModel]]:
    """Every model that a type is made of."""
    parts = typing.get_args(annotation)
    if parts:
        return set().union(*map(models, parts))
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return set()
    below = (models(info.annotation) for info in annotation.model_fields.values())
    return {annotation}.union(*below)


def test_every_field_is_explained() -> None:
    """The reference of `zone.yaml` is made from the model, so each field says what it is."""
    silent = {
        f"{model.__name__}.{name}"
        for model in models(Config)
        for name, info in model.model_fields.items()
        if not info.description
    }
    assert silent == set()
