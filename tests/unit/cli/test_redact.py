"""`zoneproxy.cli.redact`: what goes, what is said, and what is on the record."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.private_log import zone_of
from tests.support.shards import newest
from tests.unit.cli.test_disclose import FIRST, kinds, named, write
from zoneproxy.adapters.keys.opening import read_holders
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.cli.main import main
from zoneproxy.replay.audit import audit
from zoneproxy.trace.opening_store import Access

REASON = ("--basis", "subject-request", "--actor", "dpo-1", "--approval", "T-1")


@pytest.fixture
def zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    zone = zone_of(tmp_path / "zone")
    asyncio.run(write(zone))
    capsys.readouterr()
    return zone


def redact(zone: Path, *words: str) -> int:
    return main(["redact", str(zone / "log"), *words])


def opened(zone: Path) -> Any:
    return open_log(newest(zone / "log"), holders=read_holders([zone / "keys/opening.key"]))


def test_each_way_to_erase(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z17: a field, a record, a tenant; each on the record, and the log holds with and without keys."""
    assert redact(zone, "--entry", named(zone, FIRST), "--field", "client.ip", *REASON) == 0
    assert redact(zone, "--entry", named(zone, FIRST + 1), *REASON) == 0
    assert redact(zone, "--tenant", "toyco-my", *REASON) == 0
    out = capsys.readouterr().out
    assert f"to erase: client.ip of entries {FIRST} of zone.example/trace/node-1/" in out
    assert "to erase: everything of `toyco-my`" in out
    store = opened(zone).openings
    assert b"198.51.100.7" not in store.find(FIRST).record
    accesses = [store.find(FIRST + n).access for n in range(4)]
    assert accesses == [Access.OPEN, Access.ABSENT, Access.SHREDDED, Access.SHREDDED]
    assert kinds(zone).count("redaction") == 3
    for reader in (opened(zone), open_log(newest(zone / "log"))):
        assert (audit(reader).flaws, audit(reader).exit_code) == ((), 0)
    assert main(["log", "verify", str(zone / "log"), "--opening-key", str(zone / "keys/opening.key")]) == 0
    assert "taken away on the record" in capsys.readouterr().out
    assert main(["log", "fsck", str(zone / "log")]) == 0  # what was erased on the record is no damage
    capsys.readouterr()


def test_a_dry_run_changes_nothing(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what would go, without a reason being given."""
    before = {path: path.read_bytes() for path in (zone / "log").rglob("*") if path.is_file()}
    assert redact(zone, "--tenant", "toyco-sg", "--dry-run") == 0
    assert "to erase: everything of `toyco-sg`" in capsys.readouterr().out
    assert redact(zone, "--tenant", "nobody-here", *REASON) == 0
    assert capsys.readouterr().out == "there is nothing to erase\n"
    assert redact(zone, "--tenant", "toyco-sg", "--day", "2020-01-01", *REASON) == 0
    assert {path: path.read_bytes() for path in before} == before


def test_twice_and_finish(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same order again harms nothing; with nothing cut off there is nothing to finish."""
    for _ in range(2):
        assert redact(zone, "--entry", named(zone, FIRST), "--field", "client.ip", *REASON) == 0
    assert redact(zone, "--finish") == 0
    assert audit(opened(zone)).exit_code == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "not said what to erase"),
        (("--entry", "2", "--tenant", "a"), "not said what to erase"),
        (("--tenant", "a", "--field", "client.ip"), "from entries"),
        (("--entry", "2", "--day", "2026-01-01"), "go with `--tenant`"),
        (("--tenant", "a", "--day", "soon"), "is no day"),
        (("--entry", "2", "--basis", "court-order"), "`--actor` is missing"),
        (("--entry", "999", *REASON), "no entry 999"),
        (("--entry", "0", *REASON), "no such private field"),
        (("--entry", "3", "--field", "client.ip", *REASON), "no such private field"),
    ],
)
def test_mistakes_are_told(
    zone: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    """Each with its words; nothing is recorded."""
    words = tuple(named(zone, int(word)) if word.isdigit() else word for word in words)
    assert redact(zone, *words) in {1, 2}
    assert told in capsys.readouterr().err
    assert "redaction" not in kinds(zone)
