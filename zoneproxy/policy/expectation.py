"""What one phase must answer, as tests of policies say it, and how it differs from what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from zoneproxy.policy.model import Part, Text
from zoneproxy.terms.decision import LayerDecision

Kind = Literal["rule", "indeterminate", "missing_fact", "default", "invariant"]


class Expectation(Part):
    """What one phase must answer; every field that is given must hold."""

    decision: Literal["allow", "deny"] | None = None
    rule: Text | None = None
    kind: Kind | None = None
    also: list[Text] | None = None
    reason: Text | None = None
    missing: list[Text] | None = None
    shadow: list[Text] | None = None
    obligations: dict[str, str] | None = None


def differences(expect: Expectation, answer: LayerDecision) -> Iterator[str]:
    """Say, in words, each field of an expectation that an answer does not meet."""
    fired = set(answer.deny + answer.indeterminate if answer.effect == "deny" else answer.allow)
    seen: dict[str, Any] = {
        "decision": answer.effect,
        "rule": answer.rule,
        "kind": answer.by,
        "also": sorted(fired - {answer.rule}),
        "reason": answer.reason,
        "missing": list(answer.missing),
        "shadow": list(answer.shadow),
        "obligations": dict(answer.obligations),
    }
    for field, wanted in expect.model_dump(exclude_none=True, exclude={"phase"}).items():
        if isinstance(wanted, list):
            wanted = sorted(wanted)  # noqa: PLW2901 - order has no meaning
        if field == "obligations":
            got: Any = {name: seen[field].get(name, "") for name in wanted}
        else:
            got = seen[field]
        if got != wanted:
            yield f"{field}: expected `{shown(wanted)}`, got `{shown(got)}`"


def shown(value: Any) -> str:
    """Write a value for a person: a list without its brackets."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
