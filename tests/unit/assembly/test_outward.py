"""What the outward door needs is read with the configuration, or the zone does not start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_ca import TinyCa, now
from tests.unit.assembly.doctor.test_outward import made, open_tunnels, zone
from tests.unit.config.test_outward import TUNNELS, outward, read
from zoneproxy.adapters.tls.authority import make_authority
from zoneproxy.assembly import assemble
from zoneproxy.assembly.outward import read_outward, tunnelled
from zoneproxy.route.destination import destination_of
from zoneproxy.terms.errors import ConfigError

__all__ = ["made", "zone"]

NOW_MS = int(now().timestamp()) * 1000


def files(folder: Path, *hosts: str, days: int = 30) -> None:
    (folder / "tls").mkdir()
    (folder / "keys").mkdir()
    (folder / "tls" / "ca.pem").write_bytes(TinyCa().pem)
    make_authority(
        folder / "outward.pem",
        folder / "keys" / "outward.key",
        zone="z",
        hosts=hosts,
        days=days,
        now_ms=NOW_MS,
    )


def test_proofs_and_authority_are_read(tmp_path: Path) -> None:
    """Z5: by the place that is called; without `tunnels` no tunnel is open."""
    files(tmp_path, "tools.example")
    config = read(outward=outward(), tunnels=TUNNELS)
    way = read_outward(config, tmp_path, NOW_MS)
    assert set(way.proofs) == {("tools.example", 443)}
    assert way.leafs is not None
    assert way.resolver is not None
    assert tunnelled(config) == ("tools.example",)
    assert read_outward(read(outward=outward()), tmp_path, NOW_MS).leafs is None


@pytest.mark.parametrize("gone", ["outward.pem", "keys/outward.key", "tls/ca.pem"])
def test_a_file_that_is_gone_refuses_the_start(gone: str, tmp_path: Path) -> None:
    """Z22: the authority's key, its certificate, or what a destination is trusted by."""
    files(tmp_path, "tools.example")
    (tmp_path / gone).unlink()
    with pytest.raises(ConfigError, match="is missing"):
        read_outward(read(outward=outward(), tunnels=TUNNELS), tmp_path, NOW_MS)


@pytest.mark.parametrize(
    ("hosts", "days_later", "message"),
    [(("other.example",), 0, "does not name"), (("tools.example",), 31, "expired")],
)
def test_an_authority_of_another_list_or_time_refuses_it_too(
    hosts: Any, days_later: int, message: str, tmp_path: Path
) -> None:
    """Z22: what workloads would not believe is told before a door opens."""
    files(tmp_path, *hosts)
    with pytest.raises(ConfigError, match=message):
        read_outward(read(outward=outward(), tunnels=TUNNELS), tmp_path, NOW_MS + days_later * 86_400_000)


LANE = """maintenance:
  - {name: patches, route: inland-1, method: PUT, path: /maintenance/patches, server: zone-llm,
     credentials: ["sha256:DIGEST"], networks: [127.0.20.0/28]}
"""


def test_a_zone_is_assembled_with_all_of_it(zone: Path) -> None:
    """Z5, Z7: what the file registers is what the door and the passage ask."""
    open_tunnels(zone)
    with (zone / "zone.yaml").open("a") as file:
        file.write(LANE.replace("DIGEST", "cd" * 32))
    assembled = assemble(zone / "zone.yaml", assurance="production")
    core = assembled.boundary
    asyncio.run(assembled.close())
    assert set(core.outward.proofs) == {("tools.example", 443)}
    assert core.outward.leafs is not None
    entry = core.rules.destinations.entry(destination_of("tools.example", 443))
    assert entry is not None
    assert entry.tls == core.outward.proofs["tools.example", 443].identity
    assert core.rules.lanes.find("inland-1", "PUT", "/maintenance/patches") is not None


def test_a_rule_that_opens_no_declared_lane_refuses_the_start(zone: Path) -> None:
    """Z7, Z22: an order that opens what is not there is a mistake, told before it is in force."""
    policy = zone / "policies/shantou-pilot.operator.yaml"
    policy.write_text(policy.read_text("utf-8").replace("{meter: tokens}", "{open_lane: patches}"), "utf-8")
    with pytest.raises(ConfigError, match="opens the maintenance lane `patches`"):
        assemble(zone / "zone.yaml", assurance="production")
