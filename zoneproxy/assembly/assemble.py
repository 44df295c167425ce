"""Everything is read and checked before the log is opened: what is raised comes before any change."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.doors import check_free
from zoneproxy.adapters.keyfiles import load_signer
from zoneproxy.adapters.settings import read_secret, read_small
from zoneproxy.adapters.tracelog import TraceLog
from zoneproxy.assembly.boundary import Boundary, Listener
from zoneproxy.assembly.zone import Zone
from zoneproxy.config import Config, digest_of, parse
from zoneproxy.content.request import RequestLimits
from zoneproxy.content.scan import ScanSettings
from zoneproxy.origin.evidence import Door
from zoneproxy.passage.rules import Rules
from zoneproxy.policy.bundle import Policy, check_layers, load
from zoneproxy.route.destination import read_destination
from zoneproxy.terms.errors import ConfigError, PolicyError, TraceError
from zoneproxy.terms.phase import Side

Assurance = Literal["production", "dev"]


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
