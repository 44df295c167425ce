"""Identifiers made up by code, and the bodies and events that tests put them in."""

from __future__ import annotations

import json
from random import Random

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
KEY = bytes(range(16))


def check_character(body: str) -> str:
    """The check character of 17 digits, ISO 7064 MOD 11-2."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def resident_id(seed: int, region: str = "110101") -> str:
    """A resident identity number of nobody."""
    random = Random(seed)
    day = f"{random.randint(1930, 2015)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    body = f"{region}{day}{random.randint(0, 999):03}"
    return body + check_character(body)


def near_miss(identifier: str) -> str:
    """The same number with another, wrong check character."""
    return identifier[:17] + ("5" if identifier[17] != "5" else "6")


def chat_chunk(text: str, *, index: int = 0, field: str = "content", **more: object) -> bytes:
    """One chunk of a streamed OpenAI chat answer."""
    choice = {"index": index, "delta": {field: text}, "finish_reason": None}
    chunk = {"id": "chatcmpl-a", "object": "chat.completion.chunk", "choices": [choice], **more}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def anthropic_event(kind: str, **fields: object) -> bytes:
    """One event of a streamed Anthropic answer."""
    data = json.dumps({"type": kind, **fields}).encode()
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def responses_event(kind: str, **fields: object) -> bytes:
    """One event of a streamed OpenAI response."""
    return anthropic_event(f"response.{kind}", **fields)


def output_delta(text: str, item: int = 0) -> bytes:
    """One text delta of a streamed OpenAI response."""
    return responses_event("output_text.delta", output_index=item, content_index=0, item_id="i", delta=text)


def text_delta(text: str, index: int = 0) -> bytes:
    """One text delta of a streamed Anthropic answer."""
    return anthropic_event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})
