"""A zone workload's own call, from its head to its decision: in the clear, for a tunnel, or inside one.

Nothing of it is believed but that it carries the tag of an exchange under way, whose origin, tenant and model
are judged again. Where it goes is decided by the operator's list first. Only then, and only for a name, is
the resolver asked: who may not call a host can't make the zone ask for its name either. What the resolver
says can but close the lane. The addresses that it names are dialled in their order until one answers, and
nothing else is: the first few of them, those of which the rules say exactly what they say of the first. All
that may be dialled stand in the decision's record, the one that answered in the record of the end.

A tunnel is judged as a call with an empty body, before it is answered; each call inside of it is judged by
itself, and goes to the addresses that the tunnel was pinned to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from zoneproxy.content.scan import scan_body, verdict
from zoneproxy.origin.evidence import gather
from zoneproxy.origin.forged import CARRIED
from zoneproxy.origin.places import Places
from zoneproxy.origin.tag import OriginClass, conclude, origin_facts
from zoneproxy.passage.commands import Command, Resolve
from zoneproxy.passage.endings import deny
from zoneproxy.passage.events import BodyArrived, Event, HeadArrived, Resolved
from zoneproxy.passage.exchange import Exchange, merged
from zoneproxy.passage.halting import stop_of
from zoneproxy.passage.head_text import scan_head
from zoneproxy.passage.judge import judge
from zoneproxy.passage.masking import mask_request, prepare_request
from zoneproxy.passage.record import write_decision
from zoneproxy.passage.state import State
from zoneproxy.policy.chains import action_facts
from zoneproxy.route.callback import read_callback, whose
from zoneproxy.route.destination import DestinationError, destination_of
from zoneproxy.route.lane import Placed, lane_facts
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.networks import Address, read_address
from zoneproxy.terms.phase import Phase, Side

Step = tuple[State, list[Command]]

MOST_ADDRESSES = 32
"""More addresses than this are no answer to rely on: each of them would have to be looked at."""
MOST_TRIES = 4
"""So many addresses of a name are dialled, each of them within a time of its own."""
_INHERITED = frozenset(("origin", "client", "ingress", "tenant", "model", "upstream"))


def on_outward_head(exchange: Exchange, event: HeadArrived) -> Step:
    """Take over what is known of the exchange that a call works for, and where it wants to go."""
    facts = exchange.facts
    evidence = gather(
        door=exchange.door,
        peer=exchange.peer[0],
        headers=event.headers,
        networks=exchange.rules.networks,
        tenants=exchange.rules.tenants,
        expected_headers=CARRIED,
        arrival=exchange.arrival,
        now_ms=event.now_ms,
    )
    tag = conclude(evidence.votes)
    own = origin_facts(tag, evidence)
    facts.update(
        {
            "request.tag_forged": own["request.tag_forged"],
            "request.tag": event.tag,
            # The customer's address is inherited: this one is the workload's own.
            "workload.ip": own["client.ip"],
            "workload.network": own["client.network"],
        }
    )
    if tag.cls is not OriginClass.ZONE:
        facts.update(own)
    elif event.parent is not None and event.tag == "carried":
        # What a workload sends out is the data of the exchange that it serves: that exchange's
        # origin, tenant and model are judged again.
        exchange.parent_id = event.parent_id
        facts.update({n: v for n, v in event.parent.items() if n.partition(".")[0] in _INHERITED})
    exchange.tunnel, exchange.pinned = event.tunnel, event.pinned
    choose_destination(exchange, event.target_host, event.target_port)
    facts.set("purpose", "tool_call")
    if event.state != "ok":
        # A tunnel that is not open or a broken head is decided now: no body will say more.
        facts.set("request.state", event.state)
        facts.set("control.stop", stop_of(exchange))
        facts.update(_lane(exchange, (), "not_asked"))
        return deny(exchange, judge(exchange.rules.policies, Phase.PROCESS, facts))
    return State.READING, []


def choose_destination(exchange: Exchange, host: str, port: int) -> None:
    """Read where a workload's call wants to go; what can't be read in one way is nowhere."""
    try:
        exchange.destination = destination_of(host, port)
    except DestinationError:
        exchange.destination = None


def on_outward_body(exchange: Exchange, event: BodyArrived) -> Step:
    """Look into what a call bears; a name that may be called is resolved before it is decided."""
    _look_into(exchange, event)
    prepare_request(exchange)
    to = exchange.destination
    if to is None or to.address is not None:
        return _decide(exchange, () if to is None or to.address is None else (to.address,), "literal")
    if exchange.pinned:
        pinned = [address for address in map(read_address, exchange.pinned) if address is not None]
        return _decide(exchange, pinned if len(pinned) == len(exchange.pinned) else (), "pinned")
    ahead = _lane(exchange, (), "not_asked") | {"control.stop": stop_of(exchange)}
    decision = judge(exchange.rules.policies, Phase.PROCESS, merged(exchange.facts, ahead))
    if not decision.allowed:
        exchange.facts.update(ahead)
        return deny(exchange, decision)
    return State.ASKING, [Resolve(to.host)]


def on_resolved(exchange: Exchange, event: Event) -> Step:
    """Decide by all addresses of the name; one that can't be read makes the answer none."""
    if not isinstance(event, Resolved):
        raise TypeError("a resolver's answer is due")
    addresses = [read_address(text) for text in event.addresses[: MOST_ADDRESSES + 1]]
    known = [address for address in addresses if address is not None]
    if not known or len(known) != len(addresses) or len(known) > MOST_ADDRESSES:
        exchange.private["detail"] = (event.detail or "no answer that can be relied on")[:512]
        return _decide(exchange, (), "failed")
    return _decide(exchange, known, "resolved")


