"""The first leg: what comes in. Origin, content, policy; then the record, then nothing else.

Collect and process are judged together, as soon as the body is read, so that one record holds the
whole reason why bytes went into the zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from zoneproxy.content.dialects import is_closed, recognise
from zoneproxy.content.request import read_request
from zoneproxy.content.scan import scan_body, scan_strings, verdict
from zoneproxy.origin.evidence import gather
from zoneproxy.origin.forged import FLOW_HEADER
from zoneproxy.origin.tag import OriginClass, conclude, origin_facts
from zoneproxy.origin.tenants import credential_id
from zoneproxy.passage.belongings import asks_store, references, take_in
from zoneproxy.passage.commands import Command, LookUp
from zoneproxy.passage.endings import deny
from zoneproxy.passage.events import BodyArrived, Event, HeadArrived, LookedUp, StoreFailed
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.halting import stop_of
from zoneproxy.passage.head_text import scan_head
from zoneproxy.passage.inland import know_own
from zoneproxy.passage.judge import judge
from zoneproxy.passage.law import head_rail
from zoneproxy.passage.leg_process import choose_destination, choose_upstream
from zoneproxy.passage.masking import mask_request, prepare_request
from zoneproxy.passage.record import write_decision
from zoneproxy.passage.state import State
from zoneproxy.policy.chains import action_facts, authorization_facts
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import MAX_TEXT
from zoneproxy.terms.finding import Segment
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]

_INHERITED = frozenset(("origin", "client", "ingress", "tenant", "model", "upstream"))


def on_head(exchange: Exchange, event: Event) -> Step:
    """Tag the request by its origin; what the head alone refuses is refused before the body."""
    if not isinstance(event, HeadArrived):
        raise TypeError("a head is due")
    facts = exchange.facts
    exchange.headers, exchange.query = event.headers, event.query
    exchange.now_ms = event.now_ms
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
        return _on_outward_head(exchange, event)
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
    facts.update(origin_facts(conclude(evidence.votes), evidence))
    know_own(exchange)
    exchange.private["credential_id"] = evidence.credential.value
    exchange.credential = "" if evidence.tenant is None else credential_id(event.headers)
    is_anthropic = exchange.header("anthropic-version") is not None
    exchange.endpoint = recognise(event.method, event.path, anthropic=is_anthropic)
    facts.set("request.dialect", exchange.dialect)
    state = event.state
    if state == "ok" and exchange.endpoint is None:
        state = "closed_endpoint" if is_closed(event.path) else "unknown_endpoint"
    if state != "ok":
        facts.set("request.state", state)
    _stop(exchange, last=False)
    if reason := head_rail(facts):
        return deny(exchange, Decision(Phase.COLLECT, "deny", "law", reason))
    return State.READING, []


def _on_outward_head(exchange: Exchange, event: HeadArrived) -> Step:
    facts = exchange.facts
    evidence = gather(
        door=exchange.door,
        peer=exchange.peer[0],
        headers=event.headers,
        networks=exchange.rules.networks,
        tenants=exchange.rules.tenants,
        expected_headers=(FLOW_HEADER,),
        arrival=exchange.arrival,
        now_ms=event.now_ms,
    )
    tag = conclude(evidence.votes)
    own = origin_facts(tag, evidence)
    facts.set("request.tag_forged", own["request.tag_forged"])
    if tag.cls is not OriginClass.ZONE:
        facts.update(own)
    elif event.parent is not None:
        # What a workload sends out is the data of the exchange that it serves: that exchange's
        # origin, tenant and model are judged again.
        exchange.parent_id = event.parent_id
        facts.update({n: v for n, v in event.parent.items() if n.partition(".")[0] in _INHERITED})
    choose_destination(exchange, event.target_host, event.target_port)
    facts.set("purpose", "tool_call")
    if event.state != "ok":
        # A tunnel or a broken head is decided now: no body will say more.
        facts.set("request.state", event.state)
        _stop(exchange, last=True)
        return deny(exchange, judge(exchange.rules.policies, Phase.PROCESS, facts))
    return State.READING, []


def on_body(exchange: Exchange, event: Event) -> Step:
    """Look into the body, judge what comes in and what it may do, and record the decision."""
    if not isinstance(event, BodyArrived):
        raise TypeError("a body is due")
    exchange.request_bytes = len(event.body)
    exchange.private["request_sha256"] = hashlib.sha256(event.body).hexdigest()
    exchange.facts.set("request.bytes", len(event.body))
    if exchange.kind == "outward":
        _look_into_outward(exchange, event)
        phases = [Phase.PROCESS]
    else:
        _look_into_request(exchange, event)
        if asks_store(exchange):
            return State.ASKING, [LookUp(tuple(one.name for one in references(exchange)))]
        exchange.facts.set("binding.state", "none")
        choose_upstream(exchange, exchange.reading.model if exchange.reading else None)
        phases = [Phase.COLLECT, Phase.PROCESS]
    return _decide(exchange, phases)


def on_looked_up(exchange: Exchange, event: Event) -> Step:
    """Whose the named objects are is known, or can't be told: judge the request by it."""
    if not isinstance(event, LookedUp | StoreFailed):
        raise TypeError("an answer of the binding store is due")
    if isinstance(event, StoreFailed):
        exchange.private["detail"] = event.detail[:512] or None
    keeper = take_in(exchange, event.found if isinstance(event, LookedUp) else None)
    model = exchange.reading.model if exchange.reading else None
    choose_upstream(exchange, model, keeper)
    return _decide(exchange, [Phase.COLLECT, Phase.PROCESS])


def _decide(exchange: Exchange, phases: Sequence[Phase]) -> Step:
    prepare_request(exchange)
    _stop(exchange, last=True)
    for phase in phases:
        decision = judge(exchange.rules.policies, phase, exchange.facts)
        exchange.decisions[phase] = decision
        if not decision.allowed:
            return deny(exchange, decision)
    if exchange.destination is None:
        return deny(exchange, Decision(Phase.PROCESS, "deny", "fault", "internal-error"))
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


def _look_into_outward(exchange: Exchange, event: BodyArrived) -> None:
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
