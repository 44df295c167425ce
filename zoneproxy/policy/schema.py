"""The format as JSON Schema 2020-12, for completion and hover texts in editors.

Made from the format and the vocabulary of facts, so that it never says something else than the compiler.
It knows facts, their operators and the values of closed facts; phases, lists, chains and patterns are
the compiler's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from zoneproxy.policy.casefile import CasesDocument
from zoneproxy.policy.compile import OPERATORS, comparable
from zoneproxy.policy.model import PolicyDocument
from zoneproxy.terms.facts import VOCABULARY, FactSpec, FactType
from zoneproxy.terms.reasons import POLICY_REASONS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ORDERED = frozenset({"lt", "le", "gt", "ge"})
_LIST_NAME = {"type": "string", "pattern": r"^\$[a-z_]+\.[a-z][a-z0-9_]*$"}


def policy_schema() -> dict[str, Any]:
    """Return the schema of policy files."""
    schema = _schema(PolicyDocument)
    schema["$defs"] |= _parts()
    schema["$defs"]["Condition"] = _condition()
    for part, fields in (("Rule", ("when",)), ("Invariant", ("never_allow_when", "allow_implies"))):
        for field in fields:
            schema["$defs"][part]["properties"][field] = {"$ref": "#/$defs/Condition"}
    reasons = [{"const": word, "description": text} for word, (_, text) in POLICY_REASONS.items()]
    schema["$defs"]["Rule"]["properties"]["reason"] = {"oneOf": reasons}
    for phase in ("collect", "process", "return"):
        schema["$defs"]["RequiredFacts"]["properties"][phase]["items"] = {"enum": list(VOCABULARY)}
    return schema


def cases_schema() -> dict[str, Any]:
    """Return the schema of policies' test files."""
    schema = _schema(CasesDocument)
    facts: dict[str, Any] = {
        name: {"anyOf": [{"type": "null"}, _value(spec), {"type": "array"}], "description": describe(spec)}
        for name, spec in VOCABULARY.items()
    }
    facts |= {"$tenant": {"type": "string"}, "$model": {"type": "string"}}
    schema["$defs"]["Facts"] = {"type": "object", "properties": facts, "additionalProperties": False}
    schema["properties"]["fixtures"]["additionalProperties"] = {"$ref": "#/$defs/Facts"}
    for part in ("Scenario", "Row"):
        schema["$defs"][part]["properties"]["with"] = {"$ref": "#/$defs/Facts"}
    return schema


def describe(spec: FactSpec) -> str:
    """Write a fact's hover text: what it is, its type, since when it is known, and who says so."""
    values = f"; one of {', '.join(spec.values)}" if spec.values else ""
    return f"{spec.doc} ({spec.type}, known from {spec.phase}, from {spec.provider}{values})"


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **schema}


def _condition() -> dict[str, Any]:
    again = {"$ref": "#/$defs/Condition"}
    properties: dict[str, Any] = {
        "all": {"type": "array", "items": again, "minItems": 1, "description": "all of these hold"},
        "any": {"type": "array", "items": again, "minItems": 1, "description": "one of these holds at least"},
        "not": {**again, "description": "this does not hold"},
    }
    for name, spec in VOCABULARY.items():
        properties[name] = {"description": describe(spec), **_question(spec)}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}


def _parts() -> dict[str, Any]:
    """Return, for each fact, its value, its list and its bare question: written once, referred to often."""
    parts: dict[str, Any] = {}
    for name, spec in VOCABULARY.items():
        parts[f"value {name}"] = _value(spec)
        items = {"anyOf": [_part("value", name), _LIST_NAME]}
        parts[f"list {name}"] = {"type": "array", "items": items, "minItems": 1}
        many = [] if spec.type is FactType.BOOL else [_LIST_NAME, _part("list", name)]
        parts[f"bare {name}"] = {"anyOf": [_part("value", name), *many]}
    return parts


def _part(kind: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{kind}%20{name}"}


def _question(spec: FactSpec) -> dict[str, Any]:
    operators = {op: _operand(spec, op) for op in OPERATORS[spec.type] if op != "not"}
    inner = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    negated = {"anyOf": [_part("bare", spec.name), inner]}
    whole = {**inner, "properties": {**operators, "not": negated}}
    return {"anyOf": [_part("bare", spec.name), whole]}


def _operand(spec: FactSpec, op: str) -> Mapping[str, Any]:
    if op in {"same_as", "not_same_as"}:
        return {"enum": [name for name, other in VOCABULARY.items() if comparable(spec, other)]}
    return _part("value" if op in _ORDERED or op in {"eq", "regex"} else "bare", spec.name)


def _value(spec: FactSpec) -> dict[str, Any]:
    match spec.type:
        case FactType.BOOL:
            return {"type": "boolean"}
        case FactType.INT:
            return {"type": "integer", "minimum": spec.low, "maximum": spec.high}
        case FactType.ENUM | FactType.NAMES:
            return {"enum": list(spec.values)}
        case FactType.COUNTRY:
            return {"type": "string", "pattern": "^[A-Z]{2}$"}
        case _:
            return {"type": "string", "minLength": 1, "pattern": r"^[^$]"}
