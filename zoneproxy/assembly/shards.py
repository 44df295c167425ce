"""The log in monthly shards, opened in this process (`log: {shards: monthly}`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.shards.folder import ShardFolder, shard_months
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.assembly.witnesses import witness_rules
from zoneproxy.config import Config
from zoneproxy.trace.keyring import Keyring


def is_sharded(config: Config) -> bool:
    """Tell whether the log is in monthly shards."""
    return config.log.shards == "monthly"


def open_shards(config: Config, folder: Path, settings: Mapping[str, Any]) -> ShardedLog:
    """Open a log in monthly shards, of which this process is then the one writer.

    Args:
        config: the configuration.
        folder: where its relative paths begin.
        settings: the arguments of `TraceLog` that are the same for all shards.

    Raises:
        ConfigError: its keys can't be used, or another process writes it.
        TraceError: a shard does not verify, or the disk failed.
    """

    def per_shard(ring: Keyring) -> Mapping[str, Any]:
        return {"witnesses": witness_rules(config, folder, ring)}

    return ShardedLog(
        ShardFolder(folder / config.log.directory, config.log.origin),
        KeyFolder(folder / config.log.key),
        close_within_s=config.log.close_within,
        per_shard=per_shard,
        **settings,
    )


def log_places(config: Config, folder: Path) -> list[Path]:
    """Return the directories of the log's shards, oldest first; of a log without shards its own."""
    root = folder / config.log.directory
    return [root / str(month) for month in shard_months(root)] if is_sharded(config) else [root]
