"""The whole of `zone.yaml`, and the tables that it makes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.doors import ModelServer, Outward, RegisteredNetwork, RegisteredTenant, Route
from zoneproxy.config.limits import Limits, Scan
from zoneproxy.config.log import Log, Policies
from zoneproxy.config.part import Part, RouteId
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.route.destination import read_destination, read_host
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.route.upstream import Upstream, UpstreamTable
from zoneproxy.terms.networks import Network, NetworkTable, read_prefix
from zoneproxy.terms.phase import Side


class Config(Part):
    """The whole of `zone.yaml`."""

    zone: RouteId = Field(description="the zone's name")
    node: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")] = Field(
        "node-1", description="this machine's name in records"
    )
    log: Log = Field(description="the trace log")
    policies: Policies = Field(description="the rules, in two layers")
    routes: Annotated[list[Route], Field(min_length=1)] = Field(description="the doors")
    networks: list[RegisteredNetwork] = Field(
        default_factory=list, description="networks whose place is known; other addresses say nothing"
    )
    tenants: list[RegisteredTenant] = Field(default_factory=list, description="who may be served")
    servers: list[ModelServer] = Field(default_factory=list, description="model servers inside the zone")
    outward: list[Outward] = Field(
        default_factory=list, description="where zone workloads may call; what is not listed is closed"
    )
    scan: Scan = Field(description="how closely contents are looked at")
    limits: Limits = Field(
        default_factory=lambda: Limits(),  # noqa: PLW0108 - the class needs its defaults
        description="bounds of what one caller can cost",
    )

    def network_table(self) -> NetworkTable:
        """Build the registered networks."""
        return NetworkTable(
            Network(read_prefix(entry.prefix), Side(entry.side), entry.country) for entry in self.networks
        )

    def tenant_registry(self) -> TenantRegistry:
        """Build the registered tenants."""
        return TenantRegistry(
            Tenant(
                entry.id,
                entry.market,
                entry.audience,
                tuple(bytes.fromhex(digest.removeprefix("sha256:")) for digest in entry.credentials),
                tuple(read_prefix(prefix) for prefix in entry.networks),
            )
            for entry in self.tenants
        )

    def upstream_table(self) -> UpstreamTable:
        """Build the table of model servers."""
        return UpstreamTable(_upstream(entry) for entry in self.servers)

    def destination_table(self) -> DestinationTable:
        """Build the table of outward destinations."""
        return DestinationTable(registered(entry) for entry in self.outward)


def _upstream(entry: ModelServer) -> Upstream:
    to = read_destination(entry.address)
    return Upstream(entry.id, to.host, to.port, tuple(entry.models), tuple(entry.paths), entry.separation)


def registered(entry: Outward) -> RegisteredDestination:
    """Read one outward destination: a host, or a host and port.

    Raises:
        DestinationError: it is neither.
    """
    text, side = entry.host, Side(entry.side)
    has_port = not text.endswith("]") and (text.startswith("[") or text.count(":") == 1)
    if not has_port:
        return RegisteredDestination(read_host(text)[0], None, side)
    to = read_destination(text)
    return RegisteredDestination(to.host, to.port, side)