def _decide(exchange: Exchange, addresses: Sequence[Address], how: str) -> Step:
    facts = exchange.facts
    facts.update(_lane(exchange, addresses, how))
    facts.set("control.stop", stop_of(exchange))
    decision = judge(exchange.rules.policies, Phase.PROCESS, facts)
    exchange.decisions[Phase.PROCESS] = decision
    if not decision.allowed:
        return deny(exchange, decision)
    if exchange.destination is None or not addresses:
        return deny(exchange, Decision(Phase.PROCESS, "deny", "fault", "internal-error"))
    exchange.addresses = _judged_alike(exchange, addresses, decision)
    exchange.address = exchange.addresses[0]
    mask_request(exchange, decision)
    return State.ADMITTING, [write_decision(exchange, decision)]


def _judged_alike(
    exchange: Exchange, addresses: Sequence[Address], decision: Decision
) -> tuple[Address, ...]:
    """Return the addresses that may be dialled: the first, and of those after it what is judged as it is."""
    first, *others = dict.fromkeys(addresses)
    return first, *(
        address
        for address in others[: MOST_TRIES - 1]
        if decision
        == judge(
            exchange.rules.policies,
            Phase.PROCESS,
            merged(exchange.facts, {"destination.address": str(address)}),
        )
    )


def _lane(exchange: Exchange, addresses: Sequence[Address], how: str) -> dict[str, FactValue | None]:
    """Write where a call goes as facts, by the operator's list, the tenants' callbacks and the addresses."""
    rules = exchange.rules
    callback = _callback_of(exchange)
    return {
        **lane_facts(
            exchange.destination,
            addresses,
            destinations=rules.destinations,
            networks=rules.networks,
            placed=placed_by(rules.places),
            # A tenant's own registration speaks for its host; an address may still speak against it.
            vouched=Side.OVERSEAS if callback == "own" else None,
        ),
        "destination.callback": callback,
        "destination.address": str(addresses[0]) if addresses else None,
        "destination.resolution": how,
        "destination.tls": destination_tls(exchange) is not None,
        "destination.tunnel": exchange.tunnel,
    }


def destination_tls(exchange: Exchange) -> ServerIdentity | None:
    """Return who the destination of a workload's call must prove to be; `None` where it speaks no TLS."""
    if exchange.destination is None:
        return None
    entry = exchange.rules.destinations.entry(exchange.destination)
    return entry.tls if entry is not None else None


def _callback_of(exchange: Exchange) -> str:
    """Tell whose callback a workload's call is; see `zoneproxy.route.callback`."""
    if exchange.destination is None:
        return "none"
    tenants = exchange.rules.tenants
    tenant = tenants.find(str(exchange.facts.get("tenant.id", "")))
    return whose(
        exchange.destination,
        None if exchange.tunnel == "asked" else str(exchange.facts.get("request.path", "")),
        tls=destination_tls(exchange) is not None,
        own=[read_callback(url) for url in tenant.callbacks] if tenant is not None else (),
        all_of_them=[read_callback(url) for one in tenants for url in one.callbacks],
    )


def placed_by(places: Places | None) -> Placed | None:
    """Make what asks the data files on addresses: any of them that calls an address domestic is believed."""
    if places is None:
        return None

    def say(address: Address) -> Literal["", "domestic", "unreadable"]:
        place = places.find(address)
        if any(country in places.home for country in place.countries.values()):
            return "domestic"
        return "unreadable" if place.broken else ""

    return say


def _look_into(exchange: Exchange, event: BodyArrived) -> None:
    exchange.outward_body = event.body
    scanned = scan_body(
        event.body,
        exchange.header("content-type"),
        exchange.header("content-encoding"),
        exchange.rules.scan,
    )
    exchange.findings = scanned.findings + scan_head(exchange)
    seen = verdict(exchange.findings, scanned_all=scanned.whole)
    operator, tenant = exchange.rules.operator, exchange.facts.get("tenant.id")
    if operator is not None and isinstance(tenant, str):
        exchange.facts.update(action_facts(operator, tenant, "tool_call"))
    exchange.facts.update(
        {
            "request.state": event.state,
            "data.mixing": seen.mixing,
            "data.mixing_score": seen.score,
            "data.categories": seen.categories,
        }
    )
