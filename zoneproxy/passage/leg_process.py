"""The second leg: where the request goes inside, and where a workload's own call may go."""

from __future__ import annotations

import ipaddress

from zoneproxy.content.request import upstream_body
from zoneproxy.passage.commands import Command, Forward
from zoneproxy.passage.endings import close
from zoneproxy.passage.events import Dialled, Dialling, Event, Headers, Recorded
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.judge import refused
from zoneproxy.passage.state import State
from zoneproxy.policy.bundle import model_facts
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]

# What a model server gets to see of the caller's headers. Credentials, addresses, cookies and
# hop-by-hop fields stay outside.
_INWARD = ("accept", "content-type", "user-agent", "anthropic-version", "anthropic-beta")
# What a registered destination gets to see of a workload's headers.
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
        facts.update(model_facts(operator, model))
    path = str(facts.get("request.path", ""))
    upstream = exchange.rules.upstreams.choose(model, path)
    if upstream is None:
        facts.set("upstream.separation", "unknown")
        return
    facts.set("upstream.separation", upstream.separation)
    exchange.destination = upstream.destination


def choose_destination(exchange: Exchange, host: str, port: int) -> None:
    """Find which side a workload's call goes to, and whether the operator registered it."""
    found = exchange.rules.destinations.find(host, port, exchange.rules.networks)
    exchange.facts.update(
        {
            "destination.side": found.side,
            "destination.registered": found.registered,
            "destination.host": host,
        }
    )
    exchange.destination = found.destination


def on_admitted(exchange: Exchange, event: Event) -> Step:
    """The decision is durable: forward the request, unless its caller has gone meanwhile."""
    if not isinstance(event, Recorded) or exchange.destination is None:
        raise TypeError("an admitted request has a destination")
    exchange.receipt = event.receipt
    if exchange.doom is not None:
        return close(exchange, exchange.doom)
    to = exchange.destination
    return State.INSIDE, [
        Forward(to.host, to.port, _headers(exchange, to.authority), _body(exchange))
    ]


def _body(exchange: Exchange) -> bytes:
    if exchange.kind == "outward":
        return exchange.outward_body
    return upstream_body(exchange.reading) if exchange.reading else b""


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
        side = exchange.rules.networks.side_of(event.peer_ip)
        if side != "domestic" and (not _is_address(to.host) or to.host == event.peer_ip):
            return State.INSIDE, []
    return close(exchange, decision=refused(Phase.RETURN, "lane-changed"))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
