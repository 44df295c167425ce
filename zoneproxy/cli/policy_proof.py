"""`zoneproxy policy prove`, `diff` and `explain`: what holds for all facts, and why for some."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneproxy.cli.policy_files import LOAD, NEWLY_ALLOWED, OK, PROOF, load_or_say, read_file, say
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.diff import compare
from zoneproxy.policy.explain import RuleAnswer, explain
from zoneproxy.policy.prove import InvariantProof, Report, prove
from zoneproxy.policy.read import read
from zoneproxy.policy.validate import near
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.facts import VOCABULARY, FactValue, from_json, known_in, to_json
from zoneproxy.terms.phase import Phase

_WORDS = {True: "true", False: "false", None: "unknown"}
_MARKS = {True: "+", False: "-", None: "?"}


def run_prove(args: argparse.Namespace) -> int:
    """Prove every invariant at every phase; name dead rules, redundant ones and shared lists."""
    policies = load_or_say(args.files)
    if policies is None:
        return LOAD
    report = prove(policies)
    for proof in report.proofs:
        _show_proof(proof, as_json=args.json)
    if not args.json:
        _show_notes(report)
    if args.write_test and not report.holds:
        # A crash here leaves a cut test file, which does not load.
        broken = [proof for proof in report.proofs if not proof.holds]
        Path(args.write_test).write_text(
            _test_file(policies, broken, Path(args.write_test)), encoding="utf-8"
        )
    return OK if report.holds else PROOF


def _show_proof(proof: InvariantProof, *, as_json: bool) -> None:
    witness = _plain(proof.witness)
    if as_json:
        shown = {"invariant": proof.id, "phase": proof.phase, "holds": proof.holds}
        print(json.dumps({**shown, "claim": proof.claim, "witness": witness}, ensure_ascii=False))
        return
    print(f"{proof.id} {proof.phase:8} {'proved' if proof.holds else 'VIOLATED'}: {proof.claim}")
    if not proof.holds:
        print(f"   allowed by {', '.join(proof.allowed_by)} on: {json.dumps(witness, ensure_ascii=False)}")


def _show_notes(report: Report) -> None:
    for note in report.notes:
        if note.kind == "dead":
            print(f"{note.rule} {note.phase}: dead, no facts can make it fire")
    redundant = [f"{note.rule} {note.phase}" for note in report.notes if note.kind == "redundant"]
    if redundant:
        print(f"{len(redundant)} redundant (others stop all that they stop): {', '.join(redundant)}")
    for line in report.shared:
        print(f"warning[ZP3001]: {line}")
    for size in report.sizes:
        print(f"{size.phase:8} {size.facts} facts, {size.cells} combinations, {size.allowed} allowed")


def _test_file(policies: Sequence[Policy], broken: Sequence[InvariantProof], target: Path) -> str:
    """Write counterexamples as tests that fail until the policy denies them by a rule; JSON is YAML."""
    names = [
        str(Path(policy.file).resolve().relative_to(target.resolve().parent, walk_up=True))
        for policy in policies
    ]
    tests = [
        {
            "name": f"{proof.id} in {proof.phase}: {proof.claim}",
            "with": _plain(proof.witness),
            "expect": {proof.phase: {"kind": "rule", "decision": "deny"}},
        }
        for proof in broken
    ]
    document = {
        "apiVersion": "zoneproxy/v1",
        "kind": "ZonePolicyTest",
        "policy": names if len(names) > 1 else names[0],
        "now": policies[0].document.metadata.effective.start,
        "tests": tests,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def run_diff(args: argparse.Namespace) -> int:
    """Compare two versions; the exit code says whether anything is newly allowed."""
    old, new = load_or_say(args.old.split(",")), load_or_say(args.new.split(","))
    if old is None or new is None:
        return LOAD
    changes = compare(old, new)
    for change in changes:
        words = {"newly_allowed": "newly ALLOWED", "newly_denied": "newly denied"}[change.kind]
        one, two = change.old.rule or change.old.by, change.new.rule or change.new.by
        if args.json:
            shown = {
                "phase": change.phase,
                "kind": change.kind,
                "old": one,
                "new": two,
                "cells": change.cells,
            }
            print(json.dumps({**shown, "witness": _plain(change.witness)}))
        else:
            print(f"{change.phase}: {words} ({one} -> {two}), {change.cells} combinations, for example:")
            print(f"   {json.dumps(_plain(change.witness))}")
    if not changes and not args.json:
        print("EQUIVALENT: both versions answer alike, whatever the facts")
    return NEWLY_ALLOWED if any(change.kind == "newly_allowed" for change in changes) else OK


def run_explain(args: argparse.Namespace) -> int:
    """Show the decision on given facts, the rules that made it, and what would turn it."""
    policies = load_or_say(args.files)
    facts = _facts(args.facts)
    if policies is None or facts is None:
        return LOAD
    phase = Phase(args.phase)
    found = explain(policies, phase, known_in(phase, facts))
    answer = found.answer
    print(
        f"{phase}: {answer.effect} ({answer.by}{' ' + answer.rule if answer.rule else ''}: {answer.reason})"
    )
    for name in answer.missing:
        print(f"missing: {name}")
    for rule in found.rules:
        fired = rule.answer is True or (rule.answer is None and rule.effect != "allow")
        fired = fired and (rule.id[:3] != "INV" or answer.by == "invariant")
        if fired or args.all:
            _show(rule)
    if found.flip:
        turned = "allow" if answer.effect == "deny" else "deny"
        change = ", ".join(f"{name} = {_shown(value)}" for name, value in found.flip.items())
        print(f"it would {turned} with: {change}")
    return OK


def _show(rule: RuleAnswer) -> None:
    print(f"{rule.layer} {rule.id} {rule.effect}: {_WORDS[rule.answer]}")
    for part in rule.parts:
        seen = "" if part.text in {"all", "any", "not"} else f"   (it is {_shown(part.value)})"
        print(f"   {'  ' * part.depth}{_MARKS[part.answer]} {part.text}{seen}")


def _shown(value: FactValue | None) -> str:
    return "absent" if value is None else json.dumps(to_json(value), ensure_ascii=False)


def _plain(facts: Mapping[str, FactValue]) -> dict[str, Any]:
    return {name: to_json(value) for name, value in facts.items()}


def _facts(name: str) -> dict[str, FactValue] | None:
    """Read a file of facts; where it has mistakes, say them and return None."""
    data = read_file(name)
    try:
        source = read(data, name)
        facts: dict[str, FactValue] = {}
        for fact, raw in (source.data if isinstance(source.data, dict) else {}).items():
            if fact not in VOCABULARY:
                source.report(
                    (fact,), "ZP2001", f"unknown fact `{fact}`", remedy=near(fact, VOCABULARY), key=True
                )
                continue
            value = from_json(fact, raw)
            if value is None:
                source.report(
                    (fact,), "ZP4003", f"`{raw}` is not a value of `{fact}`", remedy="leave absent facts out"
                )
            else:
                facts[fact] = value
        source.fail_if_faulty()
    except PolicyError as error:
        say(error.problems, {name: data})
        print("hint: a file of facts is one mapping, as `origin.class: overseas`", file=sys.stderr)
        return None
    return facts
