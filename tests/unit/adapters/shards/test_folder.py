"""`zoneproxy.adapters.shards.folder`: a shard is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import FixedClock, FixedEntropy, joint_signer, write_log
from tests.support.shards import BASE, FIRST, make_shards
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import ShardFolder, is_sharded, shard_months
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.entry import parse


def test_create_and_add(tmp_path: Path) -> None:
    """The first shard has nothing before it, the next one the head that it is given."""
    folder, keys = make_shards(tmp_path)
    assert (folder.months(), is_sharded(folder.root)) == ([FIRST], True)
    head = open_log(folder.path(FIRST)).checkpoint()
    month = FIRST.following
    keys.make(month)
    (folder.root / "making").mkdir()
    (folder.root / "making" / "half").write_text("")
    folder.add(month, keys.load(month, folder.origin(month)), FixedClock(), FixedEntropy(), head)
    assert shard_months(folder.root) == [FIRST, month]
    assert not (folder.root / "making").exists()
    body = parse(next(open_log(folder.path(month)).entries())[1]).body
    assert body["previous"] == {"origin": head.origin, "size": 1, "root": head.root.hex()}


def test_an_occupied_directory(tmp_path: Path) -> None:
    """A log is made once, in a directory of its own."""
    folder, _ = make_shards(tmp_path)
    with pytest.raises(ConfigError, match="not empty"):
        folder.create(FIRST, joint_signer(folder.origin(FIRST)), FixedClock(), FixedEntropy())
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't be made"):
        ShardFolder(tmp_path / "file", BASE).create(FIRST, joint_signer(), FixedClock(), FixedEntropy())


def test_what_is_sharded(tmp_path: Path) -> None:
    """One log is not; neither is an empty directory, nor none; a copy of shards alone is."""
    assert not is_sharded(write_log(tmp_path / "one", [1]))
    assert not is_sharded(tmp_path)
    assert not is_sharded(tmp_path / "nowhere")
    (tmp_path / "copy" / "2026-01").mkdir(parents=True)
    assert is_sharded(tmp_path / "copy")
    with pytest.raises(ConfigError, match="there is no log"):
        ShardFolder(tmp_path / "copy", BASE).months()
