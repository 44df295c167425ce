"""The parts of `zone.yaml` that bound what one caller can cost, and say how closely it is looked at."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.allowances import Allowed, RecordedRefusals
from zoneproxy.config.part import MEBIBYTE, Bytes, Part, Seconds, Text

Domain = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}$")]


class Scan(Part):
    """How closely contents are looked at."""

    level: Annotated[int, Field(ge=1, le=4)] = Field(
        2, description="detector level: higher finds and errs more"
    )
    domestic_hosts: Annotated[list[Domain], Field(max_length=10_000)] = Field(
        default_factory=list, description="domains that count as domestic besides `.cn`, with all below them"
    )
    digest_key: Text = Field(description="file of the key of the findings' digests, 32 bytes, mode 0600")


class Limits(Part):
    """Bounds of what one caller can cost."""

    max_body_bytes: Bytes = Field(8 * MEBIBYTE, description="largest request body")
    max_answer_bytes: Bytes = Field(64 * MEBIBYTE, description="largest answer")
    max_event_bytes: Bytes = Field(
        MEBIBYTE, description="largest server-sent event; of OpenAI's Responses, four times as much"
    )
    max_header_bytes: Bytes = Field(65_536, description="largest request head")
    header_timeout_s: Seconds = Field(10.0, description="from a head's first byte to its last")
    idle_timeout_s: Seconds = Field(120.0, description="silence between requests of one connection")
    hook_deadline_s: Seconds = Field(30.0, description="for one step of the boundary's own work")
    answer_timeout_s: Seconds = Field(600.0, description="silence while a model server answers")
    body_timeout_s: Seconds = Field(60.0, description="from the end of a request's head to that of its body")
    exchange_timeout_s: Seconds = Field(3600.0, description="from a request's head to the end of its answer")
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        8192, description="connections open at once, in all"
    )
    max_connections_per_peer: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        2048, description="connections open at once from one address (of IPv6 from one /64)"
    )
    zone: Allowed = Field(
        default_factory=lambda: Allowed(concurrent=4096),
        description="what all tenants may ask for together, in each process its part",
    )
    tenant: Allowed = Field(
        default_factory=lambda: Allowed(concurrent=2048),
        description="what a tenant may ask for that has no `limits` of its own",
    )
    refusals: RecordedRefusals = Field(
        default_factory=RecordedRefusals,
        description="how many refusals get a record each, in each process its part",
    )
    drain_timeout_s: Seconds = Field(30.0, description="for exchanges under way when the zone stops")
    drain_idle_s: Seconds = Field(2.0, description="for requests on idle connections when the zone stops")
