"""`zoneproxy.assembly.doctor.outward`: the authority of tunnels, and where destinations really are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.outward_lab import TableResolver
from tests.support.tiny_ca import TinyCa
from tests.unit.assembly.test_doctor import edit, made, zone
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.tls.authority import make_authority
from zoneproxy.assembly.doctor.findings import Finding, State
from zoneproxy.assembly.doctor.outward import check_outward
from zoneproxy.assembly.logs import Opening

__all__ = ["made", "zone"]

PART = """outward:
  - {host: "tools.example:443", side: overseas, tls: {ca: abroad.pem, spki_pin: "sha256:PIN"}}
tunnels: {certificate: outward.pem, key: keys/outward.key}
unused:
"""


def open_tunnels(
    zone: Path, *, days: int = 90, age_days: int = 0, hosts: Sequence[str] = ("tools.example",)
) -> None:
    """Register a destination with TLS, and make the authority."""
    text = (zone / "zone.yaml").read_text()
    head, _, tail = text.partition("outward: []")
    rest = tail[tail.index("\nscan:") :]
    part = PART.replace("PIN", "ab" * 32).replace("unused:\n", "")
    (zone / "zone.yaml").write_text(head + part + rest)
    (zone / "abroad.pem").write_bytes(TinyCa().pem)
    make_authority(
        zone / "outward.pem", zone / "keys" / "outward.key", zone="z", hosts=hosts, days=days,
        now_ms=SystemClock().now_ms() - age_days * 86_400_000,
    )  # fmt: skip


def found(zone: Path, *addresses: str) -> dict[str, Finding]:
    resolver = TableResolver({"tools.example": [addresses]} if addresses else {})
    return {one.id: one for one in check_outward(Opening.read(zone / "zone.yaml"), resolver)}


def test_a_zone_without_destinations_has_nothing_to_tell(zone: Path) -> None:
    assert found(zone) == {}


def test_all_is_well(zone: Path) -> None:
    """The authority holds, and the destination is where it is said to be."""
    open_tunnels(zone)
    told = found(zone, "198.51.100.7")
    assert {name: one.state for name, one in told.items()} == {
        "outward-authority": State.OK,
        "outward-name": State.OK,
    }


def test_a_zone_that_gives_no_tags_is_told(zone: Path) -> None:
    """Z2, Z5: every call would be refused; the operator learns it before his workloads do."""
    open_tunnels(zone)
    assert "outward-tag" not in found(zone, "198.51.100.7")
    text = (zone / "zone.yaml").read_text()
    start = text.index("tag:")
    (zone / "zone.yaml").write_text(text[:start] + text[text.index("\npolicies:", start) :])
    assert found(zone, "198.51.100.7")["outward-tag"].state is State.FAULT


@pytest.mark.parametrize(
    ("addresses", "about", "state"),
    [
        (("127.0.20.5",), "outward-domestic", State.FAULT),
        (("198.51.100.7", "127.0.20.5"), "outward-domestic", State.FAULT),
        (("127.0.0.1",), "outward-contradicts", State.FAULT),
        ((), "outward-name", State.ADVICE),
    ],
)
def test_a_destination_that_resolves_elsewhere_is_told(
    addresses: tuple[str, ...], about: str, state: State, zone: Path
) -> None:
    """Z5: calls to it are refused; the operator learns it before his customers do."""
    open_tunnels(zone)
    told = found(zone, *addresses)[about]
    assert told.state is state
    assert told.remedy


def test_a_key_that_is_gone_is_a_fault(zone: Path) -> None:
    """Z22: the zone would not start with it."""
    open_tunnels(zone)
    (zone / "keys" / "outward.key").unlink()
    told = found(zone, "198.51.100.7")["outward-authority"]
    assert (told.state, "missing" in told.what) == (State.FAULT, True)


@pytest.mark.parametrize(
    ("age_days", "state", "word"), [(20, State.ADVICE, "days"), (31, State.FAULT, "expired")]
)
def test_an_authority_that_ends_is_told_in_time(age_days: int, state: State, word: str, zone: Path) -> None:
    """Advised before, a fault afterwards."""
    open_tunnels(zone, days=30, age_days=age_days)
    told = found(zone, "198.51.100.7")["outward-authority"]
    assert told.state is state
    assert word in told.what


def test_an_authority_for_a_shorter_list_is_a_fault(zone: Path) -> None:
    """Z22: the list has grown behind it."""
    open_tunnels(zone, hosts=("other.example",))
    assert "does not name" in found(zone, "198.51.100.7")["outward-authority"].what


def test_a_proof_that_is_gone_is_a_fault_of_its_own(zone: Path) -> None:
    """What the destination is trusted by is another file."""
    open_tunnels(zone)
    (zone / "abroad.pem").unlink()
    assert found(zone, "198.51.100.7")["outward-files"].state is State.FAULT
    edit(zone, "abroad.pem", "nowhere.pem")
    assert found(zone, "198.51.100.7")["outward-files"].state is State.FAULT
