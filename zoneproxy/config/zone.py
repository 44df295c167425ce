"""The whole of `zone.yaml`, and the tables that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from zoneproxy.config.address_data import AddressData
from zoneproxy.config.bindings import Bindings
from zoneproxy.config.control import Control
from zoneproxy.config.doors import ModelServer, Outward, RegisteredNetwork, RegisteredTenant, Route
from zoneproxy.config.egress import Egress
from zoneproxy.config.flowback import Flowback
from zoneproxy.config.front import Front
from zoneproxy.config.limits import Limits, Scan
from zoneproxy.config.log import Log
from zoneproxy.config.orders import AddedTenant, Orders
from zoneproxy.config.outward import Maintenance, Tunnels, lane_table
from zoneproxy.config.part import Part, RouteId
from zoneproxy.config.policies import Policies
from zoneproxy.config.privacy import Privacy
from zoneproxy.config.realtime import Realtime
from zoneproxy.config.registered import RegisteredData
from zoneproxy.config.tag import Tag
from zoneproxy.config.witnesses import Witnesses
from zoneproxy.config.workers import Workers
from zoneproxy.meter.turnstile import Allowance
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.route.callback import read_callback
from zoneproxy.route.destination import DestinationError, read_destination, read_host
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.route.maintenance import LaneTable
from zoneproxy.route.server_identity import ServerIdentity
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
    witnesses: Witnesses | None = Field(None, description="who cosigns the log's checkpoints")
    policies: Policies = Field(description="the rules, in two layers")
    tag: Tag | None = Field(
        None,
        description="the tag that requests bear inside the zone; they bear none without, and no workload may "
        "call outward",
    )
    control: Control = Field(
        default_factory=lambda: Control(),  # noqa: PLW0108 - the class needs its defaults
        description="where the running boundary takes commands",
    )
    privacy: Privacy = Field(
        default_factory=lambda: Privacy(),  # noqa: PLW0108 - the class needs its defaults
        description="who can open the private parts of records, and how long they are kept",
    )
    workers: Workers = Field(
        default_factory=lambda: Workers(),  # noqa: PLW0108 - the class needs its defaults
        description="how many processes serve, and what keeps them running",
    )
    bindings: Bindings = Field(
        default_factory=lambda: Bindings(),  # noqa: PLW0108 - the class needs its defaults
        description="whose the stored objects are: where that is kept, and how long it lasts",
    )
    routes: Annotated[list[Route], Field(min_length=1)] = Field(description="the doors")
    front: Front | None = Field(
        None, description="what stands in front of the doors, for `zoneproxy front`; nothing is made without"
    )
    networks: list[RegisteredNetwork] = Field(
        default_factory=list, description="networks whose place is known; other addresses say nothing"
    )
    address_data: AddressData | None = Field(
        None, description="data files that say where other addresses are; nothing is asked without"
    )
    tenants: list[RegisteredTenant] = Field(default_factory=list, description="who may be served")
    servers: list[ModelServer] = Field(default_factory=list, description="model servers inside the zone")
    outward: list[Outward] = Field(
        default_factory=list, description="where zone workloads may call; what is not listed is closed"
    )
    tunnels: Tunnels | None = Field(
        None, description="tunnels (CONNECT) at the outward door, looked into; they are refused without"
    )
    maintenance: Annotated[list[Maintenance], Field(max_length=16)] = Field(
        default_factory=list,
        description="narrow one-way lanes from a domestic door; each is closed until rules open it by name",
    )
    scan: Scan = Field(description="how closely contents are looked at")
    registered: Annotated[list[RegisteredData], Field(max_length=64)] = Field(
        default_factory=list, description="data sets that owners registered: recognised without the data"
    )
    egress: Egress = Field(
        default_factory=lambda: Egress(),  # noqa: PLW0108 - the class needs its defaults
        description="how many bytes leave in answers, by the tokens that are billed for them",
    )
    realtime: Realtime | None = Field(
        None, description="sessions over WebSocket; every upgrade is refused without, whatever the rules say"
    )
    flowback: Flowback | None = Field(
        None, description="fingerprints of what is returned, to recognise it inland; none are kept without"
    )
    limits: Limits = Field(
        default_factory=lambda: Limits(),  # noqa: PLW0108 - the class needs its defaults
        description="bounds of what one caller can cost",
    )

    def network_table(self) -> NetworkTable:
        """Build the registered networks."""
        return NetworkTable(
            Network(read_prefix(entry.prefix), Side(entry.side), entry.country) for entry in self.networks
        )

    def tenant_registry(self, orders: Orders | None = None) -> TenantRegistry:
        """Build the registered tenants: those declared here, as orders changed them, and the added ones.

        Raises:
            ValueError: two share a name, a credential or a certificate, or one can't be read.
        """
        return TenantRegistry(_tenant(one) for one in (orders or Orders()).standing(self.tenants))

    def allowances(self, added: Iterable[AddedTenant] = ()) -> dict[str, Allowance]:
        """Return what each tenant with bounds of its own may ask for."""
        entries = (*self.tenants, *(one.registration for one in added))
        most = self.limits.max_body_bytes
        return {entry.id: entry.limits.allowance(most) for entry in entries if entry.limits is not None}

    def upstream_table(self) -> UpstreamTable:
        """Build the table of model servers."""
        return UpstreamTable(_upstream(entry) for entry in self.servers)

    def destination_table(self) -> DestinationTable:
        """Build the table of outward destinations."""
        return DestinationTable(registered(entry) for entry in self.outward)

    def lane_table(self) -> LaneTable:
        """Build the declared maintenance lanes."""
        return lane_table(self)


def _tenant(one: AddedTenant) -> Tenant:
    entry = one.registration
    return Tenant(
        entry.id,
        entry.market,
        entry.audience,
        tuple(map(_digest, entry.credentials)),
        tuple(read_prefix(prefix) for prefix in entry.networks),
        tuple(entry.certificates),
        {_digest(digest): end for digest, end in one.until_ms.items()},
        tuple(_callback(url) for url in entry.callbacks),
    )


def _callback(url: str) -> str:
    try:
        read_callback(url)
    except DestinationError as error:
        raise ValueError(f"callback `{url}`: {error}") from None
    return url


def _digest(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("sha256:"))


def _upstream(entry: ModelServer) -> Upstream:
    to = read_destination(entry.address)
    return Upstream(
        entry.id,
        to.host,
        to.port,
        tuple(entry.models),
        tuple(entry.paths),
        entry.separation,
        entry.tls.identity(to.host) if entry.tls is not None else None,
    )


def registered(entry: Outward) -> RegisteredDestination:
    """Read one outward destination: a host, or a host and port.

    Raises:
        DestinationError: it is neither.
    """
    text, side = entry.host, Side(entry.side)
    has_port = not text.endswith("]") and (text.startswith("[") or text.count(":") == 1)
    if not has_port:
        host = read_host(text)[0]
        return RegisteredDestination(host, None, side, _proof(entry, host))
    to = read_destination(text)
    return RegisteredDestination(to.host, to.port, side, _proof(entry, to.host))


def _proof(entry: Outward, host: str) -> ServerIdentity | None:
    return entry.tls.identity(host) if entry.tls is not None else None
