"""`zoneproxy.replay.handing`: from one month's keys to the newest ones, each step proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import FixedClock, decision
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.reading.logfolder import open_log, open_logs
from zoneproxy.cli.main import main
from zoneproxy.replay.handing import believed_shards
from zoneproxy.terms.errors import VerificationError

SECOND = FIRST.following
THIRD = SECOND.following


@pytest.fixture
async def log(tmp_path: Path) -> Path:
    """Two shards; the keys of a third are announced."""
    make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    made = open_shards(tmp_path, clock)
    await made.append("decision", decision(1, verdict="deny"), {})
    clock.now = SECOND.start_ms
    made.tick()
    made.tick()
    clock.now = THIRD.start_ms - 1
    made.tick()
    await made.close()
    return tmp_path / "log"


def test_trust_goes_on(log: Path) -> None:
    """The first month's keys are enough, up to the keys of a month that has not come (Z14)."""
    given = open_log(log / str(FIRST)).vkeys
    shards = believed_shards(open_logs(log), given)
    assert [one.name for one in shards] == [str(FIRST), str(SECOND)]
    assert shards[0].following() == {f"{BASE}/{SECOND}": open_log(log / str(SECOND)).vkeys}
    announced = KeyFolder(log.parent / "keys").load(THIRD, f"{BASE}/{THIRD}").verifiers
    assert shards[1].following() == {f"{BASE}/{THIRD}": announced}
    later = open_log(log / str(SECOND)).vkeys
    assert [one.name for one in believed_shards(open_logs(log), later)] == [str(SECOND)]


def test_what_is_not_proven_is_not_believed(log: Path) -> None:
    """An entry that hands over to other keys, put into the files, is refused (Z14)."""
    given = open_log(log / str(FIRST)).vkeys
    for path in (log / str(FIRST) / "tile/entries").rglob("*"):
        if path.is_file() and b'"t":"log_close"' in path.read_bytes():
            before, mark, after = path.read_bytes().rpartition(b'"w":"w1"')
            path.chmod(0o600)
            path.write_bytes(before + mark.replace(b"1", b"2") + after)
    with pytest.raises(VerificationError):
        believed_shards(open_logs(log), given)


def test_a_witness_follows(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It learns the coming month's keys by itself; a log that it does not know teaches it nothing (Z14)."""
    folder = tmp_path / "witness"
    assert main(["witness", "init", str(folder), "--name", "regulator.example/w1"]) == 0
    assert main(["witness", "follow", str(folder), str(log)]) == 2
    assert "no key on the witness's list" in capsys.readouterr().err
    first = next((log / str(FIRST)).glob("*.vkey"))
    assert main(["witness", "add-log", str(folder), str(first)]) == 0
    capsys.readouterr()
    assert main(["witness", "follow", str(folder), str(log)]) == 0
    told = capsys.readouterr()
    assert told.out.count(f"{BASE}/{SECOND}+") == told.out.count(f"{BASE}/{THIRD}+") == 2
    assert main(["witness", "follow", str(folder), str(log)]) == 0
    assert capsys.readouterr().out == ""
