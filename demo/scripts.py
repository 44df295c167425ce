"""What the scripted model server says.

A script is chosen by the name of the model that is asked or, where the zone's policy knows only its
registered models, by the prompt: `events-200: go` plays the script `events-200` with the prompt `go`.

| script | answers with |
| --- | --- |
| `echo` | the last user message, word by word |
| `echo-reversed` | the same, backwards |
| `resident-id` | a sentence with a valid, generated resident ID number, three characters a token |
| `events-N` | N tokens, `0 ` to `N-1 ` |
| `words-N` | the last user message, over and over, N tokens |
| `stepped` | as `echo`, but each token waits until the test lets it go |
| `broken-off` | as `echo`, but the connection ends after the third token |
| `failing` | HTTP 500 |
| `workload` | fetches the first URL of the prompt through the zone's outward door, and tells what it got |

Anything else is answered as `echo`. Tokens are words with the space behind them, and are counted so.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_SCRIPTS = frozenset({"echo", "echo-reversed", "resident-id", "stepped", "broken-off", "failing", "workload"})
_EVENTS = re.compile(r"events-(\d{1,5})\Z", re.ASCII)
_WORDS = re.compile(r"words-(\d{1,5})\Z", re.ASCII)
_URL = re.compile(r"https?://[^\s\"'<>]+")


def resident_id(serial: int = 0) -> str:
    """Generate a resident ID number that is valid by its form and belongs to nobody living.

    The birth dates lie in 1900 and 1901, the sequence numbers are counted up.

    >>> resident_id(0)
    '11010119000101001X'

    Source: GB 11643-1999 (form), ISO 7064 MOD 11-2 (check character).
    """
    born = date(1900, 1, 1) + timedelta(days=serial % 700)
    body = f"110101{born:%Y%m%d}{1 + serial // 700:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    return body + _CHECK[total % 11]


def prompt(request: Mapping[str, Any]) -> str:
    """Return the text of the last user message."""
    for message in reversed(request.get("messages") or []):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):
                return " ".join(part.get("text", "") for part in content)
            return str(content or "")
    return ""


def choose(model: str, text: str) -> tuple[str, str]:
    """Return the script that a prompt names, or else the model's name; and what is left of the prompt."""
    name, colon, rest = text.partition(":")
    if colon and (name in _SCRIPTS or _EVENTS.match(name) or _WORDS.match(name)):
        return name, rest.strip()
    return model, text


def first_url(text: str) -> str:
    """Return the first URL in a text, or empty."""
    found = _URL.search(text)
    return found.group() if found else ""


def words(text: str) -> list[str]:
    """Split a text into tokens: words with the space behind them."""
    return re.findall(r"\S+\s*", text)


def answer(script: str, text: str) -> list[str]:
    """Return the tokens that a script answers a prompt with."""
    if counted := _EVENTS.match(script):
        return [f"{number} " for number in range(int(counted.group(1)))]
    if (counted := _WORDS.match(script)) and (told := words(f"{text} ")):
        return [told[number % len(told)] for number in range(int(counted.group(1)))]
    if script == "echo-reversed":
        return words(text[::-1])
    if script == "resident-id":
        whole = f"Of course. The number on file is {resident_id(17)}, as you asked."
        return [whole[start : start + 3] for start in range(0, len(whole), 3)]
    return words(text) or ["..."]


def embedding(text: str, size: int = 8) -> list[float]:
    """Return a vector that depends on the text alone, `size` numbers between -1 and 1 (at most 32)."""
    return [byte / 127.5 - 1 for byte in hashlib.sha256(text.encode()).digest()[:size]]


def gguf_header() -> bytes:
    """Return the start of a GGUF file: magic, version 3, one tensor, no metadata; then zeros."""
    return struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + bytes(488)


def safetensors_header() -> bytes:
    """Return the start of a safetensors file: the header's length, the header, one tensor of zeros."""
    header = b'{"weight":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}'
    return struct.pack("<Q", len(header)) + header + bytes(64)


FILES: Mapping[str, tuple[str, bytes]] = {
    "file-gguf": ("application/octet-stream", gguf_header()),
    "file-safetensors": ("application/octet-stream", safetensors_header()),
    "file-results": ("application/jsonl", b'{"custom_id":"1","response":{"status_code":200}}\n'),
    "file-text": ("text/plain; charset=utf-8", b"plain words\n"),
}
