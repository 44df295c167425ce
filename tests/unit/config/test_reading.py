"""`zoneproxy.config`: every mistake at its place, none of them starts anything."""

from __future__ import annotations

import hashlib

import pytest

from zoneproxy.cli.init import TEMPLATE
from zoneproxy.config import Config, digest_of, parse
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.phase import Side

TEXT = TEMPLATE.format(zone="zone-1", origin="zone.example/trace/node-1", port=8443, sg="a" * 64, my="b" * 64)


def changed(*pairs: tuple[str, str]) -> bytes:
    """The template with each text replaced by another, once."""
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def mistakes(data: bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(data, "zone.yaml")
    assert caught.value.hint == "mend these places; nothing was started"
    return caught.value.message


def test_the_template_is_whole() -> None:
    """What `init` writes parses, and its tables can be built."""
    config = parse(TEXT.encode(), "zone.yaml")
    assert isinstance(config, Config)
    assert [route.id for route in config.routes] == ["cable-sg-1", "cable-my-1", "inland-1", "zone-out-1"]
    for build in (
        config.network_table,
        config.tenant_registry,
        config.upstream_table,
        config.destination_table,
    ):
        build()
    assert config.limits.max_body_bytes == 8 * 1024 * 1024


def test_all_mistakes_are_told_at_once() -> None:
    """Four mistakes in one file: four places, typos with what was meant."""
    told = mistakes(
        changed(
            ("audience: overseas", "audiense: overseas"),
            ("side: zone,", "side: zona,"),
            ("level: 2 ", "level: high "),
        )
    )
    assert "unknown field `audiense`" in told
    assert "help: did you mean `audience`?" in told
    assert "`zona` is not a word that is known here" in told
    assert "help: did you mean `zone`?" in told
    assert "the field `audience` is missing" in told
    assert "`level` must be a whole number" in told
    line = TEXT[: TEXT.index("side: zone,")].count("\n") + 1
    assert f"zone.yaml:{line}:28: error[" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("127.0.10.0/24", "127.0.10.5/24", "`127.0.10.5/24` is not a network"),
        ("127.0.20.1:8443", "inland:8443", "a door listens on an address, not on a name"),
        ("127.0.30.10:8000", "127.0.30.10:99999", "a port is a number from 1 to 65535"),
        ("id: cable-my-1", "id: cable-sg-1", "`cable-sg-1` stands twice"),
        ("127.0.11.1:8443", "127.0.10.1:8443", "`127.0.10.1:8443` stands twice"),
        ("outward: []", "outward: [", "zone.yaml:"),
        ("country: SG", "country: sg", "`sg` is not well-formed"),
        ("sha256:aa", "sha256:AA", "not well-formed"),
        ("zone: zone-1", "zone: zone-1\nsecret: x", "unknown field `secret`"),
        ("level: 2 ", "level: 5 ", "level"),
        ("level: 2 ", 'level: "2" ', "`level` must be a whole number"),
        ("level: 2 ", "level: true ", "`level` must be a whole number"),
    ],
)
def test_one_mistake(old: str, new: str, told: str) -> None:
    """Each mistake has its place and its words; none has a name of ours in it."""
    message = mistakes(changed((old, new)))
    assert told in message
    assert "zone.yaml:" in message
    for foreign in ("pydantic", "Input should", "ValueError", "Traceback", "zoneproxy.config"):
        assert foreign not in message


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff", b"zone", b"a: 1\na: 2\n", b"x: !!python/name:os.system\n"]
)
def test_what_is_no_configuration(data: bytes) -> None:
    """A file that is something else is refused, never run."""
    assert "zone.yaml:" in mistakes(data)


def test_a_credential_of_two_tenants() -> None:
    """One credential names one tenant."""
    assert "tenants" in mistakes(changed(("b" * 64, "a" * 64)))


def test_a_model_on_two_servers() -> None:
    """One model has one server."""
    assert "servers" in mistakes(changed(("models: [zone-llm-02]", "models: [zone-llm-01]")))


def test_outward_hosts_with_and_without_a_port() -> None:
    """A destination without a port is registered for every port; all are recorded with their side."""
    data = changed(
        (
            "outward: []",
            "outward: [{host: tools.example, side: overseas}, {host: 'in.example:80', side: domestic}]",
        )
    )
    config = parse(data, "zone.yaml")
    assert [entry.side for entry in config.outward] == ["overseas", "domestic"]
    config.destination_table()


def test_whole_numbers_are_seconds_too() -> None:
    """`10` is as good as `10.0`; a truth value is not."""
    data = changed(("scan:", "limits:\n  idle_timeout_s: 10\nscan:"))
    assert parse(data, "zone.yaml").limits.idle_timeout_s == 10.0
    mistakes(changed(("scan:", "limits:\n  idle_timeout_s: true\nscan:")))
    mistakes(changed(("scan:", "limits:\n  idle_timeout_s: .nan\nscan:")))
    mistakes(changed(("scan:", "limits:\n  idle_timeout_s: .inf\nscan:")))


def test_the_tables() -> None:
    """The networks say the side that the configuration says."""
    config = parse(TEXT.encode(), "zone.yaml")
    assert {Side(entry.side) for entry in config.networks} == {Side.OVERSEAS, Side.DOMESTIC, Side.ZONE}


def test_the_digest_is_of_the_bytes() -> None:
    """Records name a configuration by the SHA-256 of its file."""
    assert digest_of(b"x") == hashlib.sha256(b"x").hexdigest()
