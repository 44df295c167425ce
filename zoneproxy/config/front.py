"""The part of `zone.yaml` that says what stands in front of the doors, and its checks.

`zoneproxy front nginx|haproxy|envoy` writes the front's whole configuration from this part, the routes and
the limits. Paths here are those of the front's own machine, so they are absolute.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from zoneproxy.config.part import Part, RouteId, Text
from zoneproxy.policy.read import Source
from zoneproxy.route.destination import DestinationError, read_destination

# What may stand in a front's configuration without quotes: nothing here can end a word or a line of it.
FilePath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/-]{1,255}$")]
ServerName = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}\.)*[a-z0-9-]{0,62}$", max_length=253)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class FrontDoor(Part):
    """What the front shows the world of one door."""

    route: RouteId = Field(description="the route that it leads to")
    listen: Annotated[list[Text], Field(min_length=1, max_length=8)] = Field(
        description="addresses and ports that customers reach, for example `203.0.113.7:443`"
    )
    names: list[ServerName] = Field(
        default_factory=list, description="names that customers call; no other is answered"
    )
    certificate: FilePath | None = Field(
        None, description="the front's certificate and its chain, PEM; none where the door ends TLS itself"
    )
    key: FilePath | None = Field(None, description="its private key, PEM")
    client_ca: FilePath | None = Field(
        None, description="authorities of client certificates, PEM: callers without one are refused"
    )
    crl: FilePath | None = Field(None, description="revocation lists of all these authorities, PEM")
    min_version: Literal["1.2", "1.3"] = Field("1.3", description="oldest version of TLS that is spoken")


class Front(Part):
    """What stands in front of the doors: nginx, HAProxy or Envoy."""

    doors: Annotated[list[FrontDoor], Field(min_length=1)] = Field(
        description="the doors that customers reach by the front"
    )
    requests_per_second: Count = Field(50, description="requests from one address, in the long run")
    request_burst: Count = Field(100, description="requests from one address at once")
    connections_per_second: Count = Field(20, description="new connections from one address")
    streams_per_connection: Annotated[int, Field(ge=1, le=1000)] = Field(
        100, description="requests at once on one HTTP/2 connection"
    )


def check_front(source: Source, config: Any) -> None:
    """The front leads to doors that exist, and shows what each of them needs."""
    if config.front is None:
        return
    routes = {route.id: route for route in config.routes}
    taken: dict[str, str] = {_spelled_once(route.listen): route.id for route in config.routes}
    seen: set[str] = set()
    for index, door in enumerate(config.front.doors):
        path = ("front", "doors", index)
        for at, text in enumerate(door.listen):
            _check_listen(source, (*path, "listen", at), text, taken)
        if door.crl is not None and door.client_ca is None:
            source.report((*path, "crl"), "ZC0006", "a revocation list needs a `client_ca`")
        route = routes.get(door.route)
        if route is None:
            remedy = f"write one of: {', '.join(routes)}"
            source.report((*path, "route"), "ZC0006", f"there is no route `{door.route}`", remedy=remedy)
            continue
        if door.route in seen:
            source.report(
                (*path, "route"),
                "ZC0005",
                f"`{door.route}` stands twice",
                remedy="give one entry several addresses in `listen`",
            )
        seen.add(door.route)
        if route.side == "zone":
            what = "the zone's outward door stands behind no front"
            source.report((*path, "route"), "ZC0006", what, remedy="workloads call it directly")
        _check_tls(source, path, door, ends_itself=route.tls is not None)


def _check_tls(source: Source, path: tuple[str | int, ...], door: FrontDoor, *, ends_itself: bool) -> None:
    given = [name for name in ("names", "certificate", "key", "client_ca", "crl") if getattr(door, name)]
    if ends_itself:
        for name in given:
            source.report(
                (*path, name),
                "ZC0006",
                f"`{name}` has no use: the door ends TLS itself, the front passes it on untouched",
                remedy="leave it out, or leave out the route's `tls`",
            )
        return
    for name in ("names", "certificate", "key"):
        if name not in given:
            remedy = f"write `{name}`, or let the door end TLS itself (the route's `tls`)"
            source.report(path, "ZC0006", f"the front ends TLS here and has no `{name}`", remedy=remedy)


def _check_listen(source: Source, path: tuple[str | int, ...], text: str, taken: dict[str, str]) -> None:
    try:
        to = read_destination(text)
    except DestinationError as error:
        source.report(path, "ZC0001", str(error))
        return
    if to.address is None:
        source.report(
            path,
            "ZC0001",
            "a front listens on an address, not on a name",
            remedy="write an IP address and a port, for example `203.0.113.7:443`",
        )
        return
    spelled = f"{to.host}:{to.port}"
    if spelled in taken:
        what = f"`{text}` is taken: `{taken[spelled]}` listens there"
        source.report(path, "ZC0005", what, remedy="front and door need an address or a port each")
    taken.setdefault(spelled, "another door of the front")


def _spelled_once(address: str) -> str:
    try:
        to = read_destination(address)
    except DestinationError:
        return address
    return f"{to.host}:{to.port}"
