"""The second leg: where the request goes inside, and where a workload's own call may go."""

from __future__ import annotations

from zoneproxy.passage.commands import Command, Forward, OpenTunnel
from zoneproxy.passage.endings import close
from zoneproxy.passage.events import Dialled, Dialling, Event, Recorded, StopsChanged, UpstreamFailed
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.forwarding import body_of, headers_for
from zoneproxy.passage.halting import halt
from zoneproxy.passage.judge import refused
from zoneproxy.passage.outward import destination_tls
from zoneproxy.passage.state import State
from zoneproxy.policy.chains import model_facts
from zoneproxy.route.destination import Destination, destination_of
from zoneproxy.route.server_identity import ServerIdentity, identity_flaw
from zoneproxy.route.upstream import upstream_facts
from zoneproxy.terms.networks import read_address
from zoneproxy.terms.phase import Phase, Side

Step = tuple[State, list[Command]]


def choose_upstream(exchange: Exchange, model: str | None, keeper: str = "") -> None:
    """Choose the zone's server for a request, and set the facts of model and server.

    Args:
        exchange: whose request.
        model: the model asked for, or `None`.
        keeper: the server that keeps the stored object that the request is about, or empty. A model that is
            asked for goes before it, and a file goes where files are kept.
    """
    facts = exchange.facts
    operator = exchange.rules.operator
    if model is not None and operator is not None:
        facts.update(model_facts(operator, model, str(facts.get("tenant.id", ""))))
    path = str(facts.get("request.path", ""))
    table = exchange.rules.upstreams
    endpoint = exchange.endpoint
    is_file = endpoint is not None and endpoint.body == "form" and not endpoint.is_inference
    if keeper:
        upstream = table.by_id(keeper)
    elif model is None or is_file:
        upstream = table.for_path(path)
    else:
        upstream = table.for_model(model)
    facts.update(upstream_facts(upstream))
    exchange.upstream = upstream
    if upstream is not None:
        exchange.destination = destination_of(upstream.host, upstream.port)


def on_admitted(exchange: Exchange, event: Event) -> Step:
    """The decision is durable: forward the request, unless its caller has gone meanwhile."""
    if not isinstance(event, Recorded) or exchange.destination is None:
        raise TypeError("an admitted request has a destination")
    exchange.receipt = event.receipt
    if isinstance(exchange.doom, StopsChanged):
        return halt(exchange, exchange.doom)
    if exchange.doom is not None:
        return close(exchange, exchange.doom)
    to = exchange.destination
    if exchange.tunnel == "asked":
        return State.INSIDE, [OpenTunnel(to.host, to.port, tuple(map(str, exchange.addresses)))]
    body, tls = body_of(exchange), tls_of(exchange) is not None
    forward = Forward(
        _dialled_host(exchange, to), to.port, headers_for(exchange, to, body, tls=tls), body, tls
    )
    exchange.let_go_of_text()
    return State.INSIDE, [forward]


def _dialled_host(exchange: Exchange, to: Destination) -> str:
    """Name what is dialled: for a workload's call an address that was judged, never a name again."""
    return str(exchange.address) if exchange.kind == "outward" else to.host


def tls_of(exchange: Exchange) -> ServerIdentity | None:
    """Return who the server or destination must prove to be in TLS; `None` where it speaks none."""
    if exchange.kind == "outward":
        return destination_tls(exchange)
    return exchange.upstream.tls if exchange.upstream is not None else None


def on_dialling(exchange: Exchange, event: Event) -> Step:
    """The connection must go where the decision says."""
    to = exchange.destination
    if not isinstance(event, Dialling) or to is None or exchange.tunnel == "asked":
        return close(exchange, decision=refused(Phase.RETURN, "lane-changed"))
    if exchange.kind == "outward":
        # The others of the name are tried in turn: those stand in the decision, and no other is dialled.
        dialled = read_address(event.host)
        exchange.address = dialled if dialled in exchange.addresses else exchange.address
    if (event.host, event.port) == (_dialled_host(exchange, to), to.port):
        return State.INSIDE, []
    return close(exchange, decision=refused(Phase.RETURN, "lane-changed"))


def on_dialled(exchange: Exchange, event: Event) -> Step:
    """The peer has proven itself, and is not on the domestic side, whatever its name resolved to."""
    to = exchange.destination
    if isinstance(event, Dialled) and to is not None:
        peer = read_address(event.peer_ip)
        network = exchange.rules.networks.find(peer)
        is_domestic = network is not None and network.side is Side.DOMESTIC
        pinned = exchange.address if exchange.kind == "outward" else to.address
        if peer is not None and not is_domestic and pinned in (None, peer):
            flaw = identity_flaw(tls_of(exchange), event.certificate, exchange.now_ms)
            if not flaw:
                exchange.reached = peer
                return State.INSIDE, []
            return close(exchange, UpstreamFailed("upstream-untrusted", flaw))
    return close(exchange, decision=refused(Phase.RETURN, "lane-changed"))
