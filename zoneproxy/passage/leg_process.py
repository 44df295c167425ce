"""The second leg: where the request goes inside, and where a workload's own call may go."""

from __future__ import annotations

from zoneproxy.content.request import upstream_body
from zoneproxy.passage.commands import Command, Forward
from zoneproxy.passage.endings import close
from zoneproxy.passage.events import Dialled, Dialling, Event, Headers, Recorded
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.judge import refused
from zoneproxy.passage.state import State
from zoneproxy.policy.bundle import model_facts
from zoneproxy.route.destination import Destination, DestinationError, destination_of
from zoneproxy.route.lane import lane_facts
from zoneproxy.route.upstream import upstream_facts
from zoneproxy.terms.networks import read_address
from zoneproxy.terms.phase import Phase, Side

Step = tuple[State, list[Command]]

# What a model server gets to see of the caller's headers. Credentials, addresses, cookies and
# hop-by-hop fields stay outside.
_INWARD = ("accept", "content-type", "user-agent", "anthropic-version", "anthropic-beta")
_HTTP_PORT = 80
# What a registered destination doesn't get to see of a workload's headers.
_OUTWARD_DROPPED = frozenset(
    ("connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "trailer",
     "transfer-encoding", "upgrade", "content-length", "host", "accept-encoding", "expect",
     "forwarded", "x-forwarded-for", "x-real-ip", "via")
)  # fmt: skip


def choose_upstream(exchange: Exchange, model: str | None) -> None:
    """Choose the zone's server for a request, and set the facts of model and server."""
    facts = exchange.facts
    operator = next((p for p in exchange.rules.policies if p.layer == "operator"), None)
    if model is not None and operator is not None:
        facts.update(model_facts(operator, model, str(facts.get("tenant.id", ""))))
    path = str(facts.get("request.path", ""))
    table = exchange.rules.upstreams
    upstream = table.for_path(path) if model is None else table.for_model(model)
    facts.update(upstream_facts(upstream))
    if upstream is not None:
        exchange.destination = destination_of(upstream.host, upstream.port)


def choose_destination(exchange: Exchange, host: str, port: int) -> None:
    """Find which side a workload's call goes to, and whether the operator registered it."""
    rules = exchange.rules
    try:
        exchange.destination = destination_of(host, port)
    except DestinationError:
        exchange.destination = None
    exchange.facts.update(
        lane_facts(exchange.destination, destinations=rules.destinations, networks=rules.networks)
    )


def on_admitted(exchange: Exchange, event: Event) -> Step:
    """The decision is durable: forward the request, unless its caller has gone meanwhile."""
    if not isinstance(event, Recorded) or exchange.destination is None:
        raise TypeError("an admitted request has a destination")
    exchange.receipt = event.receipt
    if exchange.doom is not None:
        return close(exchange, exchange.doom)
    to = exchange.destination
    return State.INSIDE, [Forward(to.host, to.port, _headers(exchange, _authority(to)), _body(exchange))]


def _body(exchange: Exchange) -> bytes:
    if exchange.kind == "outward":
        return exchange.outward_body
    return upstream_body(exchange.reading) if exchange.reading else b""


def _authority(to: Destination) -> str:
    host = f"[{to.host}]" if ":" in to.host else to.host
    return host if to.port == _HTTP_PORT else f"{host}:{to.port}"


def _headers(exchange: Exchange, authority: str) -> Headers:
    if exchange.kind == "outward":
        kept = tuple(
            (name, value)
            for name, value in exchange.headers
            if name not in _OUTWARD_DROPPED and not name.startswith("zone-")
        )
    else:
        kept = tuple((name, value) for name, value in exchange.headers if name in _INWARD)
        kept += (("zone-flow", exchange.flow),)
    body = _body(exchange)
    length = (("content-length", str(len(body))),) if body else ()
    return (("host", authority), *kept, ("accept-encoding", "identity"), *length)


def on_dialling(exchange: Exchange, event: Event) -> Step:
    """The connection must go where the decision says."""
    to = exchange.destination
    if isinstance(event, Dialling) and to is not None and (event.host, event.port) == (to.host, to.port):
        return State.INSIDE, []
    return close(exchange, decision=refused(Phase.RETURN, "lane-changed"))


def on_dialled(exchange: Exchange, event: Event) -> Step:
    """The peer that answered must not be on the domestic side, whatever its name resolved to."""
    to = exchange.destination
    if isinstance(event, Dialled) and to is not None:
        peer = read_address(event.peer_ip)
        network = exchange.rules.networks.find(peer)
        is_domestic = network is not None and network.side is Side.DOMESTIC
        if peer is not None and not is_domestic and to.address in (None, peer):
            return State.INSIDE, []
    return close(exchange, decision=refused(Phase.RETURN, "lane-changed"))
