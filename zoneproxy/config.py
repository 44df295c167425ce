"""Floor 5: the operator's `zone.yaml`.

Strict: unknown fields, wrong types and contradictions are mistakes, all of them are told at once with
file, line and column, and none of them starts anything. Paths are relative to the file's own folder.
Secrets never stand here: keys are files, credentials are SHA-256 digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.policy.read import Source, read
from zoneproxy.policy.render import render_all
from zoneproxy.policy.validate import validate
from zoneproxy.route.destination import DestinationError, read_destination, read_host
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.route.upstream import Upstream, UpstreamTable
from zoneproxy.terms.errors import ConfigError, PolicyError
from zoneproxy.terms.networks import Network, NetworkTable, read_prefix
from zoneproxy.terms.phase import Side

MEBIBYTE = 1024 * 1024
RouteId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, Field(min_length=1, max_length=512)]
SideName = Literal["overseas", "zone", "domestic"]
Seconds = Annotated[
    float, BeforeValidator(lambda v: float(v) if type(v) is int else v), Field(gt=0, le=86_400)
]
Bytes = Annotated[int, Field(ge=1024, le=1024 * MEBIBYTE)]


class Part(BaseModel):
    """A part of the configuration: closed and strict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Log(Part):
    """The trace log."""

    directory: Text = Field(description="the log's directory, made by `zoneproxy init`")
    origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,255}$")] = Field(
        description="the log's name, a URL without scheme; it is the key's name too"
    )
    key: Text = Field(description="private key that signs checkpoints, mode 0600")
    publish_interval: Seconds = Field(1.0, description="seconds between checkpoints while the log grows")


class Policies(Part):
    """The two layers; a flow passes only if both allow."""

    regulator: Text = Field(description="file of the regulator's layer")
    operator: Text = Field(description="file of the operator's layer")


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


class Scan(Part):
    """How closely contents are looked at."""

    level: Annotated[int, Field(ge=1, le=4)] = Field(
        2, description="detector level: higher finds and errs more"
    )
    digest_key: Text = Field(description="file of the key of the findings' digests, 32 bytes, mode 0600")


class Limits(Part):
    """Bounds of what one caller can cost."""

    max_body_bytes: Bytes = Field(8 * MEBIBYTE, description="largest request body")
    max_answer_bytes: Bytes = Field(64 * MEBIBYTE, description="largest answer")
    max_event_bytes: Bytes = Field(MEBIBYTE // 4, description="largest server-sent event")
    max_header_bytes: Bytes = Field(65_536, description="largest request head")
    header_timeout_s: Seconds = Field(10.0, description="from a head's first byte to its last")
    idle_timeout_s: Seconds = Field(120.0, description="silence between requests of one connection")
    hook_deadline_s: Seconds = Field(30.0, description="for one step of the boundary's own work")
    answer_timeout_s: Seconds = Field(600.0, description="silence while a model server answers")
    drain_timeout_s: Seconds = Field(30.0, description="for exchanges under way when the zone stops")


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
        return DestinationTable(_registered(entry) for entry in self.outward)


def _upstream(entry: ModelServer) -> Upstream:
    to = read_destination(entry.address)
    return Upstream(entry.id, to.host, to.port, tuple(entry.models), tuple(entry.paths), entry.separation)


def _registered(entry: Outward) -> RegisteredDestination:
    text, side = entry.host, Side(entry.side)
    has_port = not text.endswith("]") and (text.startswith("[") or text.count(":") == 1)
    if not has_port:
        return RegisteredDestination(read_host(text)[0], None, side)
    to = read_destination(text)
    return RegisteredDestination(to.host, to.port, side)


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a configuration's bytes, 64 hex digits, as records name it."""
    return hashlib.sha256(data).hexdigest()


def parse(data: bytes, file: str) -> Config:
    """Read a configuration.

    Args:
        data: the file's bytes.
        file: its name, for messages.

    Raises:
        ConfigError: with every mistake, at its place, with its remedy.
    """
    try:
        source = read(data, file)
        config, broken = validate(source, Config)
        if not broken and not source.problems:
            _check_parts(source, config)
        if not source.problems:
            _check_tables(source, config)
        if not source.problems:
            _check_sides(source, config)
        source.fail_if_faulty()
    except PolicyError as error:
        raise ConfigError(
            f"the configuration can't be used\n\n{render_all(error.problems, {file: data})}\n",
            hint="mend these places; nothing was started",
        ) from None
    return config


def _check_parts(source: Source, config: Config) -> None:
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
            _registered(outward)
        except DestinationError as error:
            source.report(("outward", index, "host"), "ZC0001", f"`{outward.host}`: {error}")


def _check_tables(source: Source, config: Config) -> None:
    for name, build in (
        ("networks", config.network_table),
        ("tenants", config.tenant_registry),
        ("servers", config.upstream_table),
        ("outward", config.destination_table),
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


def _check_sides(source: Source, config: Config) -> None:
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
