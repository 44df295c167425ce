"""The log that a process writes to: its own, or that of the sequencer which writes for several workers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.keys.keyfiles import load_signer
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.sequencer.client import RemoteLog
from zoneproxy.adapters.shards.folder import is_sharded as in_shards
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.assembly.keeper import Keeper
from zoneproxy.assembly.private import read_own_holders, read_sealing
from zoneproxy.assembly.shards import is_sharded, log_places, open_shards
from zoneproxy.assembly.witnesses import witness_rules
from zoneproxy.config import Config, digest_of, parse
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.terms.ports import Clock, Entropy
from zoneproxy.trace.datakey import Holder

Assurance = Literal["production", "dev"]


@dataclass
class FailureBell:
    """Rings when the log fails, from any thread; a failure before anybody listens is kept for who does."""

    failure: TraceError | None = None
    _heard: Callable[[TraceError], None] | None = None

    def ring(self, failure: TraceError) -> None:
        """Tell whoever listens; called by the log, once."""
        self.failure = failure
        if self._heard is not None:
            self._heard(failure)

    def listen(self, heard: Callable[[TraceError], None]) -> None:
        """Name who is told, at once if the log has failed already."""
        self._heard = heard
        if self.failure is not None:
            heard(self.failure)


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open the log: the configuration as it was read, time and randomness.

    Attributes:
        config: the configuration.
        config_bytes: its bytes.
        folder: where its paths begin.
        assurance: `production`, or `dev` behind the developer's door.
        holders: further keys that open private parts, beside those of the configuration.
        bell: rings when the log fails.
    """

    config: Config
    config_bytes: bytes
    folder: Path
    assurance: Assurance
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    holders: list[Holder] = field(default_factory=list)
    bell: FailureBell = field(default_factory=FailureBell)

    @classmethod
    def read(
        cls, path: str | Path, assurance: Assurance = "production", clock: Clock | None = None
    ) -> Opening:
        """Read a `zone.yaml`; time is the system's where no clock is given.

        Raises:
            ConfigError: it can't be used; nothing was started or changed.
        """
        data = read_small(Path(path), "the configuration")
        config = parse(data, str(path))
        return cls(config, data, Path(path).parent, assurance, clock or SystemClock())


def open_here(opening: Opening, *, worker: str = "w1") -> TraceLog | ShardedLog:
    """Open the log in this process, which is then the one that writes it.

    Raises:
        ConfigError: a key or the trust file can't be used, or another process writes the log.
        TraceError: the log does not verify, or its disk failed.
    """
    config, folder = opening.config, opening.folder
    settings: dict[str, Any] = {
        "clock": opening.clock,
        "entropy": opening.entropy,
        "node": config.node,
        "worker": worker,
        "assurance": opening.assurance,
        "config_sha256": digest_of(opening.config_bytes),
        "publish_interval_s": config.log.publish_interval,
        "on_failure": opening.bell.ring,
        "sealing": read_sealing(config.privacy, folder, opening.entropy),
    }
    if is_sharded(config):
        return open_shards(config, folder, settings)
    if in_shards(folder / config.log.directory):
        raise ConfigError(
            f"the log in `{folder / config.log.directory}` is in monthly shards",
            hint="take `shards: none` out of the `log` part of zone.yaml, or name another directory",
        )
    signer = load_signer(folder / config.log.key, config.log.origin)
    return TraceLog.open(
        folder / config.log.directory,
        log_origin=config.log.origin,
        signer=signer,
        witnesses=witness_rules(config, folder, signer),
        **settings,
    )


def make_keeper(opening: Opening, log: TraceLog | ShardedLog) -> Keeper:
    """Make the keeper of the log that this process writes.

    Raises:
        ConfigError: a key that opens private parts can't be used.
    """
    privacy, folder = opening.config.privacy, opening.folder
    return Keeper(
        log,
        lambda: log_places(opening.config, folder),
        privacy.retention.policy(),
        opening.clock,
        holders=[*read_own_holders(privacy, folder), *opening.holders],
        sealing=read_sealing(privacy, folder, opening.entropy),
        held=privacy.retention.legal_hold,
    )


async def connect(opening: Opening) -> RemoteLog:
    """Become a worker of the sequencer that writes the log; the log's private keys are not read.

    Raises:
        ConfigError: another user's process listens at the socket.
        TraceError: there is no sequencer, or it does not take this worker.
    """
    part = opening.config.workers
    return await RemoteLog.open(
        opening.folder / part.socket,
        log_origin=opening.config.log.origin,
        clock=opening.clock,
        entropy=opening.entropy,
        assurance=opening.assurance,
        config_sha256=digest_of(opening.config_bytes),
        server_uid=os.geteuid() if part.logd_user_id is None else part.logd_user_id,
        timeout_s=part.answer_timeout_s,
        on_failure=opening.bell.ring,
    )
