"""The reference of `zone.yaml`, made from its model, so that it never says something else than the reader.

One section a part, in the order of the file: each field with what it takes, what stands where it is left
out, and what it is for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from zoneproxy.config.zone import Config

_HEAD = """\
# `zone.yaml`: reference

Made from the configuration's model by `zoneproxy config reference`; a test holds it to that.

Unknown fields, wrong types and contradictions are mistakes, told all at once with line and column, and none
of them starts anything: `zoneproxy config check zone.yaml`. Paths are relative to the file's own folder.
No secret stands in the file: keys are files that only their owner may read, credentials are SHA-256
digests. Sizes are bytes, times are seconds.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    schema = Config.model_json_schema()
    parts = [_HEAD]
    for title, about, fields in _sections(schema):
        parts += [
            f"\n## {title}\n",
            f"{about}\n",
            "| field | takes | default | what it is |",
            "|---|---|---|---|",
        ]
        parts += [f"| `{name}` | {takes} | {default} | {what} |" for name, takes, default, what in fields]
        parts.append("")
    return "\n".join(parts)


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of `zone.yaml`, for completion in editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}


Field = tuple[str, str, str, str]


def _sections(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Field]]]:
    """Walk the parts breadth first; a part that stands in several places is told where it stands first."""
    todo: list[tuple[str, Mapping[str, Any]]] = [("The file", schema)]
    told: set[str] = set()
    while todo:
        title, part = todo.pop(0)
        yield title, _sentence(str(part.get("description", ""))), list(_fields(part, schema))
        for name, field in part["properties"].items():
            for found, many in _parts_of(field):
                if found not in told:
                    told.add(found)
                    path = name if title == "The file" else f"{title.strip('`')}.{name}"
                    todo.append((f"`{path}{'[]' if many else ''}`", schema["$defs"][found]))


def _fields(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Field]:
    required = set(part.get("required", ()))
    for name, field in part["properties"].items():
        default = "**required**" if name in required else _default(field)
        yield name, _takes(field, schema), default, _cell(str(field.get("description", "")))


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if "$ref" in field:
        return "its own defaults"
    return "none" if value is None or value == [] else f"`{_cell(json.dumps(value))}`"


def _parts_of(field: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Find the parts that a field holds, and whether it holds many of them."""
    if "$ref" in field:
        yield field["$ref"].rsplit("/", 1)[1], False
    for inner in field.get("anyOf", ()):
        yield from _parts_of(inner)
    for key in ("items", "additionalProperties"):
        inner = field.get(key)
        if isinstance(inner, Mapping):
            yield from ((found, True) for found, _ in _parts_of(inner))


def _takes(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Say what a field takes, in words."""
    if "$ref" in field:
        return "a part, see below"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(_takes(inner, schema) for inner in field["anyOf"] if inner.get("type") != "null")
    match field.get("type"):
        case "array":
            items = _takes(field["items"], schema)
            return "list of parts, see below" if items.startswith("a part") else f"list of: {items}"
        case "object":
            return "names to values"
        case "integer" | "number" as kind:
            return ("whole number" if kind == "integer" else "number") + _range(field)
        case "boolean":
            return "`true` or `false`"
        case _:
            return "text" if "pattern" not in field else f"text like `{_cell(field['pattern'])}`"


def _range(field: Mapping[str, Any]) -> str:
    least = field.get("minimum", field.get("exclusiveMinimum"))
    most = field.get("maximum", field.get("exclusiveMaximum"))
    above = "above" if "exclusiveMinimum" in field else "from"
    words = [f"{above} {least:,}" if least is not None else "", f"to {most:,}" if most is not None else ""]
    told = " ".join(word for word in words if word)
    return f", {told}" if told else ""


def _sentence(text: str) -> str:
    return text.split("\n\n", 1)[0].replace("\n", " ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
