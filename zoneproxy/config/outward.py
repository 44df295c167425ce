"""The parts of `zone.yaml` that open narrow ways: tunnels of workloads, and maintenance from inland."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from zoneproxy.config.part import MEBIBYTE, Bytes, Part, RouteId, Text
from zoneproxy.policy.read import Source
from zoneproxy.route.destination import DestinationError, read_host
from zoneproxy.route.maintenance import LaneTable, MaintenanceLane
from zoneproxy.terms.networks import read_prefix


class Tunnels(Part):
    """Tunnels (CONNECT) of zone workloads: the boundary ends their TLS and looks into what they bear."""

    certificate: Text = Field(
        description="the zone's outward authority, PEM, which workloads trust (`zoneproxy outward make`)"
    )
    key: Text = Field(description="its private key, PEM, mode 0600")
    leaf_hours: Annotated[int, Field(ge=1, le=168)] = Field(
        24, description="how long a certificate is valid that it signs for a destination"
    )
    most_leafs: Annotated[int, Field(ge=1, le=10_000)] = Field(
        256, description="most certificates that are kept in memory"
    )


class Maintenance(Part):
    """A lane by which a domestic system may reach one server of the zone, where rules open it by name."""

    name: RouteId = Field(description="the lane's name: rules open it with the order `open_lane`")
    route: RouteId = Field(description="the domestic door that it begins at")
    method: Literal["POST", "PUT", "PATCH"] = Field(description="the only method")
    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]{1,64}){1,8}$")] = Field(
        description="the only path, whole"
    )
    server: RouteId = Field(description="the zone's server that it leads to, one of `servers`")
    credentials: Annotated[
        list[Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]], Field(min_length=1, max_length=8)
    ] = Field(description="SHA-256 of each credential (bearer token) that proves its callers")
    networks: Annotated[list[Text], Field(min_length=1, max_length=32)] = Field(
        description="prefixes that its callers call from"
    )
    max_body_bytes: Bytes = Field(MEBIBYTE, description="largest request body")

    def lane(self) -> MaintenanceLane:
        """Return it as the passage takes it.

        Raises:
            ValueError: a network can't be read.
        """
        return MaintenanceLane(
            self.name,
            self.route,
            self.method,
            self.path,
            self.server,
            tuple(bytes.fromhex(one.removeprefix("sha256:")) for one in self.credentials),
            tuple(read_prefix(prefix) for prefix in self.networks),
            self.max_body_bytes,
        )


def check_outward(source: Source, config: Any) -> None:
    """What is said of outward destinations, tunnels and maintenance makes sense together."""
    for index, entry in enumerate(config.outward):
        _check_destination(source, index, entry)
    if config.tunnels is not None:
        if not any(route.side == "zone" for route in config.routes):
            source.report(
                ("tunnels",), "ZC0006", "there is no outward door for tunnels",
                remedy="declare a route of the side `zone`, or leave `tunnels` out",
            )  # fmt: skip
        if not any(entry.tls is not None for entry in config.outward):
            source.report(
                ("tunnels",), "ZC0006", "no destination of `outward` says how it proves itself in TLS",
                remedy="write `tls` at the destinations that tunnels may lead to",
            )  # fmt: skip
    for index, lane in enumerate(config.maintenance):
        _check_lane(source, index, lane, config)


def _check_destination(source: Source, index: int, entry: Any) -> None:
    if entry.tls is None:
        return
    path = ("outward", index, "tls")
    text = entry.host
    has_port = not text.endswith("]") and (text.startswith("[") or text.count(":") == 1)
    if not has_port:
        source.report(
            ("outward", index, "host"), "ZC0006", "a destination that proves itself in TLS has one port",
            remedy=f"write it behind the host, for example `{text}:443`",
        )  # fmt: skip
    if entry.side == "domestic":
        source.report(path, "ZC0006", "a domestic destination is never called, so it proves nothing")
    if (entry.tls.client_certificate is None) != (entry.tls.client_key is None):
        source.report(path, "ZC0006", "`client_certificate` and `client_key` belong together")
    if entry.tls.name is not None:
        try:
            read_host(entry.tls.name)
        except DestinationError as error:
            source.report((*path, "name"), "ZC0001", str(error))


def _check_lane(source: Source, index: int, lane: Any, config: Any) -> None:
    path = ("maintenance", index)
    sides = {route.id: route.side for route in config.routes}
    if sides.get(lane.route) != "domestic":
        source.report(
            (*path, "route"), "ZC0006", f"`{lane.route}` is no domestic door",
            remedy="a maintenance lane begins at a route of the side `domestic`",
        )  # fmt: skip
    if lane.server not in {server.id for server in config.servers}:
        source.report((*path, "server"), "ZC0006", f"there is no server `{lane.server}` in `servers`")
    customers = {digest for tenant in config.tenants for digest in tenant.credentials}
    if customers & set(lane.credentials):
        source.report(
            (*path, "credentials"), "ZC0006", "a credential is that of a tenant, too",
            remedy="make another: what opens a customers' door opens no maintenance lane",
        )  # fmt: skip
    for at, prefix in enumerate(lane.networks):
        try:
            read_prefix(prefix)
        except ValueError:
            remedy = "write its first address and its length, for example `127.0.20.0/28`"
            source.report((*path, "networks", at), "ZC0002", f"`{prefix}` is not a network", remedy=remedy)


def lane_table(config: Any) -> LaneTable:
    """Build the declared lanes.

    Raises:
        ValueError: two lanes share a name, or what they are known by.
    """
    return LaneTable(lane.lane() for lane in config.maintenance)
