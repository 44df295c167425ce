"""`zoneproxy.cli.log.revoke`: a theft is recorded, and lost keys are not the end of a zone."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.support.private_log import zone_of
from tests.support.shards import newest
from tests.unit.cli.test_disclose import write
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import shard_months
from zoneproxy.assembly import rootword
from zoneproxy.assembly.logs import Opening, open_here
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.entry import parse


@pytest.fixture
def zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    zone = zone_of(tmp_path / "zone")
    asyncio.run(write(zone))
    assert main(["log", "root", str(tmp_path / "root.key")]) == 0
    capsys.readouterr()
    return zone


def trust(zone: Path, name: str, *revoked: str, previous: str = "") -> Path:
    """Have the root sign a trust file."""
    file = zone.parent / name
    words = ["log", "trust", str(zone / "log"), "--key", str(zone.parent / "root.key"), "-o", str(file)]
    for vkey in revoked:
        words += ["--revoke", vkey]
    assert main([*words, *(["--previous", str(zone.parent / previous)] if previous else [])]) == 0
    return file


def at(shard: Path, size: int) -> list[str]:
    return [f"{key.vkey}={size}" for key in open_log(shard).vkeys]


def revoke(zone: Path, file: Path, *more: str) -> int:
    root = str(zone.parent / "root.vkey")
    return main(["log", "revoke", str(zone / "log"), "--trust", str(file), "--root", root, *more])


def kinds(shard: Path) -> list[tuple[str, str]]:
    found = [parse(data) for _, data in open_log(shard).entries()]
    return [(one.kind, str(one.body.get("action", ""))) for one in found]


def test_lost_keys(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shard ends by the root's word, the next one begins early and says so; the zone goes on (Z14)."""
    lost = newest(zone / "log")
    shutil.rmtree(zone / "keys/log")
    opening = Opening.read(zone / "zone.yaml")
    with pytest.raises(ConfigError, match="is missing"):
        open_here(opening)
    size = open_log(lost).checkpoint().size
    file = trust(zone, "trust-1", *at(lost, size))
    assert revoke(zone, file, "--give-up") == 0
    out = capsys.readouterr().out
    assert f"is given up at {size} entries" in out
    after = newest(zone / "log")
    assert after.name == str(shard_months(zone / "log")[0].following)
    assert ("key", "revoke") in kinds(after)
    # By itself the log says so; with the root's word and the new shard's keys nothing else is amiss.
    assert main(["log", "verify", str(zone / "log")]) == 3
    assert "by the root's word it ends here" in capsys.readouterr().out
    second = trust(zone, "trust-2", previous="trust-1")
    words = ["--policy", str(second), "--root", str(zone.parent / "root.vkey")]
    assert main(["log", "verify", str(zone / "log"), *words]) == 3
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("unwitnessed")]
    assert len(told) == 1
    asyncio.run(write(zone))  # and the zone goes on
    assert main(["log", "keys", str(zone / "log")]) == 0
    assert "revoked" in capsys.readouterr().out
    assert revoke(zone, second) == 0
    assert "nothing to record" in capsys.readouterr().out


def test_a_crash_in_the_middle(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command again brings it to its end, once (Z13)."""
    lost = newest(zone / "log")
    file = trust(zone, "trust-1", *at(lost, open_log(lost).checkpoint().size))

    class CutError(Exception):
        pass

    def cut(*_: object) -> None:
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(f"{rootword.__name__}.ShardFolder.add", cut)
        assert revoke(zone, file, "--give-up") == 70
    with monkeypatch.context() as patch:
        patch.setattr("zoneproxy.cli.log.revoke.record_revocations", cut)
        assert revoke(zone, file, "--give-up") == 70
    assert revoke(zone, file, "--give-up") == 0
    assert len(shard_months(zone / "log")) == 2
    assert kinds(newest(zone / "log")).count(("key", "revoke")) == 1


def test_the_root_must_say_so(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No other head, no other key, no other signature ends a shard (Z14)."""
    lost = newest(zone / "log")
    keys = at(lost, open_log(lost).checkpoint().size)
    for number, words in enumerate((keys[:1], at(lost, 2))):
        capsys.readouterr()
        assert revoke(zone, trust(zone, f"trust-{number}", *words), "--give-up") == 2
        assert "`--revoke VKEY=" in capsys.readouterr().err
    (zone.parent / "plain").write_text("quorum none\n")
    assert revoke(zone, zone.parent / "plain", "--give-up") in {1, 2}
    assert main(["log", "revoke", str(zone), "--trust", "x", "--root", "y"]) == 2
    assert len(shard_months(zone / "log")) == 1


def test_a_theft_is_recorded(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys rotated, and revoked at a point: the log names the trust file, which lies beside it (Z14)."""
    shard = newest(zone / "log")
    file = trust(zone, "trust-1", *at(shard, 3))
    capsys.readouterr()
    assert revoke(zone, file) == 0
    assert "are revoked by the root" in capsys.readouterr().out
    entry = next(
        one for _, data in open_log(shard).entries() if (one := parse(data)).body.get("action") == "revoke"
    )
    assert (entry.body["by"], len(entry.body["keys"])) == ("root", 2)
    assert (zone / "log" / f"trust-{entry.body['trust']}").read_bytes() == file.read_bytes()
    assert (zone / "log/trust").read_bytes() == file.read_bytes()
