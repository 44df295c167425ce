"""Token usage as each dialect reports it, brought to one form.

`prompt` is all input, the cached part included; `cached` is the part of it that was read from a
cache; `reasoning` is the part of `completion` that the caller does not see. OpenAI's counts have
that form already; Anthropic's `input_tokens` leave the cache out, so the parts are summed:

    >>> read_usage("anthropic_messages", {"usage": {
    ...     "input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 2}})
    Usage(prompt=8, completion=2, cached=5, reasoning=0, source='upstream')

OpenAI's Responses have OpenAI's form under Anthropic's names:

    >>> read_usage("openai_responses", {"usage": {"input_tokens": 8, "output_tokens": 2,
    ...     "input_tokens_details": {"cached_tokens": 5}}})
    Usage(prompt=8, completion=2, cached=5, reasoning=0, source='upstream')

Realtime has them too, with its details under a name of its own:

    >>> read_usage("openai_realtime", {"response": {"usage": {"input_tokens": 8, "output_tokens": 2,
    ...     "input_token_details": {"cached_tokens": 5}}}})
    Usage(prompt=8, completion=2, cached=5, reasoning=0, source='upstream')

A stream's usage comes in pieces: Responses bear one object in their last event, OpenAI's other
dialects send one near the end (or a cumulative one in every chunk), Anthropic the input with
`message_start` and cumulative output with `message_delta`.
A stream that was cut has no last piece: then what was seen is a lower bound, and the bytes that
were passed on bound the count from above, because a byte-level BPE token is at least one byte.

Trust: the model server writes these numbers. `impossible` says when they can't be true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Source = Literal["upstream", "upstream_partial", "bytes_bound", "none"]
_ANTHROPIC = "anthropic_messages"
_RESPONSES = "openai_responses"
_REALTIME = "openai_realtime"
_LAST_RESPONSES = ("response.completed", "response.incomplete", "response.failed")
_ANTHROPIC_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_MOST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange.

    Attributes:
        prompt: input tokens, cached ones included.
        completion: output tokens, reasoning included.
        cached: input tokens read from a cache.
        reasoning: output tokens that the caller does not see.
        source: `upstream` (complete), `upstream_partial` (the stream was cut before its last
            count), `bytes_bound` (bounded by bytes, nothing was reported) or `none`.
    """

    prompt: int
    completion: int
    cached: int
    reasoning: int
    source: Source

    def impossible(self, visible_bytes: int) -> bool:
        """Tell whether more tokens are claimed than the visible output has UTF-8 bytes."""
        return self.source == "upstream" and self.completion - self.reasoning > visible_bytes


def read_usage(dialect: str, document: Mapping[str, Any]) -> Usage | None:
    """Read the usage of a whole answer or of one event of a stream.

    Args:
        dialect: the API, as the fact `request.dialect` names it.
        document: the JSON object.

    Returns:
        The usage as this document states it, or `None` where it states none or nonsense
        (a count that is not a whole number from 0 to 2**53 - 1).
    """
    if dialect == _ANTHROPIC:
        message = document.get("message")
        reported = document.get("usage") or (message.get("usage") if isinstance(message, dict) else None)
        return _anthropic(reported) if isinstance(reported, dict) else None
    if dialect in (_RESPONSES, _REALTIME):
        response = document.get("response")
        reported = document.get("usage") or (response.get("usage") if isinstance(response, dict) else None)
        details = "token_details" if dialect == _REALTIME else "tokens_details"
        return _responses(reported, details) if isinstance(reported, dict) else None
    reported = document.get("usage")
    return _openai(reported) if isinstance(reported, dict) else None


def _openai(reported: Mapping[str, Any]) -> Usage | None:
    prompt_details = reported.get("prompt_tokens_details")
    completion_details = reported.get("completion_tokens_details")
    counts = (
        _count(reported, "prompt_tokens"),
        _count(reported, "completion_tokens", default=0),
        _count(prompt_details, "cached_tokens", default=0),
        _count(completion_details, "reasoning_tokens", default=0),
    )
    return _made(counts)


