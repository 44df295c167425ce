"""Check a read file against its format, and say what is wrong at the exact place.

What pydantic finds is mapped once, here, to problems of the file. Where the whole does not hold, the
parts that do are kept, so that their own mistakes are reported in the same run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from zoneproxy.policy.read import Path, Source

_TYPES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "bool_type": "must be `true` or `false`",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
}


def near(word: object, known: Iterable[object]) -> str:
    """Return a remedy that names the most similar known word, or the empty text.

    >>> near("origin.clas", ["origin.class", "client.ip"])
    'did you mean `origin.class`?'
    """
    close = difflib.get_close_matches(str(word), [str(name) for name in known], 1)
    return f"did you mean `{close[0]}`?" if close else ""


def validate[M: BaseModel](source: Source, model: type[M]) -> tuple[M, frozenset[str]]:
    """Check `source.data` against `model`, reporting every fault on `source`.

    Returns:
        The document, and the names of the top-level fields that did not hold. A field that did not
        hold has its default, or is absent where it has none; in a list of parts, the faulty ones are None.
    """
    data = source.data if isinstance(source.data, dict) else {}
    if not isinstance(source.data, dict):
        source.report((), "ZP1000", "the file must be a mapping of fields")
    try:
        return model.model_validate(data), frozenset()
    except ValidationError as error:
        for fault in error.errors():
            _report(source, data, model, fault)
    return _salvage(data, model)


def _salvage[M: BaseModel](data: dict[str, Any], model: type[M]) -> tuple[M, frozenset[str]]:
    values: dict[str, Any] = {}
    failed: set[str] = set()
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in data:
            if info.is_required():
                failed.add(key)
            continue
        adapter: TypeAdapter[Any] = TypeAdapter(_annotation(info))
        try:
            values[name] = adapter.validate_python(data[key])
        except ValidationError:
            failed.add(key)
            item = getattr(info.annotation, "__args__", (None,))[0]
            if isinstance(data[key], list) and isinstance(item, type) and issubclass(item, BaseModel):
                values[name] = [_one(item, part) for part in data[key]]
    return model.model_construct(**values), frozenset(failed)


def _annotation(info: FieldInfo) -> Any:
    return info.annotation


def _one(model: type[BaseModel], part: Any) -> BaseModel | None:
    try:
        return model.model_validate(part)
    except ValidationError:
        return None


def _report(source: Source, data: Any, model: type[BaseModel], fault: Any) -> None:
    kind, loc = fault["type"], fault["loc"]
    path = _walk(data, loc)
    if kind == "missing":
        field = str(loc[-1])
        source.note(path, "ZP1001", f"the field `{field}` is missing", remedy=f"add `{field}:`", key=True)
    elif kind == "extra_forbidden":
        known = fields_at(model, loc[:-1])
        remedy = near(loc[-1], known) or ("known fields: " + ", ".join(sorted(known)) if known else "")
        source.report(path, "ZP1002", f"unknown field `{loc[-1]}`", remedy=remedy, key=True)
    elif kind == "literal_error":
        known = [word.strip("'") for word in _expected(fault)]
        remedy = near(fault["input"], known) or "known words: " + ", ".join(known)
        source.report(path, "ZP1003", f"`{fault['input']}` is not a word that is known here", remedy=remedy)
    elif kind == "string_pattern_mismatch":
        pattern = fault["ctx"]["pattern"]
        source.report(
            path, "ZP1004", f"`{fault['input']}` is not well-formed", remedy=f"it must match `{pattern}`"
        )
    elif kind == "value_error":
        source.report(path, "ZP1005", str(fault["ctx"]["error"]), remedy=_value_remedy(fault["input"]))
    else:
        message = _TYPES.get(kind) or _bound(kind, fault.get("ctx", {})) or _lower(fault["msg"])
        name = path[-1] if path else "the file"
        what = f"`{name}` {message}" if isinstance(name, str) else f"this entry {message}"
        remedy = (
            'put it in quotes: "1.0"'
            if kind == "string_type" and isinstance(fault["input"], int | float)
            else ""
        )
        source.report(path, "ZP1000", what, remedy=remedy)


def _walk(data: Any, loc: tuple[Any, ...]) -> Path:
    """Return the part of `loc` that are steps in the data; a missing field ends at its parent."""
    path: list[str | int] = []
    for part in loc:
        if (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        ):
            path.append(part)
            data = data[part]
    return tuple(path)


def fields_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Return the field names that the format knows at `loc`."""
    here: Any = model
    for part in loc:
        if isinstance(part, int) or not (isinstance(here, type) and issubclass(here, BaseModel)):
            continue
        field = next((info for name, info in here.model_fields.items() if part in (name, info.alias)), None)
        if field is None:
            return []
        here = _model_in(field.annotation)
    if isinstance(here, type) and issubclass(here, BaseModel):
        return [info.alias or name for name, info in here.model_fields.items()]
    return []


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def _expected(fault: Any) -> list[str]:
    words: str = fault["ctx"]["expected"]
    return [part.strip() for part in words.replace(" or ", ", ").split(",")]


def _bound(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "greater_than_equal":
        return f"must be {context['ge']} at least"
    if kind == "less_than_equal":
        return f"must be {context['le']} at most"
    return ""


def _value_remedy(value: Any) -> str:
    if value == "UK":
        return "the United Kingdom's code is `GB`"
    return ""


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
