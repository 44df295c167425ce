"""`zoneproxy.assembly.shards`: a zone whose log is in monthly shards starts, records and stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.shards import newest
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.assembly import assemble
from zoneproxy.assembly.shards import is_sharded, log_places
from zoneproxy.cli.main import main
from zoneproxy.config import parse
from zoneproxy.terms.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A zone as it is made: in shards."""
    zone = tmp_path / "zone"
    assert main(["init", str(zone), "--port", str(free_port())]) == 0
    return zone


async def test_a_zone_with_shards(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It starts, records what is in force in the newest shard, and what it leaves verifies (Z13, Z14)."""
    zone = assemble(folder / "zone.yaml", assurance="production")
    assert isinstance(zone.log, ShardedLog)
    await zone.start()
    receipt = await zone.log.append("config", {"digest": "ab" * 32}, {})
    assert receipt.origin == zone.log.origin
    with pytest.raises(ConfigError, match=r"in use by another process|does this zone run"):
        assemble(folder / "zone.yaml", assurance="production")
    await zone.close()
    assert main(["log", "verify", str(folder / "log")]) == 0
    assert "the log holds" in capsys.readouterr().out


def test_its_places(folder: Path) -> None:
    """One directory a shard."""
    config = parse((folder / "zone.yaml").read_bytes(), "zone.yaml")
    assert is_sharded(config)
    assert log_places(config, folder) == [newest(folder / "log")]


def test_the_other_form_is_told(folder: Path) -> None:
    """A log of one form that is configured as the other is never taken for an empty one."""
    text = (folder / "zone.yaml").read_text()
    (folder / "zone.yaml").write_text(text.replace("shards: monthly", "shards: none"))
    with pytest.raises(ConfigError, match="is in monthly shards"):
        assemble(folder / "zone.yaml", assurance="production")
    (folder / "zone.yaml").write_text(text)
    newest(folder / "log").rename(folder / "one")
    (folder / "zone.yaml").write_text(text.replace("directory: log", "directory: one"))
    with pytest.raises(ConfigError, match="is not in monthly shards"):
        assemble(folder / "zone.yaml", assurance="production")
