"""The parts of `zone.yaml` that say who connects from where, and to what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.config.part import Country, Part, RouteId, SideName, Text


class Route(Part):
    """A door: one listener, the end of one cable or line."""

    id: RouteId = Field(description="the route's name, as policies write it")
    side: SideName = Field(description="the side that connects here; `zone` is the outward door")
    listen: Text = Field(description="address and port, for example `127.0.10.1:8443`")
    country: Country = Field(description="country at the other end, ISO 3166-1 alpha-2")


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


class Outward(Part):
    """A destination that zone workloads may call, or must never reach."""

    host: Text = Field(description="host, or host and port")
    side: SideName = Field(description="the side that it is on; a domestic one is always refused")
