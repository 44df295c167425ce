"""`zoneproxy.adapters.shards.renewal`: it goes on where a crash left it, and needs the log's own keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import FixedClock
from tests.support.shards import FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards import renewal
from zoneproxy.adapters.shards.renewal import load_ring
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.handover import proof_path


async def test_a_crash_before_the_handover_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that left no handover file leaves it at the next start, from the log itself (Z14)."""
    _, keys = make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(tmp_path, clock)
    keys.make(FIRST, 2)

    def crash(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(renewal, "prove_entry", crash)
        with pytest.raises(TraceError):
            log.tick()
    with pytest.raises(TraceError):
        await log.close()
    shard = tmp_path / "log" / str(FIRST)
    assert not (shard / proof_path(1)).exists()
    log = open_shards(tmp_path, clock)
    assert (shard / proof_path(1)).exists()
    await log.close()
    assert audit(open_log(shard)).flaws == ()
    assert len(open_log(shard).vkeys) == 4


def test_keys_of_another_log(tmp_path: Path) -> None:
    """A key folder with other keys of the same month is refused."""
    folder, keys = make_shards(tmp_path)
    keys.destroy(FIRST)
    keys.make(FIRST)
    with pytest.raises(ConfigError, match="is not that of"):
        load_ring(folder, keys, FIRST)


def test_a_log_without_a_description(tmp_path: Path) -> None:
    """A shard whose `log.json` is broken is told to be restored."""
    folder, keys = make_shards(tmp_path)
    (folder.path(FIRST) / "log.json").unlink()
    with pytest.raises(ConfigError, match="describes no log"):
        load_ring(folder, keys, FIRST)
