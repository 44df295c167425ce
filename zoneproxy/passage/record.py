"""What is written down: the bodies of `decision` and `return` records.

The public part is a closed vocabulary (see `zoneproxy.trace.entry`); what a person could be known
by goes into the private part, which the record only commits to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import Headers
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.judge import refused
from zoneproxy.passage.shadow import watch
from zoneproxy.policy.bundle import ENGINE, Policy
from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.facts import VOCABULARY, FactValue, to_json
from zoneproxy.terms.finding import Finding
from zoneproxy.terms.phase import Phase
from zoneproxy.trace.schema import MAX_FINDINGS
from zoneproxy.trace.spelled import standing

_PUBLIC_RETURN, _PUBLIC_BEFORE = (
    frozenset(
        name
        for name, spec in VOCABULARY.items()
        if not spec.private and (spec.phase is Phase.RETURN) is returning
    )
    for returning in (True, False)
)
_PRIVATE = frozenset(name for name, spec in VOCABULARY.items() if spec.private)
_CREDENTIALS = frozenset(
    ("authorization", "proxy-authorization", "x-api-key", "api-key", "cookie", "openai-api-key", "signature")
)


def write_decision(exchange: Exchange, decision: Decision) -> Write:
    """Build the record of what was decided before anything is forwarded."""
    body = {
        "flow": exchange.flow,
        "kind": exchange.kind,
        "parent": exchange.parent_id or None,
        "verdict": decision.effect,
        "by": decision.by,
        "phase": decision.phase.value,
        "reason": decision.reason,
        "rule": decision.rule,
        "phases": _phases(
            tuple(one for phase, one in exchange.decisions.items() if phase is not Phase.RETURN)
        ),
        "facts": _public(exchange.facts, returning=False),
        "oblig": obligations(decision),
        "findings": _findings(exchange.findings),
        "policy": _once(exchange.rules.policies, _policies),
        "eng": ENGINE,
        "assurance": exchange.rules.assurance,
        "bytes": exchange.request_bytes,
    }
    made: dict[Phase, Decision] = {
        phase: one for phase, one in exchange.decisions.items() if phase is not Phase.RETURN
    }
    if (shadow := watch(exchange, made)) is not None:
        body["shadow"] = shadow
    if exchange.request_masked:
        body["masked"] = dict(exchange.request_masked)
    private = {name: value for name, value in exchange.facts.items() if name in _PRIVATE} | exchange.private
    if exchange.addresses:
        private["addresses"] = " ".join(map(str, exchange.addresses))
    if any(one.allowed and obligations(one).get("log") == "full_headers" for one in made.values()):
        private["headers"] = headers_text(exchange.headers)
    return Write("decision", body, private)


def headers_text(headers: Headers) -> str:
    """Write a request's headers as lines; what a caller proves itself by is named and not told."""
    return "\n".join(
        f"{name}: {'(not recorded)' if name in _CREDENTIALS else value}" for name, value in headers
    )


def write_fault(exchange: Exchange) -> Write:
    """Build the record of a request that a fault of ours refused, from what can't be wrong."""
    decision = refused(Phase.COLLECT, "internal-error")
    body = {
        "flow": exchange.flow,
        "kind": exchange.kind,
        "parent": None,
        "verdict": decision.effect,
        "by": decision.by,
        "phase": decision.phase.value,
        "reason": decision.reason,
        "rule": "",
        "phases": {decision.phase.value: phase_body(decision)},
        "facts": {},
        "oblig": {},
        "findings": [],
        "policy": _once(exchange.rules.policies, _policies),
        "eng": ENGINE,
        "assurance": exchange.rules.assurance,
        "bytes": exchange.request_bytes,
    }
    return Write("decision", body, {"detail": exchange.private.get("detail")})


def write_return(exchange: Exchange, decision: Decision, end: str) -> Write:
    """Build the record of how an admitted exchange ended, before its last byte leaves."""
    receipt = exchange.receipt
    facts = exchange.facts
    tokens = exchange.meter.total() if exchange.meter else None
    # The held end of an answer leaves only after a record that says `complete`.
    last = len(exchange.final) if end == "complete" else 0
    body = {
        "flow": exchange.flow,
        "dec": receipt.index if receipt else -1,
        "verdict": decision.effect,
        "by": decision.by,
        "phase": Phase.RETURN.value,
        "reason": decision.reason,
        "rule": decision.rule,
        "phases": _phases((decision,)),
        "facts": _public(facts, returning=True),
        "oblig": obligations(decision),
        "findings": _findings(exchange.answer_findings),
        "route": {
            "in": str(facts.get("ingress.route", exchange.pin.route)),
            "out": str(facts.get("egress.route", "")) or None,
            "same": facts.get("egress.same_connection") is True
            and facts.get("egress.route") == facts.get("ingress.route"),
        },
        "end": end,
        "status": exchange.status,
        "tok": None
        if tokens is None
        else {
            "prompt": tokens.prompt,
            "completion": tokens.completion,
            "cached": tokens.cached,
            "reasoning": tokens.reasoning,
            "source": tokens.source,
        },
        "bytes": {"answer": exchange.answer_bytes, "delivered": exchange.delivered_bytes + last},
    }
    if (shadow := watch(exchange, {Phase.RETURN: decision})) is not None:
        body["shadow"] = shadow
    if "canary" in obligations(decision):
        body["canary"] = exchange.stream.planted if exchange.stream else exchange.planted
    if masked := exchange.stream.masked if exchange.stream else exchange.answer_masked:
        body["masked"] = dict(masked)
    private = {"response_sha256": exchange.answer_digest.hexdigest()} | {
        name: value for name, value in exchange.private.items() if name == "detail"
    }
    if exchange.kind == "outward" and exchange.reached is not None:
        private["address"] = str(exchange.reached)
    return Write("return", body, private)


