"""Floor 6: a configuration becomes a ready boundary.

`assemble` reads everything, checks everything, and only then opens the log; what it raises, it
raises before anything was started or changed. The result knows doors, rules and journal, and makes
the passage of each exchange; whoever moves bytes (see `addons/`) asks it for nothing else.
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.doors import check_free
from zoneproxy.adapters.keyfiles import load_signer
from zoneproxy.adapters.settings import read_secret, read_small
from zoneproxy.adapters.tracelog import TraceLog
from zoneproxy.config import Config, Limits, digest_of, parse
from zoneproxy.content.request import RequestLimits
from zoneproxy.content.scan import ScanSettings
from zoneproxy.origin.evidence import Door
from zoneproxy.passage.exchange import Exchange, Kind
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.rules import Rules
from zoneproxy.policy.bundle import Policy, check_layers, load
from zoneproxy.route.destination import read_destination
from zoneproxy.route.pin import Pin
from zoneproxy.terms.errors import ConfigError, PolicyError, TraceError
from zoneproxy.terms.phase import Side
from zoneproxy.terms.ports import Clock, Entropy, Journal

Assurance = Literal["production", "dev"]


@dataclass(frozen=True, slots=True)
class Listener:
    """A door with its address.

    Attributes:
        door: route, side and country.
        host, port: where it listens.
    """

    door: Door
    host: str
    port: int

    @property
    def address(self) -> str:
        """`host:port`, with brackets around an IPv6 host."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(slots=True)
class Boundary:
    """A boundary that is ready to serve.

    Attributes:
        rules: what new exchanges are judged by.
        limits: the configured limits.
        listeners: the declared doors by route.
        open: connections are accepted.
    """

    rules: Rules
    limits: Limits
    listeners: Mapping[str, Listener]
    journal: Journal
    clock: Clock
    entropy: Entropy
    open: bool = False

    def has_route(self, route: str) -> bool:
        """Tell whether a route is declared."""
        return route in self.listeners

    def is_outward(self, route: str) -> bool:
        """Tell whether a route is the zone's own door, by which its workloads call outward."""
        listener = self.listeners.get(route)
        return listener is not None and listener.door.side is Side.ZONE

    def modes(self) -> list[str]:
        """Name the doors as the proxy's modes: `zone:<route>@<host>:<port>`."""
        return [f"zone:{route}@{door.address}" for route, door in self.listeners.items()]

    def pin(self, route: str, connection: str) -> Pin:
        """Take the identity of the door that a connection is on."""
        listener = self.listeners[route]
        return Pin(route, listener.door.side, listener.address, connection)

    def begin(self, *, route: str, connection: str, peer: tuple[str, int]) -> Passage:
        """Begin an exchange on a connection; it keeps these rules to its end."""
        kind: Kind = "outward" if self.is_outward(route) else "serve"
        return Passage(
            Exchange(
                self.flow_id(),
                kind,
                self.rules,
                self.listeners[route].door,
                peer[:2],
                self.pin(route, connection),
            )
        )

    def flow_id(self) -> str:
        """Make a UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then randomness."""
        random = int.from_bytes(self.entropy.token(10), "big")
        value = (self.clock.now_ms() & (2**48 - 1)) << 80 | random
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=value))


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


def assemble(path: str | Path, *, assurance: Assurance) -> Zone:
    """Read a configuration and all it names, check it, and open the log.

    Args:
        path: the `zone.yaml`.
        assurance: `production`, or `dev` behind the developer's door.

    Raises:
        ConfigError: something can't be used; nothing was started or changed.
        PolicyError: a policy has mistakes; nothing was started or changed.
        TraceError: the log does not verify, or its disk failed.
    """
    file = Path(path)
    config_bytes = read_small(file, "the configuration")
    config = parse(config_bytes, str(path))
    folder = file.parent
    policies, policy_bytes = _read_policies(config, folder)
    listeners = _listeners(config)
    if assurance == "dev":
        _insist_on_loopback(listeners)
    signer = load_signer(folder / config.log.key, config.log.origin)
    rules = Rules(
        log_origin=config.log.origin,
        assurance=assurance,
        policies=policies,
        tenants=config.tenant_registry(),
        networks=config.network_table(),
        destinations=config.destination_table(),
        upstreams=config.upstream_table(),
        limits=RequestLimits(max_body_bytes=config.limits.max_body_bytes),
        scan=ScanSettings(config.scan.level, read_secret(folder / config.scan.digest_key, 32)),
        max_answer_bytes=config.limits.max_answer_bytes,
        max_event_bytes=config.limits.max_event_bytes,
    )
    # Opening the log writes to it: whatever can be found wrong is found before.
    check_free((listener.host, listener.port) for listener in listeners.values())
    zone: Zone

    def on_failure(failure: TraceError) -> None:
        zone.on_failure(failure)

    clock, entropy = SystemClock(), SystemEntropy()
    log = TraceLog.open(
        folder / config.log.directory,
        log_origin=config.log.origin,
        signer=signer,
        clock=clock,
        entropy=entropy,
        node=config.node,
        worker="w1",
        assurance=assurance,
        config_sha256=digest_of(config_bytes),
        publish_interval_s=config.log.publish_interval,
        on_failure=on_failure,
    )
    boundary = Boundary(rules, config.limits, listeners, log, clock, entropy)
    zone = Zone(config, boundary, log, config_bytes, policy_bytes)
    return zone


def _listeners(config: Config) -> dict[str, Listener]:
    listeners = {}
    for route in config.routes:
        at = read_destination(route.listen)
        listeners[route.id] = Listener(Door(route.id, Side(route.side), route.country), at.host, at.port)
    return listeners


def _insist_on_loopback(listeners: Mapping[str, Listener]) -> None:
    for listener in listeners.values():
        if not ipaddress.ip_address(listener.host).is_loopback:
            raise ConfigError(
                f"the developer's door opens loopback listeners only, not `{listener.address}`",
                hint="use `zoneproxy run` for a door that others can reach",
            )


def _read_policies(config: Config, folder: Path) -> tuple[tuple[Policy, ...], tuple[bytes, ...]]:
    """Read both layers; the mistakes of both are told together."""
    problems, policies, read = [], [], []
    for name in (config.policies.regulator, config.policies.operator):
        data = read_small(folder / name, "the policy")
        read.append(data)
        try:
            policies.append(load(data, str(folder / name)))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(problems)
    check_layers(policies)
    declared = {route.id for route in config.routes}
    for policy in policies:
        missing = sorted(set(policy.document.zone.uplinks) - declared) if policy.document.zone else []
        if missing:
            raise ConfigError(
                f"policy `{policy.file}` names the uplink `{missing[0]}`, which zone.yaml does not declare",
                hint="declare the route in zone.yaml, or take it out of the policy",
            )
    return tuple(policies), tuple(read)
