"""A zone that runs: what serves, with the log that it holds open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoneproxy.adapters.keys.ticket import publish_ticket_key
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.sequencer.client import RemoteLog
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.adapters.state.bindings import SqliteBindings
from zoneproxy.adapters.workers.control import ControlServer, Verb
from zoneproxy.adapters.workers.relay import REFUSALS
from zoneproxy.assembly.activation import Activation
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.assembly.freshness import Freshness, data_record
from zoneproxy.assembly.keeper import Keeper
from zoneproxy.assembly.orderbook import ORDER, ORDERS, OrderBook
from zoneproxy.assembly.refusals import describe
from zoneproxy.assembly.registered import RELOAD, DataRegister
from zoneproxy.config import Config, digest_of
from zoneproxy.terms.errors import TraceError
from zoneproxy.trace.note import Signer

log = logging.getLogger("zoneproxy.zone")


@dataclass(slots=True)
class Zone:
    """A zone's boundary with the log that it holds open.

    Attributes:
        config: the operator's configuration.
        boundary: what serves.
        log: the trace log, written by this process or by the sequencer.
        config_bytes: the configuration as it was read, for the record of the start.
        activation: exchanges the rules while traffic flows.
        control_path: where the control socket stands while the zone serves.
        notes: what the operator must be told at the start.
        verbs: what can be asked at the control socket, by name; more may be added at any time.
        keeper: erases what is over, and what it is told to, where this process writes the log.
        registered: what owners registered, and reads it again when asked.
        freshness: takes up files that others renew, while the zone serves.
        orders: what the operator stops, and tenants that are added, while the zone serves.
    """

    config: Config
    boundary: Boundary
    log: TraceLog | ShardedLog | RemoteLog
    config_bytes: bytes
    activation: Activation
    control_path: Path
    notes: Sequence[str] = ()
    verbs: dict[str, Verb] = field(default_factory=dict)
    keeper: Keeper | None = None
    registered: DataRegister | None = None
    freshness: Freshness | None = None
    orders: OrderBook | None = None
    failure: TraceError | None = None
    _told: Callable[[], None] | None = None
    _control: ControlServer | None = None

    def __post_init__(self) -> None:
        """Register the zone's own commands."""
        self.verbs |= {
            "activate": self.activation.verb,
            "policy-status": self._policy_status,
            REFUSALS: self._refusals,
        }
        if self.registered is not None:
            self.verbs[RELOAD] = self.registered.verb
        if self.orders is not None:
            self.verbs |= {ORDER: self.orders.verb, ORDERS: self.orders.listing}

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
        """Record what is in force, then accept commands and connections.

        Raises:
            ConfigError: the zone's memory or the control socket can't be made.
            TraceError: the log failed.
        """
        for note in self.notes:
            log.warning(note)
        if self.keeper is not None:
            await self.keeper.finish()
        await self.activation.start()
        places = self.boundary.rules.places
        await self.log.append("config", data_record(digest_of(self.config_bytes), places), {})
        if self.registered is not None:
            await self.registered.start()
        if self.boundary.rules.tickets is not None and not isinstance(self.log, RemoteLog):
            await announce_tickets(self.log, self.boundary.rules.tickets)
        if self.orders is not None:
            await self.orders.start()
        self._control = ControlServer(self.control_path, self.verbs)
        await self._control.start()
        if self.keeper is not None:
            self.keeper.start()
        if self.freshness is not None:
            self.freshness.start()
        self.boundary.open = True

    async def _policy_status(self, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `policy-status`: what is in force and what watches."""
        return self.activation.describe()

    async def _refusals(self, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `refusals`: what was turned away without a record of its own."""
        return describe(self.boundary)

    def shut(self) -> None:
        """Accept no more connections."""
        self.boundary.open = False

    async def close(self) -> None:
        """Write the last records and release the log."""
        self.shut()
        if self.keeper is not None:
            await self.keeper.stop()
        if self.freshness is not None:
            await self.freshness.stop()
        if self._control is not None:
            await self._control.close()
        if self.orders is not None:
            await self.orders.stop()
        if isinstance(self.boundary.bindings, SqliteBindings):
            self.boundary.bindings.close()
        await self.log.close()


async def announce_tickets(journal: TraceLog | ShardedLog, signer: Signer) -> None:
    """State in the log, and beside it in its directory, whose tickets are its promises.

    A log in shards does the same in each new one.

    Raises:
        ConfigError: the key can't be laid beside the log.
        TraceError: the log failed.
    """
    publish_ticket_key(journal.directory, signer)
    body = {
        "action": "add",
        "role": "ticket",
        "origin": signer.verifiers[0].name,
        "keys": [key.vkey for key in signer.verifiers],
        "by": "log",
        "trust": None,
    }
    await journal.append("key", body, {})
