"""Everything is read and checked before the log is opened: what is raised comes before any change."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from zoneproxy.adapters.files.settings import read_secret
from zoneproxy.adapters.keys.tag import load_tag_signer
from zoneproxy.adapters.keys.ticket import load_ticket_signer
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.sequencer.client import RemoteLog
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.adapters.state.bindings import SqliteBindings
from zoneproxy.adapters.state.orderfile import OrderFile
from zoneproxy.adapters.state.policy_state import PolicyState
from zoneproxy.adapters.tls.server import ServerTls
from zoneproxy.adapters.workers.doors import check_free
from zoneproxy.assembly.activation import Activation
from zoneproxy.assembly.boundary import Boundary, Listener
from zoneproxy.assembly.flowback import collector
from zoneproxy.assembly.freshness import Freshness, Watched, told_old
from zoneproxy.assembly.log_verbs import log_verbs
from zoneproxy.assembly.logs import Assurance, Opening, connect, make_keeper, open_here
from zoneproxy.assembly.orderbook import EMPTY, OrderBook, holder, open_orders
from zoneproxy.assembly.outward import OutwardWay, read_outward
from zoneproxy.assembly.policies import PolicySet, read_policies
from zoneproxy.assembly.proofs import address_files, read_listeners, read_servers
from zoneproxy.assembly.registered import DataRegister, RegisteredSets, read_registered
from zoneproxy.assembly.scan_tables import with_places
from zoneproxy.assembly.zone import Zone
from zoneproxy.config import Config, digest_of
from zoneproxy.content.request import RequestLimits
from zoneproxy.content.scan import ScanSettings
from zoneproxy.meter.egress import EgressLedger
from zoneproxy.meter.refusals import Refusals
from zoneproxy.meter.turnstile import Turnstile
from zoneproxy.origin.signed_tag import TagSigner
from zoneproxy.passage.rules import Rules
from zoneproxy.route.stops import EVERYTHING
from zoneproxy.terms.errors import ConfigError


def assemble(path: str | Path, *, assurance: Assurance) -> Zone:
    """Read a configuration and all it names, check it, and open the log in this process.

    Args:
        path: the `zone.yaml`.
        assurance: `production`, or `dev` behind the developer's door.

    Raises:
        ConfigError: something can't be used; nothing was started or changed.
        PolicyError: a policy has mistakes; nothing was started or changed.
        TraceError: the log does not verify, or its disk failed.
    """
    opening = Opening.read(path, assurance)
    plan = _plan(opening)
    # Opening the log writes to it: whatever can be found wrong is found before.
    check_free((listener.host, listener.port) for listener in plan.listeners.values())
    plan.orders.found(EMPTY)
    plan.bindings.prepare()
    log = open_here(opening)
    zone = plan.zone(log, opening.folder / opening.config.control.socket)
    zone.keeper = make_keeper(opening, log)
    zone.verbs.update(log_verbs(log, zone.keeper))
    return zone


async def assemble_worker(path: str | Path, *, control: Path, among: int = 1) -> Zone:
    """Read and check as `assemble` does, and become a worker of the sequencer that writes the log.

    Args:
        path: the `zone.yaml`.
        control: where this worker's control socket is to stand.
        among: how many workers share the zone's limits.

    Raises:
        ConfigError: something can't be used.
        PolicyError: a policy has mistakes.
        TraceError: there is no sequencer, or it does not take this worker.
    """
    opening = Opening.read(path)
    plan = _plan(opening, among)
    plan.orders.found(EMPTY)
    plan.bindings.prepare()
    return plan.zone(await connect(opening), control)


def check(path: str | Path) -> Opening:
    """Read and check all that `assemble` does, and that its doors are free; start and change nothing.

    Raises:
        ConfigError: something can't be used.
        PolicyError: a policy has mistakes.
    """
    opening = Opening.read(path)
    plan = _plan(opening)
    check_free((listener.host, listener.port) for listener in plan.listeners.values())
    return opening


@dataclass(frozen=True, slots=True)
class _Plan:
    """A zone without its log: what was read, and checked."""

    opening: Opening
    rules: Rules
    listeners: Mapping[str, Listener]
    state: PolicyState
    policies: PolicySet
    notes: Sequence[str]
    registered: RegisteredSets
    servers: Mapping[str, ServerTls]
    outward: OutwardWay
    watched: Watched
    orders: OrderFile
    among: int

    @property
    def bindings(self) -> SqliteBindings:
        """The binding store; nothing is done to its file yet."""
        return SqliteBindings(self.opening.folder / self.opening.config.bindings.store)

    def zone(self, log: TraceLog | ShardedLog | RemoteLog, control: Path) -> Zone:
        """Give it its log."""
        opening = self.opening
        boundary = Boundary(
            self.rules,
            opening.config.limits,
            self.listeners,
            log,
            opening.clock,
            opening.entropy,
            servers=self.servers,
            outward=self.outward,
            bindings=self.bindings,
            turnstile=_turnstile(opening.config, self.among),
            refusals=Refusals(opening.config.limits.refusals.bounds().divided(self.among)),
            keep=collector(opening),
            egress=EgressLedger(opening.config.egress.budget().divided(self.among), Lock()),
        )
        orders = OrderBook(opening.config, self.orders, log, holder(opening.config, boundary, self.among))
        activation = Activation(opening.config, boundary, log, self.state, self.policies)
        zone = Zone(
            opening.config,
            boundary,
            log,
            opening.config_bytes,
            activation,
            control,
            self.notes,
            freshness=Freshness(boundary, log, self.watched),
            registered=DataRegister(opening.config, opening.folder, boundary, log, self.registered),
            orders=orders,
        )
        opening.bell.listen(zone.on_failure)
        return zone


def _plan(opening: Opening, among: int = 1) -> _Plan:
    config, folder, assurance = opening.config, opening.folder, opening.assurance
    state = PolicyState(folder / config.policies.state)
    policies, notes = read_policies(
        config, folder, state, production=assurance == "production", now_ms=opening.clock.now_ms()
    )
    listeners = read_listeners(config, folder, opening.clock.now_ms())
    watched = _watched(opening)
    places = watched.files.read() if watched.files is not None else None
    if assurance == "dev":
        _insist_on_loopback(listeners)
    tickets = (
        None
        if config.log.ticket_key is None
        else load_ticket_signer(folder / config.log.ticket_key, config.log.origin)
    )
    order_file = OrderFile(folder / config.control.orders)
    orders, flaw = open_orders(config, order_file)
    if flaw:
        notes = (*notes, f"everything is stopped: {flaw}")
    registered = read_registered(config, folder, now_ms=opening.clock.now_ms())
    rules = Rules(
        log_origin=config.log.origin,
        assurance=assurance,
        policies=policies.policies,
        shadows=policies.watching,
        tenants=config.tenant_registry(orders),
        stops=EVERYTHING if flaw else orders.stopped(),
        networks=config.network_table(),
        destinations=config.destination_table(),
        upstreams=config.upstream_table(),
        limits=RequestLimits(max_body_bytes=config.limits.max_body_bytes),
        scan=with_places(
            ScanSettings(
                config.scan.level,
                read_secret(folder / config.scan.digest_key, 32),
                hosts=frozenset(config.scan.domestic_hosts),
                canary_key=b"" if config.flowback is None else read_secret(folder / config.flowback.key, 32),
                registered=registered.indexes,
            ),
            places,
        ),
        max_answer_bytes=config.limits.max_answer_bytes,
        max_event_bytes=config.limits.max_event_bytes,
        tickets=tickets,
        tags=_tag_signer(opening),
        places=places,
        lifetimes=config.bindings.lifetimes(),
        sessions=None if config.realtime is None else config.realtime.limits(),
        lanes=config.lane_table(),
    )
    servers = read_servers(config, folder, opening.clock.now_ms())
    outward = read_outward(config, folder, opening.clock.now_ms())
    if places is not None:
        notes = (*notes, *told_old(places, opening.clock.now_ms(), watched.warn_after_days))
    return _Plan(
        opening,
        rules,
        listeners,
        state,
        policies,
        notes,
        registered,
        servers,
        outward,
        watched,
        order_file,
        among,
    )


def _turnstile(config: Config, among: int) -> Turnstile:
    limits = config.limits
    zone, tenant = (part.allowance(limits.max_body_bytes) for part in (limits.zone, limits.tenant))
    own = {name: one.divided(among) for name, one in config.allowances().items()}
    return Turnstile(zone.divided(among), tenant.divided(among), own, Lock())


def _watched(opening: Opening) -> Watched:
    """Name what is looked at while the zone serves; asked before the files are read."""
    part, files = opening.config.address_data, address_files(opening.config, opening.folder)
    digest = digest_of(opening.config_bytes)
    if part is None or files is None:
        return Watched(digest, None)
    return Watched(digest, files, files.marks(), part.check_every, part.warn_after_days)


def _insist_on_loopback(listeners: Mapping[str, Listener]) -> None:
    for listener in listeners.values():
        if not ipaddress.ip_address(listener.host).is_loopback:
            raise ConfigError(
                f"the developer's door opens loopback listeners only, not `{listener.address}`",
                hint="use `zoneproxy run` for a door that others can reach",
            )


def _tag_signer(opening: Opening) -> TagSigner | None:
    tag = opening.config.tag
    if tag is None:
        return None
    return load_tag_signer(opening.folder / tag.key, opening.config.zone, tag.lifetime_s)
