"""What no single field can tell: contradictions between the parts of `zone.yaml`."""

from __future__ import annotations

from collections.abc import Sequence

from zoneproxy.config.doors import RegisteredNetwork, Route
from zoneproxy.config.orders import Orders
from zoneproxy.config.zone import Config, registered
from zoneproxy.policy.read import Source
from zoneproxy.route.destination import DestinationError, read_destination
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import read_prefix
from zoneproxy.terms.phase import Side


def check_parts(source: Source, config: Config) -> None:
    """Each part makes sense by itself."""
    for index, route in enumerate(config.routes):
        _address(source, ("routes", index, "listen"), route.listen, named=False)
    _unique(source, "routes", [route.id for route in config.routes], "id")
    _unique(source, "routes", [_spelled_once(route.listen) for route in config.routes], "listen")
    for index, tenant in enumerate(config.tenants):
        _prefixes(source, ("tenants", index, "networks"), tenant.networks)
    for index, entry in enumerate(config.networks):
        _prefixes(source, ("networks", index, "prefix"), [entry.prefix], alone=True)
    for index, server in enumerate(config.servers):
        _address(source, ("servers", index, "address"), server.address, named=True)
    for index, outward in enumerate(config.outward):
        try:
            registered(outward)
        except DestinationError as error:
            source.report(("outward", index, "host"), "ZC0001", f"`{outward.host}`: {error}")


def check_tables(source: Source, config: Config) -> None:
    """Each table can be built."""
    for name, build in (
        ("networks", config.network_table),
        ("tenants", config.tenant_registry),
        ("servers", config.upstream_table),
        ("outward", config.destination_table),
        ("maintenance", config.lane_table),
    ):
        try:
            build()
        except ValueError as error:
            source.report((name,), "ZC0004", str(error))


def _address(source: Source, path: tuple[str | int, ...], text: str, *, named: bool) -> None:
    try:
        to = read_destination(text)
    except DestinationError as error:
        source.report(path, "ZC0001", str(error))
        return
    if to.address is None and not named:
        source.report(
            path,
            "ZC0001",
            "a door listens on an address, not on a name",
            remedy="write an IP address and a port, for example `127.0.10.1:8443`",
        )


def _spelled_once(address: str) -> str:
    try:
        to = read_destination(address)
    except DestinationError:
        return address
    return f"{to.host}:{to.port}"


def check_sides(source: Source, config: Config) -> None:
    """A country is on one side of the boundary, and a model server is in the zone."""
    located: list[tuple[str, int, Route | RegisteredNetwork]] = [
        *(("routes", index, route) for index, route in enumerate(config.routes)),
        *(("networks", index, network) for index, network in enumerate(config.networks)),
    ]
    home = {entry.country for _, _, entry in located if entry.side != "overseas"}
    for part, index, entry in located:
        if entry.side == "overseas" and entry.country in home:
            source.report((part, index, "country"), "ZC0003", f"`{entry.country}` is not overseas here")
    for index, tenant in enumerate(config.tenants):
        if tenant.audience == "overseas" and tenant.market in home:
            source.report(("tenants", index, "market"), "ZC0003", f"`{tenant.market}` is not overseas here")
    table = config.network_table()
    for index, server in enumerate(config.servers):
        found = table.find(read_destination(server.address).address)
        if found is not None and found.side is not Side.ZONE:
            what = f"`{server.address}` is on the {found.side} side"
            remedy = "a model server stands inside the zone"
            source.report(("servers", index, "address"), "ZC0003", what, remedy=remedy)


def check_added(config: Config, orders: Orders) -> None:
    """Check tenants that were added or changed while the zone ran, as declared ones are.

    Raises:
        ConfigError: one contradicts the configuration, another tenant, or itself.
    """
    placed: list[Route | RegisteredNetwork] = [*config.routes, *config.networks]
    home = {entry.country for entry in placed if entry.side != "overseas"}
    for tenant in (one.registration for one in orders.tenants):
        if tenant.audience == "overseas" and tenant.market in home:
            raise ConfigError(
                f"the tenant `{tenant.id}` serves overseas users, and `{tenant.market}` is not overseas here",
                hint="register it for a market outside the country",
            )
    try:
        config.tenant_registry(orders)
    except ValueError as error:
        raise ConfigError(
            f"the added tenants can't be used: {error}",
            hint="a name, a credential and a certificate belong to one tenant, declared or added",
        ) from None


def _unique(source: Source, part: str, values: Sequence[str], field: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            source.report(
                (part, index, field), "ZC0005", f"`{value}` stands twice", remedy="give each its own"
            )


def _prefixes(
    source: Source, path: tuple[str | int, ...], prefixes: Sequence[str], *, alone: bool = False
) -> None:
    for index, prefix in enumerate(prefixes):
        try:
            read_prefix(prefix)
        except ValueError:
            place = path if alone else (*path, index)
            source.report(
                place,
                "ZC0002",
                f"`{prefix}` is not a network",
                remedy="write its first address and its length, for example `127.0.10.0/24`",
            )
