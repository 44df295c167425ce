"""How a number hides in a prompt: every disguise that a text detector must see through, as bytes of JSON."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote

_FINANCIAL = "零壹贰叁肆伍陆柒捌玖"
_PLAIN = "〇一二三四五六七八九"


def _other_digits(zero: int) -> Callable[[str], str]:
    return lambda number: "".join(chr(zero + int(sign)) if sign.isdigit() else sign for sign in number)


def _between(sign: str, every: int = 1) -> Callable[[str], str]:
    return lambda number: sign.join(number[at : at + every] for at in range(0, len(number), every))


def _grouped(sign: str) -> Callable[[str], str]:
    return lambda number: sign.join((number[:6], number[6:14], number[14:]))


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_IN_WORDS = "the customer's number is {}, please file it"


def _wrapped(wrap: Callable[[str], str]) -> Callable[[str], str]:
    """Wrap a whole sentence with the number in it."""
    return lambda number: wrap(_IN_WORDS.format(number))


TEXTS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "full-width": _other_digits(0xFF10),
    "zero-width": _between("\u200b"),
    "soft hyphen": _between("\u00ad", 3),
    "word joiner": _between("\u2060", 2),
    "grapheme joiner": _between("\u034f", 2),
    "variation selector": _between("\ufe0f", 2),
    "hangul filler": _between("\u3164", 4),
    "tag characters": _between("\U000e0041", 5),
    "mixed invisible": lambda number: "".join(
        sign + "\u200b\u00ad\u2060\u3164\ufeff"[place % 5] for place, sign in enumerate(number)
    ),
    "spaced": _between(" "),
    "grouped": _grouped(" "),
    "dashed": _grouped("-"),
    "dotted": _grouped("."),
    "numerals": lambda number: "".join(_PLAIN[int(sign)] for sign in number),
    "financial numerals": lambda number: "".join(_FINANCIAL[int(sign)] for sign in number),
    "mathematical bold": _other_digits(0x1D7CE),
    "arabic-indic": _other_digits(0x0660),
    "thai": _other_digits(0x0E50),
    "khmer": _other_digits(0x17E0),
    "burmese": _other_digits(0x1040),
    "circled": lambda number: "".join(
        chr(0x245F + int(sign)) if sign != "0" else "\u24ea" for sign in number
    ),
    "look-alikes": lambda number: number.replace("0", "O", 2).replace("1", "l", 1),
    "combining marks": _between("\u0301", 4),
    "split by a line end": lambda number: f"{number[:9]}\n{number[9:]}",
    "entities": lambda number: "".join(f"&#{ord(sign)};" for sign in number),
    "hexadecimal entities": lambda number: "".join(f"&#x{ord(sign):x};" for sign in number),
    "escaped mark-up": _wrapped(html.escape),
    "base64": _wrapped(_coded),
    "base64url": _wrapped(lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")),
    "base64 twice": _wrapped(lambda text: _coded(_coded(text))),
    "data url": _wrapped(lambda text: f"data:text/plain;base64,{_coded(text)}"),
    "hex": _wrapped(lambda text: text.encode().hex()),
    "gzip in base64": _wrapped(lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()),
    "percent": lambda number: "".join(f"%{ord(sign):02X}" for sign in number),
    "percent, whole": _wrapped(lambda text: quote(text, safe="")),
    "backslash escapes": lambda number: "".join(f"\\u{ord(sign):04x}" for sign in number),
    "nested JSON": _wrapped(lambda text: json.dumps({"rows": [{"note": text}]})),
    "nested JSON twice": _wrapped(lambda text: json.dumps({"x": json.dumps({"note": text})})),
    "beside Chinese": lambda number: f"证件号{number}好",
    "at the end of much text": lambda number: "plain words of a long letter. " * 1500 + number,
}
"""Disguises of a number in a text."""


def prompt(disguise: str, number: str) -> list[dict[str, object]]:
    """Return the messages of a chat in which a number stands in that disguise."""
    return [{"role": "user", "content": f"Please note this: {TEXTS[disguise](number)}"}]


def placed(number: str) -> Mapping[str, list[dict[str, object]]]:
    """Return the places of a conversation in which a number may stand."""
    called = {"name": "f", "arguments": json.dumps({"id": number})}
    call = {"id": "c1", "type": "function", "function": called}
    user: dict[str, object] = {"role": "user", "content": "go on"}
    return {
        "system": [{"role": "system", "content": f"id {number}"}, user],
        "an earlier message": [{"role": "user", "content": f"id {number}"}, user],
        "an earlier answer": [user, {"role": "assistant", "content": f"id {number}"}, user],
        "tool arguments": [user, {"role": "assistant", "content": None, "tool_calls": [call]}, user],
        "a tool's result": [user, {"role": "tool", "tool_call_id": "c1", "content": f"id {number}"}],
        "a part": [{"role": "user", "content": [{"type": "text", "text": f"id {number}"}]}],
        "a name": [{"role": "user", "content": "go on", "name": f"u {number}"}],
    }
