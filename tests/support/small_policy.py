"""Small policies for tests: a valid file around the parts that a test is about."""

from __future__ import annotations

from zoneproxy.policy.bundle import Policy, load

HEAD = """\
apiVersion: zoneproxy/v1
kind: ZonePolicy
metadata:
  name: small
  version: 1.0.0
  revision: 1
  layer: {layer}
  owner: test
  effective: {{from: "2026-01-01", until: "2030-12-31"}}
mode: {mode}
"""
RULES = """\
rules:
  - {id: COL-900, phase: collect, effect: allow, when: {origin.class: overseas}, reason: collected_overseas}
"""

THREE_RULES = """\
rules:
  - {id: COL-010, phase: collect, effect: deny, when: {origin.country: CN},
     reason: origin_country_domestic}
  - {id: COL-020, phase: collect, effect: deny, when: {origin.agreeing: {lt: 2}},
     reason: origin_evidence_weak}
  - id: COL-900
    phase: collect
    effect: allow
    when: {origin.class: overseas}
    reason: collected_overseas
    obligations: {tag: overseas}
"""


def text(body: str = RULES, *, layer: str = "operator", mode: str = "enforce") -> bytes:
    """Write a policy file: its head, then `body`."""
    return (HEAD.format(layer=layer, mode=mode) + body).encode()


def small(
    body: str = RULES, *, layer: str = "operator", mode: str = "enforce", file: str = "x.yaml"
) -> Policy:
    """Load a policy file made by `text`."""
    return load(text(body, layer=layer, mode=mode), file)


def rule(when: str, *, effect: str = "deny", phase: str = "return", name: str = "") -> str:
    """Write one rule with the condition `when` in flow style."""
    prefix = {"collect": "COL", "process": "PRO", "return": "RET"}[phase]
    reason = "origin_not_overseas" if effect == "deny" else "collected_overseas"
    number = name or f"{prefix}-001"
    return f"  - {{id: {number}, phase: {phase}, effect: {effect}, when: {when}, reason: {reason}}}\n"
