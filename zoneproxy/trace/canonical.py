r"""The JSON of entries: one value, one spelling.

UTF-8, keys of each object sorted and unique, no spaces, no floats, integers of at most 2^53-1 in size,
no lone surrogates. For such values (with ASCII keys) Python's sorted, compact output is that of RFC
8785, so any canonicaliser gives the same bytes; a reader encodes again and compares.

Worked example: `{"b": [1, true], "a": "\u00e9"}` is written `{"a":"...","b":[1,true]}` with the
two UTF-8 bytes of the letter in the place of the dots.

Source: RFC 8785.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from zoneproxy.terms.errors import VerificationError

MAX_INT = 2**53 - 1


def encode(value: Any) -> bytes:
    """Write a value as canonical JSON.

    Raises:
        ValueError: it holds a float, a large integer, a lone surrogate, a key that is not ASCII or
            anything that JSON does not know.
    """
    _check(value)
    return spell(value)


def decode(data: bytes) -> Any:
    """Read canonical JSON; any other spelling of the same value is refused.

    Raises:
        VerificationError: it is not canonical JSON.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_float=_refuse,
        )
        again = encode(value)
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"this is not canonical JSON: {_reason(error)}", where="JSON") from None
    if again != data:
        raise VerificationError("this JSON is not in its canonical spelling", where="JSON")
    return value


def spell(value: Any) -> bytes:
    """Write a value as JSON in the canonical spelling, without looking whether it has one.

    Raises:
        TypeError: it holds what JSON does not know.
        ValueError: it holds an infinite number or a lone surrogate.
    """
    return _ENCODER.encode(value).encode("utf-8")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


def _check(value: Any) -> None:
    """Refuse what has no canonical spelling; `spell` itself refuses lone surrogates."""
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise ValueError("an object's key is not ASCII text")
            _check(item)
    elif kind is list:
        for item in value:
            _check(item)
    elif kind is int:
        if not -MAX_INT <= value <= MAX_INT:
            raise ValueError("an integer is too large")
    elif kind is not str and kind is not bool and value is not None:
        raise ValueError("a value is neither text, integer, truth value, list nor object")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"`{text[:20]}` is not an integer")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON at character {error.pos}"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return "an integer is too large" if "integer string conversion" in str(error) else str(error)
