"""The first leg: what comes in. Origin, content, policy; then the record, then nothing else.

Collect and process are judged together, as soon as the body is read, so that one record holds the
whole reason why bytes went into the zone.
"""

from __future__ import annotations

import hashlib

from zoneproxy.content.dialects import EVENT, is_closed, recognise
from zoneproxy.content.request import read_request
from zoneproxy.content.scan import scan_body, scan_strings, verdict
from zoneproxy.origin.evidence import gather
from zoneproxy.origin.tag import conclude, origin_facts
from zoneproxy.origin.tenants import credential_id
from zoneproxy.passage.agreement import agreements
from zoneproxy.passage.belongings import asks_store, references, take_in
from zoneproxy.passage.commands import Command, LookUp
from zoneproxy.passage.endings import deny
from zoneproxy.passage.events import BodyArrived, Event, HeadArrived, LookedUp, StoreFailed
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.halting import stop_of
from zoneproxy.passage.handshake import open_socket, opened
from zoneproxy.passage.head_text import scan_head
from zoneproxy.passage.inland import know_own
from zoneproxy.passage.judge import judge, refused
from zoneproxy.passage.law import head_rail
from zoneproxy.passage.leg_process import choose_upstream
from zoneproxy.passage.maintenance import lane_of, on_maintenance_body, on_maintenance_head
from zoneproxy.passage.masking import mask_request, prepare_request
from zoneproxy.passage.outward import on_outward_body, on_outward_head
from zoneproxy.passage.record import write_decision
from zoneproxy.passage.state import State
from zoneproxy.policy.chains import action_facts, authorization_facts
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import MAX_TEXT
from zoneproxy.terms.finding import Segment
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]


def on_head(exchange: Exchange, event: Event) -> Step:
    """Tag the request by its origin; what the head alone refuses is refused before the body."""
    if not isinstance(event, HeadArrived):
        raise TypeError("a head is due")
    facts = exchange.facts
    exchange.headers, exchange.query = event.headers, event.query
    exchange.now_ms = event.now_ms
    lane = lane_of(exchange, event)
    if lane is not None:
        exchange.kind = "maintenance"
    facts.update(
        {
            "exchange.kind": exchange.kind,
            "trace.writable": event.trace_writable,
            "policy.effective": all(policy.in_force(event.now_ms) for policy in exchange.rules.policies),
            "request.method": event.method[:32],
            "request.host": event.target_host,
            "request.path": event.path[:MAX_TEXT],
        }
    )
    exchange.private.update(
        {
            "user_agent": (exchange.header("user-agent") or "")[:256] or None,
            "peer_port": exchange.peer[1],
            "detail": event.detail or None,
        }
    )
    if exchange.kind == "outward":
        return on_outward_head(exchange, event)
    if lane is not None:
        return on_maintenance_head(exchange, event, lane)
    return _on_serve_head(exchange, event)


def _on_serve_head(exchange: Exchange, event: HeadArrived) -> Step:
    rules, facts = exchange.rules, exchange.facts
    evidence = gather(
        door=exchange.door,
        peer=exchange.peer[0],
        headers=event.headers,
        networks=rules.networks,
        tenants=rules.tenants,
        arrival=exchange.arrival,
        places=rules.places,
        now_ms=event.now_ms,
    )
    age_ms = rules.places.age_ms(event.now_ms) if rules.places is not None else None
    tag = conclude(evidence.votes, agreements(rules.policies), age_ms=age_ms)
    facts.update(origin_facts(tag, evidence))
    know_own(exchange)
    exchange.private["credential_id"] = evidence.credential.value
    exchange.credential = "" if evidence.tenant is None else credential_id(event.headers)
    is_anthropic = exchange.header("anthropic-version") is not None
    exchange.endpoint = recognise(event.method, event.path, anthropic=is_anthropic)
    state = event.state
    if exchange.session is not None:
        exchange.endpoint, exchange.parent_id = EVENT, exchange.session.flow
    elif state == "upgrade":
        state = open_socket(exchange, event)
    facts.set("request.dialect", exchange.dialect)
    if state == "ok" and exchange.endpoint is None:
        state = "closed_endpoint" if is_closed(event.path) else "unknown_endpoint"
    if state != "ok":
        facts.set("request.state", state)
    _stop(exchange, last=False)
    if reason := head_rail(facts):
        return deny(exchange, Decision(Phase.COLLECT, "deny", "law", reason))
    return State.READING, []