def write_lost_return(exchange: Exchange) -> Write:
    """Build the record of an end whose own record was refused, from what can't be wrong."""
    decision = refused(Phase.RETURN, "internal-error")
    body = {
        "flow": exchange.flow,
        "dec": exchange.receipt.index if exchange.receipt else -1,
        "verdict": decision.effect,
        "by": decision.by,
        "phase": Phase.RETURN.value,
        "reason": decision.reason,
        "rule": "",
        "phases": {Phase.RETURN.value: phase_body(decision)},
        "facts": {},
        "oblig": {},
        "findings": [],
        "route": {"in": exchange.pin.route, "out": None, "same": False},
        "end": "fault",
        "status": 0,
        "tok": None,
        "bytes": {"answer": exchange.answer_bytes, "delivered": exchange.delivered_bytes},
    }
    return Write("return", body, {"detail": exchange.private.get("detail")})


_STANDING: dict[tuple[object, ...], tuple[tuple[object, ...], Any]] = {}
"""What was written of allows and of policies, by their identity: `judge` gives the same allow again."""
_MOST_STANDING = 256


def _once[P](parts: tuple[P, ...], write: Callable[[tuple[P, ...]], Any]) -> Any:
    """Write the very same objects once; nobody may change what is written of them."""
    key = (write, *map(id, parts))
    known = _STANDING.get(key)
    if known is None:
        if len(_STANDING) >= _MOST_STANDING:
            _STANDING.clear()
        # The parts are kept beside it: as long as they are, no others can have their identity.
        known = _STANDING[key] = (parts, standing(write(parts)))
    return known[1]


def _phases(decisions: tuple[Decision, ...]) -> dict[str, Any]:
    """Write decisions by their phases; a denial is one of a kind."""
    stands = all(one.allowed and one.layers for one in decisions)
    written: dict[str, Any] = _once(decisions, _phase_bodies) if stands else _phase_bodies(decisions)
    return written


def _phase_bodies(decisions: tuple[Decision, ...]) -> dict[str, Any]:
    return {one.phase.value: phase_body(one) for one in decisions}


def _policies(policies: tuple[Policy, ...]) -> list[dict[str, str]]:
    return [{"layer": policy.layer, "digest": policy.digest} for policy in policies]


def phase_body(decision: Decision) -> dict[str, Any]:
    """Write a phase's decision with everything that fired, as JSON values."""
    return {
        "effect": decision.effect,
        "by": decision.by,
        "reason": decision.reason,
        "rule": decision.rule,
        "layers": [layer_body(layer) for layer in decision.layers],
    }


def layer_body(layer: LayerDecision) -> dict[str, Any]:
    """Write one layer's answer as JSON values."""
    return {
        "layer": layer.layer,
        "digest": layer.digest,
        "effect": layer.effect,
        "by": layer.by,
        "rule": layer.rule,
        "reason": layer.reason,
        "deny": list(layer.deny),
        "indeterminate": list(layer.indeterminate),
        "allow": list(layer.allow),
        "shadow": list(layer.shadow),
        "missing": list(layer.missing),
        "obligations": dict(layer.obligations),
    }


def _findings(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The gravest findings; the facts hold the sum of all of them."""
    gravest = sorted(findings, key=lambda finding: -finding.score)[:MAX_FINDINGS]
    return [finding_body(finding) for finding in gravest]


def finding_body(finding: Finding) -> dict[str, Any]:
    """Write a finding as JSON values; it never holds the text that was found."""
    return {
        "kind": finding.kind,
        "segment": finding.segment.value,
        "start": finding.start,
        "end": finding.end,
        "level": finding.level,
        "score": finding.score,
        "category": finding.category,
        "digest": finding.digest,
    }


def obligations(decision: Decision) -> dict[str, str]:
    """Join what the layers order; the same order twice is one order."""
    return {name: order for layer in decision.layers for name, order in layer.obligations.items()}


def _public(facts: Mapping[str, FactValue], *, returning: bool) -> dict[str, Any]:
    """Pick the facts that may stand in the public part: those of the return leg, or the others."""
    names = _PUBLIC_RETURN if returning else _PUBLIC_BEFORE
    return {name: to_json(value) for name, value in facts.items() if name in names}
