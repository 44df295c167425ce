"""The JSON Schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.small_policy import RULES, rule, text
from zoneproxy.policy.read import read
from zoneproxy.policy.schema import cases_schema, describe, policy_schema
from zoneproxy.terms.facts import VOCABULARY

POLICIES = Path(__file__).resolve().parents[3] / "policies"


def faults(data: bytes, schema: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(read(data, "x.yaml").data)]


def test_the_schemas_are_schemas() -> None:
    """Both hold against the metaschema."""
    jsonschema.Draft202012Validator.check_schema(policy_schema())
    jsonschema.Draft202012Validator.check_schema(cases_schema())


@pytest.mark.parametrize(
    ("name", "schema"),
    [("zonepolicy.v1.schema.json", policy_schema), ("zonetest.v1.schema.json", cases_schema)],
)
def test_the_shipped_schema_is_fresh(name: str, schema: Any) -> None:
    """The file beside the policies is what `zoneproxy policy schema` prints."""
    shipped = (POLICIES / name).read_text("utf-8")
    assert shipped == json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", ["shantou-pilot.operator", "shantou-pilot.regulator"])
def test_the_pilot_holds_against_it(name: str) -> None:
    """An editor underlines nothing in a right file."""
    assert faults((POLICIES / f"{name}.yaml").read_bytes(), policy_schema()) == []
    assert faults((POLICIES / f"{name}_test.yaml").read_bytes(), cases_schema()) == []


def test_the_design_example_holds_against_it(shared: Path) -> None:
    """Also the example beside the design page."""
    design = shared / "design"
    assert faults((design / "example-policy.yaml").read_bytes(), policy_schema()) == []
    assert faults((design / "example-policy_test.yaml").read_bytes(), cases_schema()) == []


@pytest.mark.parametrize(
    "body",
    [
        "colour: red\n" + RULES,
        "rules:\n" + rule("{origin.clas: overseas}"),
        "rules:\n" + rule("{origin.class: overses}"),
        "rules:\n" + rule("{origin.class: {prefix: [o]}}"),
        "rules:\n" + rule("{origin.agreeing: many}"),
        "rules:\n" + rule("{egress.route: {same_as: origin.class}}"),
        RULES.replace("collected_overseas", "collected_oversea"),
    ],
)
def test_an_editor_underlines_the_common_slips(body: str) -> None:
    """Fields, facts, values, operators and reasons are known to the schema."""
    assert faults(text(body), policy_schema())


def test_hover_texts_say_type_phase_and_provider() -> None:
    """Every fact explains itself."""
    for name, spec in VOCABULARY.items():
        shown = describe(spec)
        assert spec.type in shown
        assert f"known from {spec.phase}" in shown
        assert policy_schema()["$defs"]["Condition"]["properties"][name]["description"] == shown
