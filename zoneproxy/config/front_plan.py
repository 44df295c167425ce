"""What a front must do, in numbers and names, before it is spelled for one product.

Times are set so that the boundary always gives up first: its refusals are recorded and understood by
clients, the front's are neither. Only a silent connection between requests is ended by the front first, so
that no request is ever sent into a connection that the boundary is just closing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zoneproxy.config.doors import Route
from zoneproxy.config.front import FrontDoor
from zoneproxy.config.realtime import Realtime
from zoneproxy.config.zone import Config
from zoneproxy.content.served import SOCKETS
from zoneproxy.route.destination import read_destination
from zoneproxy.terms.errors import ConfigError

_MARGIN_S = 5
_CONNECT_S = 5
_KEPT = 0.75

# What other proxies write and customers could forge. Headers of the boundary's own (`zone-...`) are not among
# them: the boundary strips those itself, and records who sent them.
STRIPPED = (
    "cf-connecting-ip", "client-ip", "forwarded", "proxy", "proxy-authorization", "proxy-connection",
    "true-client-ip", "via", "x-client-cert", "x-client-ip", "x-cluster-client-ip", "x-forwarded-client-cert",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-server",
    "x-original-url", "x-real-ip", "x-rewrite-url", "x-ssl-client-cert",
)  # fmt: skip
# What an answer need not say of what made it.
UNTOLD = ("server", "via", "x-powered-by")
ERRORS = {
    400: "the request is malformed",
    403: "no such upgrade is served here",
    408: "the request came too slowly",
    413: "the request is too large",
    421: "this name is not served here",
    429: "too many requests: slow down",
    431: "the head is too large",
    500: "the front failed",
    502: "the zone is out of reach",
    503: "the zone is closed or full",
    504: "the zone did not answer in time",
}


@dataclass(frozen=True, slots=True)
class PlannedSessions:
    """What a front must do for sessions over WebSocket.

    Attributes:
        paths: the targets, without their queries, at which one begins; there is no other upgrade.
        silent_s: silence in both directions, longer than the boundary's own bound.
        whole_s: from the handshake to the end, longer than the boundary's own bound.
    """

    paths: tuple[str, ...]
    silent_s: int
    whole_s: int


@dataclass(frozen=True, slots=True)
class PlannedDoor:
    """One door with what is in front of it.

    Attributes:
        route: its route's id.
        listen: where customers call: host and port, IPv6 without brackets.
        host, port: where the door is.
        proxied: the door hears PROXY protocol v2.
        passes: the door ends TLS itself: the front passes bytes on untouched.
        entry: names and files.
        sessions: what opens sessions here; `None` where nothing does, and no upgrade passes.
    """

    route: str
    listen: tuple[tuple[str, int], ...]
    host: str
    port: int
    proxied: bool
    passes: bool
    entry: FrontDoor
    sessions: PlannedSessions | None = None


@dataclass(frozen=True, slots=True)
class FrontPlan:
    """What a front must do.

    Attributes:
        zone: the zone's name.
        doors: in the order of the configuration.
        head_bytes, body_bytes: the largest request's.
        head_s, body_s: for a request's head, and for silence within its body.
        idle_s: silence between requests, shorter than the boundary's.
        answer_s: silence of the boundary, longer than its own deadlines together.
        exchange_s: for a whole exchange.
        connect_s: to reach a door.
        connections, connections_per_peer: open at once.
        requests_per_second, request_burst, connections_per_second: of one address.
        streams: requests at once on one HTTP/2 connection.
        notes: what the operator should know of what this front can't do.
    """

    zone: str
    doors: tuple[PlannedDoor, ...]
    head_bytes: int
    body_bytes: int
    head_s: int
    body_s: int
    idle_s: int
    answer_s: int
    exchange_s: int
    connections: int
    connections_per_peer: int
    requests_per_second: int
    request_burst: int
    connections_per_second: int
    streams: int
    notes: tuple[str, ...] = ()
    connect_s: int = _CONNECT_S

    @property
    def longest_s(self) -> int:
        """How long the longest exchange or session may last."""
        return max(self.exchange_s, *(door.sessions.whole_s for door in self.doors if door.sessions), 0)

    def silent_s(self, door: PlannedDoor) -> int:
        """Return how long a line may be silent of which the front sees bytes only."""
        return max(self.answer_s, door.sessions.silent_s if door.sessions else 0)


def plan(config: Config) -> FrontPlan:
    """Work out what a front must do.

    Raises:
        ConfigError: the configuration has no `front`.
    """
    front, limits = config.front, config.limits
    if front is None:
        raise ConfigError(
            "the configuration has no `front`",
            hint="name the public addresses, names and certificates there: see docs/deployment.md",
        )
    routes = {route.id: route for route in config.routes}
    sessions = None if config.realtime is None else _sessions(config.realtime, limits.hook_deadline_s)
    doors = tuple(_planned(entry, routes[entry.route], sessions) for entry in front.doors)
    return FrontPlan(
        zone=config.zone,
        doors=doors,
        head_bytes=limits.max_header_bytes,
        body_bytes=limits.max_body_bytes,
        head_s=math.ceil(limits.header_timeout_s),
        body_s=math.ceil(limits.body_timeout_s),
        idle_s=max(1, math.floor(limits.idle_timeout_s * _KEPT)),
        # The boundary's step before, the model server, the step after.
        answer_s=math.ceil(limits.answer_timeout_s + 2 * limits.hook_deadline_s) + _MARGIN_S,
        exchange_s=math.ceil(limits.exchange_timeout_s) + _MARGIN_S,
        connections=limits.max_connections,
        connections_per_peer=min(limits.max_connections_per_peer, limits.max_connections),
        requests_per_second=front.requests_per_second,
        request_burst=front.request_burst,
        connections_per_second=front.connections_per_second,
        streams=front.streams_per_connection,
        notes=_notes(config, doors),
    )


def _sessions(realtime: Realtime, hook_s: float) -> PlannedSessions:
    """Give the boundary's own bounds the time of its last step, and some more."""
    silent, whole = realtime.idle_timeout_s, realtime.session_timeout_s
    return PlannedSessions(
        tuple(sorted(SOCKETS)),
        math.ceil(min(silent, whole) + 2 * hook_s) + _MARGIN_S,
        math.ceil(whole + 2 * hook_s) + _MARGIN_S,
    )


