"""The parts of `zone.yaml` that say who connects from where, and to what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.config.allowances import Allowed
from zoneproxy.config.part import Country, Part, RouteId, SideName, Text
from zoneproxy.config.tls import DoorTls, ServerTls


class Route(Part):
    """A door: one listener, the end of one cable or line."""

    id: RouteId = Field(description="the route's name, as policies write it")
    side: SideName = Field(description="the side that connects here; `zone` is the outward door")
    listen: Text = Field(description="address and port, for example `127.0.10.1:8443`")
    country: Country = Field(description="country at the other end, ISO 3166-1 alpha-2")
    fronts: list[Text] = Field(
        default_factory=list,
        description="prefixes of the load balancers in front: only they may connect then",
    )
    proxy_protocol: Literal["v2"] | None = Field(
        None, description="how fronts tell who calls; connections without it are closed"
    )
    tls: DoorTls | None = Field(None, description="TLS that the door ends itself; plain HTTP without")


class RegisteredNetwork(Part):
    """A network whose place is known."""

    prefix: Text = Field(description="CIDR prefix, IPv4 or IPv6")
    side: SideName = Field(description="the side that its addresses are on")
    country: Country = Field(description="its country")


class RegisteredTenant(Part):
    """A customer."""

    id: RouteId = Field(description="the tenant's name, as records write it")
    market: Country = Field(description="the market that it is registered for")
    audience: Literal["overseas", "domestic", "mixed", "unknown"] = Field(description="whom it serves")
    credentials: list[Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]] = Field(
        description="SHA-256 of each valid credential; several while one is rotated"
    )
    networks: list[Text] = Field(
        default_factory=list, description="prefixes that it calls from; empty: any that other evidence allows"
    )
    certificates: list[Text] = Field(
        default_factory=list,
        description="identities of its client certificates (`spiffe://...`, `sha256:<key>`, `dn:<name>`); "
        "where there are any, it calls with one of them",
    )
    callbacks: list[Annotated[str, Field(pattern=r"^https?://[!-~]{1,500}$")]] = Field(
        default_factory=list, description="addresses that the zone may call for it, as prefixes"
    )
    limits: Allowed | None = Field(
        None, description="what it may ask for, instead of the `limits.tenant` of all"
    )


class ModelServer(Part):
    """A model server inside the zone."""

    id: RouteId = Field(description="the server's name")
    address: Text = Field(description="host and port, for example `127.0.30.10:8000`")
    models: list[Text] = Field(default_factory=list, description="ids of the models that it serves")
    paths: list[Annotated[str, Field(pattern=r"^/[!-~]*$")]] = Field(
        default_factory=list, description="prefixes of its endpoints that name no model"
    )
    separation: Literal["physical", "logical", "shared", "unknown"] = Field(
        description="how it is kept apart from domestic operation"
    )
    tls: ServerTls | None = Field(None, description="how it proves itself; plain HTTP without")


class Outward(Part):
    """A destination that zone workloads may call, or must never reach."""

    host: Text = Field(description="host, or host and port")
    side: SideName = Field(description="the side that it is on; a domestic one is always refused")
    tls: ServerTls | None = Field(
        None, description="how it proves itself, needed for tunnels and `https` callbacks; plain HTTP without"
    )
