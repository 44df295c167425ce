"""Maintenance from inland: one declared lane, opened by name in every layer of the rules, and one-way.

Only a request of a declared lane whose caller proves himself becomes maintenance at all; every other one at a
domestic door is a domestic caller's, and refused as ever. It is looked into as everything that enters, and
goes to the one server of its lane. Of that server's answer nothing leaves but that it was one of success:
whatever it says is dropped unread, so nothing that the zone holds can come inland by this way.
"""

from __future__ import annotations

from zoneproxy.content.scan import scan_body, verdict
from zoneproxy.origin.evidence import gather
from zoneproxy.origin.tag import conclude, origin_facts
from zoneproxy.passage.commands import Command
from zoneproxy.passage.endings import deny
from zoneproxy.passage.events import BodyArrived, HeadArrived
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.halting import stop_of
from zoneproxy.passage.head_text import scan_head
from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import write_decision
from zoneproxy.passage.state import State
from zoneproxy.route.destination import destination_of
from zoneproxy.route.maintenance import MaintenanceLane
from zoneproxy.route.upstream import upstream_facts
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.networks import read_address
from zoneproxy.terms.phase import Phase, Side

Step = tuple[State, list[Command]]

LEAST, MOST = 200, 299
"""The statuses of a server that took what was sent."""


def lane_of(exchange: Exchange, event: HeadArrived) -> MaintenanceLane | None:
    """Return the lane that a request at a domestic door comes by, or `None`: then it is no maintenance."""
    if exchange.pin.side is not Side.DOMESTIC or event.state != "ok" or event.query:
        return None
    lane = exchange.rules.lanes.find(exchange.pin.route, event.method, event.path)
    if lane is None or not lane.proves(read_address(exchange.peer[0]), event.headers):
        return None
    return lane


def on_maintenance_head(exchange: Exchange, event: HeadArrived, lane: MaintenanceLane) -> Step:
    """Note the lane and where its request comes from; it is decided when its body is read."""
    evidence = gather(
        door=exchange.door,
        peer=exchange.peer[0],
        headers=event.headers,
        networks=exchange.rules.networks,
        tenants=exchange.rules.tenants,
        arrival=exchange.arrival,
        places=exchange.rules.places,
        now_ms=event.now_ms,
    )
    exchange.facts.update(origin_facts(conclude(evidence.votes), evidence))
    exchange.facts.set("lane.name", lane.name)
    exchange.upstream = exchange.rules.upstreams.by_id(lane.server)
    exchange.facts.update(upstream_facts(exchange.upstream))
    if exchange.upstream is not None:
        exchange.destination = destination_of(exchange.upstream.host, exchange.upstream.port)
    return State.READING, []


def on_maintenance_body(exchange: Exchange, event: BodyArrived) -> Step:
    """Look into what comes in, and decide; without every layer's order the lane is closed."""
    facts = exchange.facts
    exchange.outward_body = event.body
    kind, coding = exchange.header("content-type"), exchange.header("content-encoding")
    scanned = scan_body(event.body, kind, coding, exchange.rules.scan, leaving=False)
    exchange.findings = scanned.findings + scan_head(exchange)
    seen = verdict(exchange.findings, scanned_all=scanned.whole)
    lane = exchange.rules.lanes.find(exchange.pin.route, str(facts["request.method"]), _path(exchange))
    too_large = lane is None or len(event.body) > lane.max_body_bytes
    facts.update(
        {
            "request.state": "too_large" if too_large and event.state == "ok" else event.state,
            "data.mixing": seen.mixing,
            "data.mixing_score": seen.score,
            "data.categories": seen.categories,
            "control.stop": stop_of(exchange),
        }
    )
    for phase in (Phase.COLLECT, Phase.PROCESS):
        decision = judge(exchange.rules.policies, phase, facts)
        exchange.decisions[phase] = decision
        if not decision.allowed:
            return deny(exchange, decision)
    if exchange.destination is None:
        return deny(exchange, Decision(Phase.PROCESS, "deny", "fault", "internal-error"))
    return State.ADMITTING, [write_decision(exchange, decision)]


def _path(exchange: Exchange) -> str:
    return str(exchange.facts["request.path"])