def _responses(reported: Mapping[str, Any], details: str) -> Usage | None:
    counts = (
        _count(reported, "input_tokens"),
        _count(reported, "output_tokens", default=0),
        _count(reported.get(f"input_{details}"), "cached_tokens", default=0),
        _count(reported.get(f"output_{details}"), "reasoning_tokens", default=0),
    )
    return _made(counts)


def _anthropic(reported: Mapping[str, Any]) -> Usage | None:
    parts = [_count(reported, name, default=0) for name in _ANTHROPIC_INPUT]
    prompt = None if None in parts else sum(part for part in parts if part is not None)
    details = reported.get("output_tokens_details")
    counts = (
        prompt,
        _count(reported, "output_tokens", default=0),
        parts[2],
        _count(details, "thinking_tokens", default=0),
    )
    return _made(counts)


def _count(reported: Any, name: str, default: int | None = None) -> int | None:
    """Return a count; `default` where it is absent or null, `None` where it is nonsense."""
    value = reported.get(name) if isinstance(reported, Mapping) else None
    if value is None:
        return default
    return value if type(value) is int and 0 <= value <= _MOST else None


def _made(counts: tuple[int | None, int | None, int | None, int | None]) -> Usage | None:
    prompt, completion, cached, reasoning = counts
    if prompt is None or completion is None or cached is None or reasoning is None:
        return None
    if cached > prompt or reasoning > completion:
        return None
    return Usage(prompt, completion, cached, reasoning, "upstream")


def _is_last(dialect: str, document: Mapping[str, Any]) -> bool:
    """Tell whether a document's usage is complete: a whole answer's, or the last of a stream."""
    if dialect == _ANTHROPIC:
        delta = document.get("delta")
        return document.get("type") == "message" or (
            isinstance(delta, dict) and delta.get("stop_reason") is not None
        )
    if dialect == _RESPONSES:
        return document.get("object") == "response" or document.get("type") in _LAST_RESPONSES
    if dialect == _REALTIME:
        return document.get("type") == "response.done"
    choices = document.get("choices")
    return not choices or any(
        isinstance(choice, dict) and choice.get("finish_reason") is not None for choice in choices
    )


class UsageMeter:
    """Adds up what one exchange's answer says about its usage.

    Args:
        dialect: the API, as the fact `request.dialect` names it.
        prompt_bytes: UTF-8 bytes of the prompt's text: the bound where nothing is reported.
    """

    def __init__(self, dialect: str, prompt_bytes: int = 0) -> None:
        self._dialect = dialect
        self._prompt_bytes = prompt_bytes
        self._seen: Usage | None = None
        self._last = False
        self.visible_bytes = 0

    def observe(self, document: Mapping[str, Any]) -> None:
        """Take in a whole answer, or an event that bears usage; counts never go down."""
        found = read_usage(self._dialect, document)
        if found is None:
            return
        seen = self._seen or Usage(0, 0, 0, 0, "upstream")
        self._seen = Usage(
            max(seen.prompt, found.prompt),
            max(seen.completion, found.completion),
            max(seen.cached, found.cached),
            max(seen.reasoning, found.reasoning),
            "upstream",
        )
        self._last = self._last or _is_last(self._dialect, document)

    @property
    def told(self) -> int:
        """Completion tokens that the server told so far."""
        return self._seen.completion if self._seen is not None else 0

    def visible(self, size_bytes: int) -> None:
        """Take in how many UTF-8 bytes of text the answer showed meanwhile."""
        self.visible_bytes += size_bytes

    def total(self) -> Usage:
        """Return the usage as far as it is known now, and how it is known."""
        if self._seen is not None and self._last:
            return self._seen
        if self._seen is not None:
            bound = max(self._seen.completion, self.visible_bytes)
            return replace(self._seen, completion=bound, source="upstream_partial")
        if self._prompt_bytes or self.visible_bytes:
            return Usage(self._prompt_bytes, self.visible_bytes, 0, 0, "bytes_bound")
        return Usage(0, 0, 0, 0, "none")

    @property
    def impossible(self) -> bool:
        """True where the server claims more visible tokens than the answer has bytes."""
        return bool(self.visible_bytes) and self.total().impossible(self.visible_bytes)