def _planned(entry: FrontDoor, route: Route, sessions: PlannedSessions | None) -> PlannedDoor:
    to = read_destination(route.listen)
    places = (read_destination(text) for text in entry.listen)
    return PlannedDoor(
        entry.route,
        tuple((place.host, place.port) for place in places),
        to.host,
        to.port,
        bool(route.fronts),
        route.tls is not None,
        entry,
        sessions if route.side == "overseas" else None,
    )


def _notes(config: Config, doors: tuple[PlannedDoor, ...]) -> tuple[str, ...]:
    """Say whom a front that ends TLS could not prove to the boundary."""
    if all(door.passes for door in doors):
        return ()
    certified = [tenant.id for tenant in config.tenants if tenant.certificates]
    if not certified:
        return ()
    note = (
        f"{', '.join(certified)}: certificates are registered, and a front that ends TLS passes on a common "
        "name at most (HAProxy), or nothing (nginx, Envoy); for other identities let the door end TLS itself "
        "(`tls` of its route)"
    )
    return (note,)


def insist_on_fronts(plan: FrontPlan, product: str) -> None:
    """Every door must hear PROXY protocol v2.

    Raises:
        ConfigError: one does not.
    """
    for door in plan.doors:
        if not door.proxied:
            raise ConfigError(
                f"the door of `{door.route}` hears no front, so {product} would hide who calls",
                hint="write `fronts: [<the front's own address>/32]` and `proxy_protocol: v2` in its route",
            )


def shown(host: str, port: int) -> str:
    """Write an address, with brackets around an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def refusal(code: int) -> str:
    """Return the body of an answer that the front gives itself, in the form that SDKs read."""
    kind = "invalid_request_error" if code < 500 else "api_error"  # noqa: PLR2004 - a class of status codes
    return f'{{"error":{{"message":"{ERRORS[code]}","type":"{kind}","code":"front-{code}","param":null}}}}'


def heading(plan: FrontPlan, product: str, check: str) -> str:
    """Return the first lines of a generated file."""
    doors = ", ".join(door.route for door in plan.doors)
    lines = [
        f"The front of the zone `{plan.zone}`: {product}, for {doors}.",
        f"Made by `zoneproxy front` from zone.yaml. Do not edit: change zone.yaml, make it anew, {check}.",
        "What a front refuses is in no record: it refuses only what costs (rates, sizes, time), whoever has",
        "no certificate, and upgrades that open no session. Everything else reaches the boundary, which",
        "refuses and records it.",
        *(f"NOTE {note}" for note in plan.notes),
    ]
    return "".join(f"# {line}\n" for line in lines)
