"""`zoneproxy policy prove` and `diff`: what holds for all facts, and what a change turns."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneproxy.cli.policy.files import LOAD, NEWLY_ALLOWED, OK, PROOF, load_or_say
from zoneproxy.cli.policy.log import each_shard, open_sound
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.diff import compare
from zoneproxy.policy.prove import FLOW, InvariantProof, Report, prove
from zoneproxy.replay.history import history
from zoneproxy.replay.records import records
from zoneproxy.replay.turns import Comparison, compare_over
from zoneproxy.terms.facts import FactValue, to_json

_KINDS = {"newly_allowed": "newly ALLOWED", "newly_denied": "newly denied"}
_MOST_INDEXES = 20


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
        if not size.allowed and any(proof.phase == size.phase for proof in report.proofs):
            print(f"warning: nothing at all is allowed in `{size.phase}`, so that its proofs say nothing")


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
            # A flow may be stopped at any leg; the test asks for the last, where the answer leaves.
            "expect": {
                "return" if proof.phase == FLOW else proof.phase: {"kind": "rule", "decision": "deny"}
            },
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
    if args.replay:
        codes = []
        for place in each_shard(args.replay, as_json=args.json):
            reader = open_sound(place, args.vkey, args.opening_key)
            found = compare_over(history(records(reader)), old, new)
            codes.append(_show_turns(found, as_json=args.json))
        return next((code for code in (NEWLY_ALLOWED, LOAD) if code in codes), OK)
    changes = compare(old, new)
    for change in changes:
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
            words = _KINDS[change.kind]
            print(f"{change.phase}: {words} ({one} -> {two}), {change.cells} combinations, for example:")
            print(f"   {json.dumps(_plain(change.witness))}")
    if not changes and not args.json:
        print("EQUIVALENT: both versions answer alike, whatever the facts")
    return NEWLY_ALLOWED if any(change.kind == "newly_allowed" for change in changes) else OK


def _show_turns(found: Comparison, *, as_json: bool) -> int:
    """Show what a recorded history turns into; what can't be told is never taken for unchanged."""
    for turn in found.turns:
        if as_json:
            shown = {"kind": turn.kind, "phase": turn.phase, "old": turn.old, "new": turn.new}
            print(json.dumps({**shown, "count": len(turn.indexes), "indexes": turn.indexes}))
            continue
        indexes = ", ".join(map(str, turn.indexes[:_MOST_INDEXES]))
        more = len(turn.indexes) - _MOST_INDEXES
        indexes += f" and {more} more" if more > 0 else ""
        noun = "record" if len(turn.indexes) == 1 else "records"
        print(f"{turn.phase}: {len(turn.indexes)} {noun} {_KINDS[turn.kind]} ({turn.old} -> {turn.new})")
        print(f"   entries {indexes}")
    counts = {"judged": found.judged, "withheld": found.withheld, "faults": found.faults}
    if as_json:
        print(json.dumps(counts))
    else:
        print(f"{found.judged} records judged under both versions, {found.faults} faults left out")
        if not found.turns and not found.withheld:
            print("none of them turns")
    if found.withheld and not as_json:
        print(f"{found.withheld} records can't be told: their private facts are withheld", file=sys.stderr)
        print("hint: run it where the log's openings lie, with `--opening-key FILE`", file=sys.stderr)
    if any(turn.kind == "newly_allowed" for turn in found.turns):
        return NEWLY_ALLOWED
    return LOAD if found.withheld else OK


def _plain(facts: Mapping[str, FactValue]) -> dict[str, Any]:
    return {name: to_json(value) for name, value in facts.items()}
