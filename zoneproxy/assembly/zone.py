"""A zone that runs: what serves, with the log that it holds open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoneproxy.adapters.tracelog import TraceLog
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.config import Config, digest_of
from zoneproxy.terms.errors import TraceError


@dataclass(slots=True)
class Zone:
    """A zone's boundary with the log that it holds open.

    Attributes:
        config: the operator's configuration.
        boundary: what serves.
        log: the trace log, locked by this process.
        config_bytes, policy_bytes: what was read, for the records of the start.
    """

    config: Config
    boundary: Boundary
    log: TraceLog
    config_bytes: bytes
    policy_bytes: Sequence[bytes]
    failure: TraceError | None = None
    _told: Callable[[], None] | None = None

    def tell_failure(self, told: Callable[[], None]) -> None:
        """Name what is called, from one of the log's threads, when the log fails."""
        self._told = told
        if self.failure is not None:
            told()

    def on_failure(self, failure: TraceError) -> None:
        """Shut the gate: the log takes no more records."""
        self.failure = failure
        self.boundary.open = False
        if self._told is not None:
            self._told()

    async def start(self) -> None:
        """Record what is in force, then accept connections.

        Raises:
            TraceError: the log failed.
        """
        for policy, data in zip(self.boundary.rules.policies, self.policy_bytes, strict=True):
            body = {"layer": policy.layer, "digest": self.log.archive_policy(data), "bytes": len(data)}
            await self.log.append("policy", body, {})
        named = [{"layer": policy.layer, "digest": policy.digest} for policy in self.boundary.rules.policies]
        await self.log.append("activation", {"cause": "start", "policy": named}, {})
        await self.log.append("config", {"digest": digest_of(self.config_bytes)}, {})
        self.boundary.open = True

    def shut(self) -> None:
        """Accept no more connections."""
        self.boundary.open = False

    async def close(self) -> None:
        """Write the last records and release the log."""
        self.shut()
        await self.log.close()
