"""`zoneproxy.assembly`: all is read and checked before the log is opened; then it serves."""

from __future__ import annotations

import asyncio
import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.shards import newest
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.assembly import Zone, assemble
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError, PolicyError, TraceError
from zoneproxy.terms.phase import Side

OPERATOR = "policies/shantou-pilot.operator.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "zone"
    assert main(["init", str(folder), "--port", str(free_port())]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "zone")


@pytest.fixture
def zone(folder: Path) -> Iterator[Zone]:
    assembled = assemble(folder / "zone.yaml", assurance="production")
    yield assembled
    asyncio.run(assembled.close())


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_doors(zone: Zone) -> None:
    """Every declared route is a door with its side; only the zone's own is outward."""
    core = zone.boundary
    assert [mode.partition("@")[0] for mode in core.modes()] == [
        "zone:cable-sg-1",
        "zone:cable-my-1",
        "zone:inland-1",
        "zone:zone-out-1",
    ]
    assert [route for route in core.listeners if core.is_outward(route)] == ["zone-out-1"]
    assert not core.is_outward("inland-2")
    pin = core.pin("inland-1", "c1")
    assert (pin.route, pin.side) == ("inland-1", Side.DOMESTIC)


def test_flow_ids_are_uuids_of_version_7(zone: Zone) -> None:
    """Ids are RFC 9562 UUIDv7: they differ, and their time is the clock's."""
    before = zone.boundary.clock.now_ms()
    ids = [uuid.UUID(zone.boundary.flow_id()) for _ in range(100)]
    assert len(set(ids)) == 100
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert all(before <= one.int >> 80 <= zone.boundary.clock.now_ms() for one in ids)


def test_the_developers_door_is_for_loopback(folder: Path) -> None:
    """It refuses a door that others could reach before it touches the log."""
    edit(folder / "zone.yaml", "127.0.11.1", "0.0.0.0")
    with pytest.raises(ConfigError, match="loopback listeners only"):
        assemble(folder / "zone.yaml", assurance="dev")


async def test_it_opens_only_when_the_start_is_recorded(folder: Path) -> None:
    """The gate is shut until rules, configuration and keys are durable; then open; then shut."""
    zone = assemble(folder / "zone.yaml", assurance="production")
    opened = [zone.boundary.open]
    assert isinstance(zone.log, ShardedLog)
    before = zone.log.size
    await zone.start()
    opened.append(zone.boundary.open)
    assert zone.log.size == before + 5
    assert len(list((newest(folder / "log") / "policy").iterdir())) == 2
    await zone.close()
    opened.append(zone.boundary.open)
    assert opened == [False, True, False]


def test_a_failed_log_shuts_the_gate(zone: Zone) -> None:
    """When the log fails, nothing more is accepted, and whoever serves is told, early or late."""
    told: list[str] = []
    zone.boundary.open = True
    zone.tell_failure(lambda: told.append("early"))
    zone.on_failure(TraceError("planted"))
    assert not zone.boundary.open
    zone.tell_failure(lambda: told.append("late"))
    assert told == ["early", "late"]


def test_the_problems_of_both_layers_are_told_together(folder: Path) -> None:
    """Both policies are read before either is refused, and their full paths are named."""
    for name in (OPERATOR, "policies/shantou-pilot.regulator.yaml"):
        edit(folder / name, "origin.class", "origin.clas")
    with pytest.raises(PolicyError) as caught:
        assemble(folder / "zone.yaml", assurance="production")
    assert {Path(problem.file).parent for problem in caught.value.problems} == {folder / "policies"}
    assert len({problem.file for problem in caught.value.problems}) == 2


def test_an_uplink_that_is_not_declared(folder: Path) -> None:
    """A policy and a configuration that don't fit together don't start."""
    edit(folder / "zone.yaml", "id: cable-my-1", "id: cable-xx-1")
    with pytest.raises(ConfigError, match="names the uplink `cable-my-1`") as caught:
        assemble(folder / "zone.yaml", assurance="production")
    assert caught.value.hint


def test_a_taken_port_leaves_the_log_as_it_was(folder: Path) -> None:
    """A door that can't open is found before the start is recorded."""
    before = {path: path.read_bytes() for path in (folder / "log").rglob("*") if path.is_file()}
    text = (folder / "zone.yaml").read_text("utf-8")
    port = int(text.partition("127.0.20.1:")[2].partition('"')[0])
    with socket.socket() as other:
        other.bind(("127.0.20.1", port))
        other.listen()
        with pytest.raises(ConfigError, match=f"can't listen on `127.0.20.1:{port}`"):
            assemble(folder / "zone.yaml", assurance="production")
    after = {path: path.read_bytes() for path in (folder / "log").rglob("*") if path.is_file()}
    assert after == before


def test_a_second_writer_is_refused(zone: Zone, folder: Path) -> None:
    """One process writes a log."""
    with pytest.raises(ConfigError, match="in use by another process"):
        assemble(folder / "zone.yaml", assurance="production")
