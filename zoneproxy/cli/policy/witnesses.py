"""Witnesses as tests: what a proof or a comparison found becomes a row that stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from zoneproxy.cli.json_lines import read_lines
from zoneproxy.cli.named_files import read_input
from zoneproxy.policy.cases import Suite, joint
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.prove import FLOW
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.facts import FactValue, from_json, known_in
from zoneproxy.terms.phase import Phase

_WIDE = 10_000


def rows_of_witnesses(file: str, suite: Suite) -> str:
    """Write the witnesses of `prove --json` or `diff --json` as tests for a test file.

    A counterexample of an invariant expects that a rule denies it: the test fails until one does. Any other
    witness expects what the policies under test answer now, so that it can't change unseen.

    Args:
        file: the output of such a command, or `-` for stdin.
        suite: the test file's policies.

    Returns:
        Tests in YAML, to be put below `tests:`.

    Raises:
        ConfigError: the file holds no witness.
    """
    data = read_input(file)
    found = read_lines(
        data.split(b"\n"),
        _witnessed,
        file=file,
        what="what `policy prove --json` or `diff --json` writes",
        hint="write their output to a file, and name it",
    )
    tests = [_test(read, suite) for read in found if read is not None]
    if not tests:
        raise ConfigError(
            f"`{file}` holds no witness", hint="give it the output of `policy prove --json` or `diff --json`"
        )
    text = "\n".join(f"  - {_flow(test)}" for test in tests)
    return f"# below `tests:`\n{text}"


def _witnessed(read: Any) -> Mapping[str, Any] | None:
    """Take a line that holds a witness; raises what `read_lines` tells of."""
    if not read.get("witness"):
        return None
    _leg(read)
    return dict(read)


def _leg(read: Mapping[str, Any]) -> Phase:
    """Return the leg at which a witness is asked: a flow's where the answer leaves."""
    return Phase.RETURN if read["phase"] == FLOW else Phase(read["phase"])


def _test(read: Mapping[str, Any], suite: Suite) -> dict[str, Any]:
    phase = _leg(read)
    facts: dict[str, FactValue] = {}
    for name, value in read["witness"].items():
        fact = from_json(name, value)
        if fact is None:
            raise ConfigError(f"`{name}: {value}` is no fact", hint="was it written by another version?")
        facts[name] = fact
    answer = joint([decide_layer(policy, phase, known_in(phase, facts)) for policy in suite.policies])
    expect: dict[str, Any] = {"decision": answer.effect, "kind": answer.by}
    if answer.rule:
        expect["rule"] = answer.rule
    name = f"{read.get('kind', 'witness').replace('_', ' ')}: {read.get('old')} -> {read.get('new')}"
    if "invariant" in read:
        name = f"{read['invariant']} in {read['phase']}: {read.get('claim', '')}"
        if answer.effect == "allow" or answer.by == "invariant":
            expect = {"decision": "deny", "kind": "rule"}
    return {"name": name, "with": dict(read["witness"]), "expect": {phase.value: expect}}


def _flow(test: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(test), default_flow_style=True, sort_keys=False, allow_unicode=True, width=_WIDE
    )
    return text.strip()
