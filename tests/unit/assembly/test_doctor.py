"""`zoneproxy.assembly.doctor`: each thing that is wrong is found by its id, with a remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from zoneproxy.assembly import doctor
from zoneproxy.assembly.doctor import Finding, State, examine
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.orderbook import EMPTY
from zoneproxy.assembly.orderdesk import file_of
from zoneproxy.cli.main import main


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zones") / "zone"
    assert main(["init", str(folder), "--port", "18998"]) == 0
    return folder


@pytest.fixture
def zone(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "zone"
    shutil.copytree(made, folder)
    return folder


def findings(zone: Path) -> list[Finding]:
    return list(examine(Opening.read(zone / "zone.yaml")))


def edit(zone: Path, old: str, new: str) -> None:
    text = (zone / "zone.yaml").read_text()
    assert old in text
    (zone / "zone.yaml").write_text(text.replace(old, new))


def test_a_new_zone_has_no_fault(zone: Path) -> None:
    """What `init` makes is sound; what is only for development is advised against, each with a remedy."""
    found = findings(zone)
    assert [one for one in found if one.state is State.FAULT] == []
    assert {"policy-unsigned", "witness", "server"} <= {one.id for one in found if one.state is State.ADVICE}
    assert {"secret-mode", "orders", "disk-free", "policy-dates", "log", "door-address"} <= {
        one.id for one in found if one.state is State.OK
    }
    assert all(one.remedy for one in found if one.state in (State.ADVICE, State.FAULT))
    assert [one.state for one in found if one.id == "separation"] == [State.UNCHECKED]


def some_key(zone: Path) -> Path:
    return next(path for path in zone.rglob("*.key"))


def readable_key(zone: Path) -> None:
    some_key(zone).chmod(0o644)


def lost_key(zone: Path) -> None:
    some_key(zone).unlink()


def open_config(zone: Path) -> None:
    (zone / "zone.yaml").chmod(0o666)


def strange_address(zone: Path) -> None:
    edit(zone, "127.0.10.1", "192.0.2.1")


def torn_orders(zone: Path) -> None:
    file = file_of(Opening.read(zone / "zone.yaml"))
    file.found(EMPTY)
    file.path.write_bytes(b"torn")


def broken_policy(zone: Path) -> None:
    (zone / "policies/shantou-pilot.operator.yaml").write_text("nonsense")


def old_policy(zone: Path) -> None:
    policy = zone / "policies/shantou-pilot.operator.yaml"
    text = policy.read_text()
    assert "2030-12-31" in text
    policy.write_text(text.replace("2030-12-31", "2026-01-02"))


def changed_log(zone: Path) -> None:
    note = next(path for path in (zone / "log").rglob("checkpoint"))
    note.chmod(0o644)
    note.write_bytes(note.read_bytes().replace(b"\n1\n", b"\n2\n", 1))


PLANTED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a key that others can read": (readable_key, "secret-mode"),
    "a key that is gone": (lost_key, "secret-missing"),
    "a configuration that anybody can write": (open_config, "world-writable"),
    "a door at another host's address": (strange_address, "door-address"),
    "orders that can't be read": (torn_orders, "orders"),
    "a policy that is none": (broken_policy, "policy"),
    "a policy that is over": (old_policy, "policy-dates"),
    "a log that was changed": (changed_log, "log"),
}


@pytest.mark.parametrize(("plant", "check"), PLANTED.values(), ids=PLANTED.keys())
def test_each_planted_fault_is_found(plant: Callable[[Path], None], check: str, zone: Path) -> None:
    """Z22: one fault, one finding of its own id, with what to do."""
    plant(zone)
    found = [one for one in findings(zone) if one.state is State.FAULT]
    assert check in {one.id for one in found}
    assert all(one.remedy for one in found)


def test_a_stop_is_told(zone: Path) -> None:
    """Z21: whoever wonders why nothing is served is told first of all."""
    main(["stop", "zone", "--by", "ops", "--why", "a test", "--config", str(zone / "zone.yaml")])
    told = [one.what for one in findings(zone) if one.id == "stopped"]
    assert told == ["the zone is stopped, by ops: a test"]


def test_a_check_that_fails_is_a_finding(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the doctor's own hides nothing else."""
    monkeypatch.setattr(doctor, "check_clock", lambda: 1 / 0)
    found = findings(zone)
    assert [one.state for one in found if one.id == "clock"] == [State.UNCHECKED]
    assert "log" in {one.id for one in found}
