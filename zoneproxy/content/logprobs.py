"""Texts that an answer spells out once more, token by token, beside their probabilities.

An identifier of eleven digits is four tokens there, none of which is anything by itself: they are read as
the one text that they are. It can't be masked (each token comes with its bytes and its alternatives), so an
answer that bears its tokens has no masked form.

    >>> chat = {"content": [{"token": "138", "logprob": -0.1}, {"token": "0013"}], "refusal": None}
    >>> dict(spelled(chat))
    {'content': '1380013'}
    >>> dict(spelled({"tokens": ["13", "80"], "text_offset": [0, 2]}))
    {'tokens': '1380'}
    >>> dict(spelled([{"token": "13"}, {"token": "80"}]))
    {'': '1380'}

Source: OpenAI's `logprobs` of chat completions (`content`, `refusal`), of completions (`tokens`) and of
Responses (a list).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

KEY = "logprobs"


def spelled(value: Any) -> Iterator[tuple[str, str]]:
    """Read what `logprobs` holds: each field with the text that its tokens make.

    Args:
        value: the member's value, whatever it is; what has no tokens gives nothing.
    """
    for field, tokens in value.items() if isinstance(value, dict) else (("", value),):
        if isinstance(tokens, list) and (pieces := [text for one in tokens if (text := _token(one))]):
            yield field, "".join(pieces)


def bears_tokens(value: Any) -> bool:
    """Tell whether a JSON value spells out any text token by token."""
    if isinstance(value, dict):
        return any(
            bears_tokens(inner) or (name == KEY and any(spelled(inner))) for name, inner in value.items()
        )
    return isinstance(value, list) and any(bears_tokens(inner) for inner in value)


def _token(entry: Any) -> str:
    token = entry.get("token") if isinstance(entry, dict) else entry
    return token if isinstance(token, str) else ""
