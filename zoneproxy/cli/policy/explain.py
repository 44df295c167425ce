"""`zoneproxy policy explain` and `why`: the reasons of one decision, given or recorded."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from zoneproxy.cli.named_files import read_file
from zoneproxy.cli.policy.files import LOAD, OK, PROBLEMS, load_or_say, say
from zoneproxy.cli.policy.log import open_sound
from zoneproxy.passage.judge import judge
from zoneproxy.passage.law import rail
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.explain import Explanation, RuleAnswer, explain
from zoneproxy.policy.read import read
from zoneproxy.policy.validate import near
from zoneproxy.replay.history import Judged, history, outcome
from zoneproxy.replay.records import archived_policy, records
from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.errors import ConfigError, PolicyError
from zoneproxy.terms.facts import VOCABULARY, FactValue, from_json, known_in, to_json
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import REASONS

_WORDS = {True: "true", False: "false", None: "unknown"}
_MARKS = {True: "+", False: "-", None: "?"}


def run_explain(args: argparse.Namespace) -> int:
    """Show the decision on given facts, the rules that made it, and what would turn it."""
    policies = load_or_say(args.files)
    facts = _facts(args.facts)
    if policies is None or facts is None:
        return LOAD
    phase = Phase(args.phase)
    found = explain(policies, phase, known_in(phase, facts))
    _show_head(phase, found.answer)
    _show_explanation(found, everything=args.all)
    return OK


def run_why(args: argparse.Namespace) -> int:
    """Show why a recorded decision came out as it did, under the policies that judged it."""
    directory, found, index = args.record.rpartition("#")
    if not found or not directory or not (index.isascii() and index.isdigit()):
        raise ConfigError(
            f"`{args.record}` names no record", hint="write the log's directory and an index: var/log#17"
        )
    reader = open_sound(directory, args.vkey, args.opening_key)
    judged = next((one for one in history(records(reader)) if one.index == int(index)), None)
    if judged is None:
        raise ConfigError(
            f"entry {index} is no decision and no return", hint="`zoneproxy replay DIR` names those that are"
        )
    deciding = " ".join(word for word in (judged.verdict, judged.reason, judged.rule) if word)
    print(f"entry {judged.index} ({judged.kind}, flow {judged.flow}): {deciding}")
    if judged.fault:
        print("a fault of ours refused it before anything was judged; there are no rules to show")
        return OK
    policies = [archived_policy(reader, digest) for digest in judged.digests]
    if not judged.whole:
        print("private facts are withheld here: what asks for them shows as unknown", file=sys.stderr)
    for phase in judged.phases:
        _show_phase(policies, phase, judged, everything=args.all)
    return _compare(policies, judged)


_BY_RAILS = {"outward": "a workload's own call", "maintenance": "maintenance"}


def _show_phase(policies: Sequence[Policy], phase: Phase, judged: Judged, *, everything: bool) -> None:
    facts = known_in(phase, judged.facts)
    if reason := rail(phase, facts):
        print(f"{phase}: deny (law: {reason}): {REASONS[reason].text}")
        print("   this is a rail of the boundary: no policy can allow it, and none was asked")
        return
    if phase is Phase.RETURN and (what := _BY_RAILS.get(str(facts.get("exchange.kind")))):
        print(f"{phase}: allow (law): the answer to {what} is judged by the rails alone")
        return
    _show_head(phase, judge(policies, phase, facts))
    found = explain(policies, phase, facts, lambda changed: judge(policies, phase, changed).allowed)
    _show_explanation(found, everything=everything)


def _compare(policies: Sequence[Policy], judged: Judged) -> int:
    """Say so where the record can't be derived from its own facts."""
    again = outcome(policies, judged.phases, judged.facts)
    if (again.effect, again.reason, again.rule) == (judged.verdict, judged.reason, judged.rule):
        return OK
    if judged.whole:
        print(f"judged again it is: {again.effect} {again.reason} {again.rule}".rstrip(), file=sys.stderr)
        print("hint: run `zoneproxy replay` on the log: this record does not agree", file=sys.stderr)
        return PROBLEMS
    return OK


def _show_head(phase: Phase, answer: Decision | LayerDecision) -> None:
    deciding = " ".join(word for word in (answer.by, answer.rule) if word)
    print(f"{phase}: {answer.effect} ({': '.join(word for word in (deciding, answer.reason) if word)})")


def _show_explanation(found: Explanation, *, everything: bool) -> None:
    answer = found.answer
    for name in answer.missing:
        print(f"missing: {name}")
    quiet = 0
    for rule in found.rules:
        fired = rule.answer is True or (rule.answer is None and rule.effect != "allow")
        fired = fired and (rule.id[:3] != "INV" or answer.by == "invariant")
        if fired or everything:
            _show(rule)
        else:
            quiet += 1
    if quiet:
        print(f"{quiet} more did not fire (`--all` shows them)")
    if found.flip:
        turned = "allow" if answer.effect == "deny" else "deny"
        change = ", ".join(f"{name} = {_shown(value)}" for name, value in found.flip.items())
        print(f"it would {turned} with: {change}")


def _show(rule: RuleAnswer) -> None:
    print(f"{rule.layer} {rule.id} {rule.effect}: {_WORDS[rule.answer]}")
    for part in rule.parts:
        seen = "" if part.text in {"all", "any", "not"} else f"   (it is {_shown(part.value)})"
        print(f"   {'  ' * part.depth}{_MARKS[part.answer]} {part.text}{seen}")


def _shown(value: FactValue | None) -> str:
    return "absent" if value is None else json.dumps(to_json(value), ensure_ascii=False)


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
