"""Bad input at start: a clear message with a hint, exit code 2, and nothing is started or changed."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.zone_process import ZoneFolder, cli, make_zone

OPERATOR = "policies/shantou-pilot.operator.yaml"
LOCK = "log/state/lock"
Change = Callable[[ZoneFolder], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ZoneFolder:
    """A zone that has served once: its log holds policies, a start and a stop."""
    zone = make_zone(tmp_path_factory.mktemp("made") / "zone", free_port())
    with zone.serving():
        pass
    return zone


@pytest.fixture
def zone(made: ZoneFolder, tmp_path: Path) -> ZoneFolder:
    return ZoneFolder(shutil.copytree(made.path, tmp_path / "zone"), made.port, made.credentials)


def contents(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every name below a folder with its mode and bytes; but for the lock, which may come to be."""
    return {
        name: (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
        if (name := path.relative_to(folder).as_posix()) != LOCK
    }


def refused(zone: ZoneFolder) -> str:
    """Try to run the zone; check that it refuses and changes nothing; return what it said."""
    before = contents(zone.path)
    ended = cli("run", "--config", str(zone.config))
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert contents(zone.path) == before
    assert re.search(r"^zoneproxy: [a-z`]", ended.stderr, re.MULTILINE)
    assert re.search(r"^hint: .", ended.stderr, re.MULTILINE)
    for foreign in ("Traceback", "Errno", "Exception", "pydantic", "mitmproxy", "internal error"):
        assert foreign not in ended.stderr
    return ended.stderr


def flip(path: Path) -> None:
    """Turn one bit in the middle of a file that may be read-only."""
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    path.chmod(mode)


def last_file(folder: Path) -> Path:
    """The file in force: shorter ones, which it replaced, are for verifiers of older checkpoints."""
    return max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: int(path.stem))


def signing_key(zone: ZoneFolder) -> Path:
    """The key that signs the newest shard."""
    return zone.path / "keys/log" / f"{zone.shard.name}.key"


def other_log(zone: ZoneFolder) -> None:
    """Put the log of a zone made elsewhere in the place of this one's."""
    other = zone.path.parent / "other"
    made = cli("init", str(other), "--origin", "other.example/trace/node-9")
    assert made.returncode == 0
    shutil.rmtree(zone.log)
    shutil.move(other / "log", zone.log)
    shutil.rmtree(other)


MISTAKES: dict[str, tuple[Change, str]] = {
    "configuration missing": (lambda z: z.config.unlink(), "the configuration `.*zone.yaml` is missing"),
    "unknown field": (
        lambda z: z.edit("zone.yaml", "separation: physical", "seperation: physical"),
        r"zone\.yaml:\d+:\d+: error\[\w+\]: unknown field `seperation`(.|\n)*did you mean `separation`",
    ),
    "policy with a mistake": (
        lambda z: z.edit(OPERATOR, "origin.country, origin.agreeing", "origin.contry, origin.agreeing"),
        r"operator\.yaml:\d+:\d+: .*unknown fact `origin.contry`(.|\n)*did you mean `origin.country`",
    ),
    "policy missing": (lambda z: (z.path / OPERATOR).unlink(), "the policy `.*operator.yaml` is missing"),
    "key missing": (
        lambda z: signing_key(z).unlink(),
        "the key file `.*20..-...key` is missing",
    ),
    "scan key missing": (
        lambda z: (z.path / "keys/scan.key").unlink(),
        "the key file `.*scan.key` is missing",
    ),
    "key for all to read": (
        lambda z: signing_key(z).chmod(0o644),
        r"may be read by others \(mode 0644\)\nhint: run `chmod 600 ",
    ),
    "scan key for a group to read": (
        lambda z: (z.path / "keys/scan.key").chmod(0o640),
        r"may be read by others \(mode 0640\)\nhint: run `chmod 600 ",
    ),
    "no key": (lambda z: signing_key(z).write_text("x"), "holds no Ed25519 private key"),
    "no log": (lambda z: shutil.rmtree(z.log), "there is no log in `"),
    "log of another zone": (other_log, "is not that of `zone.example/trace/"),
    "another log's name": (
        lambda z: z.edit("zone.yaml", "origin: zone.example", "origin: other.example"),
        "is not that of `other.example/trace/",
    ),
    "a byte of the write-ahead log": (lambda z: flip(last_file(z.shard / "wal")), "does not verify"),
    "a byte of a tile": (
        lambda z: flip(last_file(z.shard / "tile/0")),
        r"does not verify: .*\(tile/0/",
    ),
    "a byte of an entry bundle": (
        lambda z: flip(last_file(z.shard / "tile/entries")),
        r"does not verify: .*\(tile/entries/",
    ),
    "a byte of the checkpoint": (lambda z: flip(z.shard / "checkpoint"), "does not verify"),
    "a byte of the last signed checkpoint": (lambda z: flip(z.shard / "state/signed"), "does not verify"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_and_nothing_changes(zone: ZoneFolder, name: str) -> None:
    """Each mistake at start has its words and its remedy; the whole zone stays as it was."""
    change, told = MISTAKES[name]
    change(zone)
    assert re.search(told, refused(zone))


@pytest.mark.parametrize("host", ["127.0.10.1", "127.0.30.1"])
def test_a_taken_port(zone: ZoneFolder, host: str) -> None:
    """A port that another process holds is named; the log does not learn of the attempt."""
    with contextlib.closing(socket.socket()) as other:
        other.bind((host, zone.port))
        other.listen()
        told = refused(zone)
    assert f"can't listen on `{host}:{zone.port}`: address already in use" in told
    assert "does this zone run already?" in told


def test_a_second_process_on_the_same_log(zone: ZoneFolder) -> None:
    """One process writes a log; the second one says so, and the first goes on."""
    second = zone.path / "second.yaml"
    text = zone.config.read_text("utf-8").replace(f":{zone.port}", f":{free_port()}")
    second.write_text(text, "utf-8")
    with zone.serving() as first:
        ended = cli("run", "--config", str(second))
        assert first.process.poll() is None
        same = cli("run", "--config", str(zone.config))
    assert ended.returncode == 2
    assert "is in use by another process\nhint: one process writes a log" in ended.stderr
    assert same.returncode == 2
    assert "does this zone run already?" in same.stderr
    verified = cli("log", "verify", str(zone.log))
    assert verified.returncode == 0
    assert "2 worker_start" in verified.stdout  # that of the zone's first run, and that of this one
