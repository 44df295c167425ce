"""What the outward door needs beside its rules: proofs of destinations, an authority, a resolver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zoneproxy.adapters.resolver import SystemResolver
from zoneproxy.adapters.tls.authority import Leafs, insist_on_hosts, read_authority
from zoneproxy.adapters.tls.server import ServerTls, read_server_tls
from zoneproxy.config import Config
from zoneproxy.config.zone import registered
from zoneproxy.terms.ports import Resolver

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class OutwardWay:
    """The outward door's means.

    Attributes:
        proofs: how destinations prove themselves, by canonical host and port; without one no TLS is spoken.
        leafs: proves the boundary to workloads inside of tunnels; no tunnel is open without it.
        resolver: says which addresses a registered name has; no name is called without it.
    """

    proofs: Mapping[Place, ServerTls] = field(default_factory=dict)
    leafs: Leafs | None = None
    resolver: Resolver | None = None


def tunnelled(config: Config) -> tuple[str, ...]:
    """Name the hosts that tunnels may lead to: those that are registered with TLS."""
    return tuple(dict.fromkeys(registered(entry).host for entry in config.outward if entry.tls is not None))


def read_outward(config: Config, folder: Path, now_ms: int) -> OutwardWay:
    """Read what the outward door needs.

    Raises:
        ConfigError: a file can't be used, or the authority does not name every destination.
    """
    proofs = {}
    for entry in config.outward:
        to, part = registered(entry), entry.tls
        if part is None or to.port is None or to.tls is None:
            continue
        client = None
        if part.client_certificate is not None and part.client_key is not None:
            client = (folder / part.client_certificate, folder / part.client_key)
        proofs[to.host, to.port] = read_server_tls(to.tls, folder / part.ca, client, now_ms)
    leafs = None
    if (tunnels := config.tunnels) is not None:
        certificate = folder / tunnels.certificate
        authority = read_authority(certificate, folder / tunnels.key, now_ms)
        hosts = tunnelled(config)
        insist_on_hosts(authority, hosts, certificate)
        leafs = Leafs(authority, hosts, hours=tunnels.leaf_hours, most=tunnels.most_leafs)
    return OutwardWay(proofs, leafs, SystemResolver())