def on_body(exchange: Exchange, event: Event) -> Step:
    """Look into the body, judge what comes in and what it may do, and record the decision."""
    if not isinstance(event, BodyArrived):
        raise TypeError("a body is due")
    exchange.request_bytes = len(event.body)
    exchange.private["request_sha256"] = hashlib.sha256(event.body).hexdigest()
    exchange.facts.set("request.bytes", len(event.body))
    if exchange.kind == "outward":
        return on_outward_body(exchange, event)
    if exchange.kind == "maintenance":
        return on_maintenance_body(exchange, event)
    _look_into_request(exchange, event)
    if asks_store(exchange):
        return State.ASKING, [LookUp(tuple(one.name for one in references(exchange)))]
    exchange.facts.set("binding.state", "none")
    choose_upstream(exchange, exchange.reading.model if exchange.reading else None)
    return _decide(exchange)


def on_looked_up(exchange: Exchange, event: Event) -> Step:
    """Whose the named objects are is known, or can't be told: judge the request by it."""
    if not isinstance(event, LookedUp | StoreFailed):
        raise TypeError("an answer of the binding store is due")
    if isinstance(event, StoreFailed):
        exchange.private["detail"] = event.detail[:512] or None
    keeper = take_in(exchange, event.found if isinstance(event, LookedUp) else None)
    model = exchange.reading.model if exchange.reading else None
    choose_upstream(exchange, model, keeper)
    return _decide(exchange)


def _decide(exchange: Exchange) -> Step:
    prepare_request(exchange)
    _stop(exchange, last=True)
    for phase in (Phase.COLLECT, Phase.PROCESS):
        decision = judge(exchange.rules.policies, phase, exchange.facts)
        exchange.decisions[phase] = decision
        if not decision.allowed:
            return deny(exchange, decision)
    if exchange.destination is None:
        return deny(exchange, refused(Phase.PROCESS, "internal-error"))
    if exchange.session is not None and exchange.destination != exchange.session.destination:
        return deny(exchange, refused(Phase.PROCESS, "lane-changed"))
    mask_request(exchange, decision)
    return State.ADMITTING, [write_decision(exchange, decision)]


def _stop(exchange: Exchange, *, last: bool) -> None:
    """Set what of the exchange is stopped: at once where something is, else when all is known of it."""
    if (stop := stop_of(exchange)) != "none" or last:
        exchange.facts.set("control.stop", stop)


def _look_into_request(exchange: Exchange, event: BodyArrived) -> None:
    rules, facts, endpoint = exchange.rules, exchange.facts, exchange.endpoint
    if endpoint is None:
        return
    reading = read_request(
        endpoint,
        exchange.header("content-type"),
        exchange.header("content-encoding"),
        event.body,
        rules.limits,
    )
    if exchange.session is not None:
        reading = exchange.session.fitted(reading, exchange.flow)
    elif exchange.handshake is not None:
        reading = opened(reading, exchange.query)
    exchange.reading = reading
    state = event.state if event.state != "ok" else reading.state
    findings = scan_strings(reading.segments, rules.scan, reading.sealed)
    in_head = scan_head(exchange)
    findings += in_head
    exchange.head_findings = bool(in_head)
    whole = state == "ok"
    for file in reading.files:
        scanned = scan_body(
            file.data, file.content_type, None, rules.scan, segment=Segment.FILE, leaving=False
        )
        findings += scanned.findings
        whole = whole and scanned.whole
    exchange.findings = findings
    seen = verdict(findings, scanned_all=whole)
    facts.update(
        {
            "request.state": state,
            "request.streamed": reading.streamed,
            "request.max_tokens": reading.max_tokens,
            "purpose": endpoint.purpose,
            "data.mixing": seen.mixing,
            "data.mixing_score": seen.score,
            "data.categories": seen.categories,
        }
    )
    tenant = facts.get("tenant.id")
    if rules.operator is not None and isinstance(tenant, str):
        market = facts.get("tenant.market")
        facts.update(authorization_facts(rules.operator, tenant, exchange.now_ms, market))
        facts.update(action_facts(rules.operator, tenant, endpoint.purpose))
