"""The pilot's policy with the facts of a whole good flow, and records as the boundary writes them of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from bench.results import ROOT
from tests.support import logs
from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import obligations, phase_body
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.chains import action_facts, authorization_facts, model_facts
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import VOCABULARY, FactSheet, FactValue, to_json
from zoneproxy.terms.phase import Phase

POLICIES = ROOT / "policies"
LAYERS = ("regulator", "operator")


@functools.cache
def policies() -> tuple[Policy, ...]:
    """Load both layers."""
    return tuple(load(policy_bytes(layer), f"{layer}.yaml") for layer in LAYERS)


def policy_bytes(layer: str) -> bytes:
    """Return the bytes of one layer's file."""
    return (POLICIES / f"shantou-pilot.{layer}.yaml").read_bytes()


@functools.cache
def good_facts() -> FactSheet:
    """Return all facts of a flow that passes every leg."""
    operator = policies()[-1]
    tenant, now_ms = "toyco-sg", moment_ms("2026-11-21")
    facts: dict[str, FactValue] = {
        "trace.writable": True,
        "policy.effective": True,
        "exchange.kind": "serve",
        "origin.class": "overseas",
        "origin.country": "SG",
        "origin.agreeing": 3,
        "client.ip": "198.51.100.7",
        "client.network": "overseas",
        "ingress.route": "cable-sg-1",
        "ingress.side": "overseas",
        "tenant.id": tenant,
        "tenant.audience": "overseas",
        "tenant.market": "SG",
        "request.state": "ok",
        "request.tag_forged": False,
        "request.method": "POST",
        "request.host": "127.0.10.1:8443",
        "request.path": "/v1/chat/completions",
        "request.dialect": "openai_chat",
        "request.streamed": False,
        "request.bytes": 1024,
        "binding.state": "none",
        "data.mixing": "clean",
        "data.mixing_score": 0,
        "data.categories": frozenset(),
        "upstream.separation": "physical",
        "purpose": "inference",
        "egress.route": "cable-sg-1",
        "egress.same_connection": True,
        "response.consumer": "overseas_client",
        "response.state": "ok",
        "response.mixing": "clean",
        "response.mixing_score": 0,
        "response.categories": frozenset(),
        "response.weights_like": False,
        "response.binding": "none",
    }
    sheet = FactSheet()
    sheet.update(
        facts
        | authorization_facts(operator, tenant, now_ms, "SG")
        | action_facts(operator, tenant, "inference")
        | model_facts(operator, "zone-llm-01", tenant)
    )
    return sheet


def judged(phase: Phase) -> Decision:
    """Judge one leg of the good flow.

    Raises:
        ValueError: it is refused, so it is a good flow no more.
    """
    decision = judge(policies(), phase, good_facts())
    if decision.effect != "allow":
        raise ValueError(f"the good flow is refused: {decision.reason}")
    return decision


def facts_as_json(*, returning: bool | None = None) -> dict[str, Any]:
    """Return the public facts as JSON values: of the return leg, of the others, or all of them."""
    return {
        name: to_json(value)
        for name, value in good_facts().items()
        if not VOCABULARY[name].private and returning in (None, VOCABULARY[name].phase is Phase.RETURN)
    }


def decision_record(number: int) -> dict[str, Any]:
    """Write the body of the decision on exchange `number`."""
    return logs.decision(number) | _judged()


def return_record(decision_index: int, number: int) -> dict[str, Any]:
    """Write the body of the end of exchange `number`, whose decision is at `decision_index`."""
    return logs.ending(decision_index, number) | _returned()


def private_part(kind: str) -> Mapping[str, Any]:
    """Return the private fields of such a record."""
    if kind == "return":
        return {"response_sha256": logs.DIGEST}
    return {name: value for name, value in good_facts().items() if VOCABULARY[name].private}


@functools.cache
def _judged() -> dict[str, Any]:
    collect, process = judged(Phase.COLLECT), judged(Phase.PROCESS)
    return {
        "rule": process.rule,
        "phases": {"collect": phase_body(collect), "process": phase_body(process)},
        "facts": facts_as_json(returning=False),
        "oblig": obligations(process),
        "policy": [{"layer": policy.layer, "digest": policy.digest} for policy in policies()],
    }


@functools.cache
def _returned() -> dict[str, Any]:
    back = judged(Phase.RETURN)
    return {
        "rule": back.rule,
        "phases": {"return": phase_body(back)},
        "facts": facts_as_json(returning=True),
        "oblig": obligations(back),
    }
