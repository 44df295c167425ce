"""`zoneproxy init`: a whole working zone, or nothing at all."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from zoneproxy.cli import init
from zoneproxy.cli.main import main
from zoneproxy.config import parse
from zoneproxy.terms.errors import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["init", str(tmp_path / "zone")]) == 0
    capsys.readouterr()
    return tmp_path / "zone"


def test_what_it_made_holds(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The configuration parses, the policies load, the log verifies and replays (Z14)."""
    assert parse((zone / "zone.yaml").read_bytes(), "zone.yaml").zone == "zone-1"
    assert main(["policy", "check", *(str(path) for path in sorted((zone / "policies").iterdir()))]) == 0
    assert main(["log", "verify", str(zone / "log")]) == 0
    assert "the log holds" in capsys.readouterr().out
    assert main(["replay", str(zone / "log")]) == 0


def test_keys_are_the_owners_alone(zone: Path) -> None:
    """Keys are 0600 in a folder of 0700; no other file of the zone is a key."""
    assert mode(zone / "keys") == mode(zone / "keys/log") == 0o700
    assert [mode(path) for path in (zone / "keys/log").iterdir()] == [0o600, 0o600]
    assert {path.name: mode(path) for path in (zone / "keys").iterdir() if path.is_file()} == {
        "opening.key": 0o600,
        "scan.key": 0o600,
        "tag.key": 0o600,
        "ticket.key": 0o600,
    }
    assert mode(zone / "log/state") == 0o700


def test_credentials_are_shown_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials are long, differ, and stand in no file."""
    main(["init", str(tmp_path / "zone")])
    shown = re.findall(r"zp-[\w-]{43}", capsys.readouterr().out)
    assert len(set(shown)) == 2
    files = [path.read_bytes() for path in (tmp_path / "zone").rglob("*") if path.is_file()]
    assert not [data for data in files for credential in shown if credential.encode() in data]


def test_a_second_time_is_refused(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A zone is made once: the second call says so and changes nothing."""
    before = {path: path.read_bytes() for path in zone.rglob("*") if path.is_file()}
    assert main(["init", str(zone)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "exists already\nhint: a zone is made once" in told.err
    assert {path: path.read_bytes() for path in zone.rglob("*") if path.is_file()} == before


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    """A folder that holds nothing is no zone yet."""
    (tmp_path / "zone").mkdir()
    assert main(["init", str(tmp_path / "zone")]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "0"], "`0` is no port\nhint: give a number from 1 to 65535"),
        (["--port", "65536"], "`65536` is no port"),
        (["--port", "many"], "`many` is no port"),
        (["--zone", "A Zone"], "`A Zone` is not well-formed"),
        (["--origin", "a b"], "hint:"),
    ],
)
def test_bad_words_make_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """What could not be run later is told now, and nothing half is left."""
    assert main(["init", str(tmp_path / "zone"), *words]) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "step", ["make_private_key", "write_new", "shipped_policy", "KeyFolder", "ShardFolder", "sync_folder"]
)
@pytest.mark.parametrize("fault", [ConfigError("planted"), OSError(28, "No space left on device")])
def test_a_failure_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: Exception
) -> None:
    """Whichever step fails, there is the whole zone or none."""

    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(init, step, fail)
    assert main(["init", str(tmp_path / "zone")]) == 2
    left = [path.name for path in tmp_path.iterdir()]
    assert left == (["zone"] if step == "sync_folder" else [])


def test_a_folder_that_can_not_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in the way is told, in our words."""
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "zone")]) == 2
    assert "can't be made: file exists\nhint: check the folder above it" in capsys.readouterr().err
