"""Every string of a JSON value, with whose words it is.

Every string is walked, keys too, and integers long enough to be an identifier: an unknown field
hides nothing. The known fields of the dialects only say whose words a string is; whoever writes
the request chooses those fields, so a label is a description, never a reason to look away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zoneproxy.content.logprobs import KEY, spelled
from zoneproxy.terms.finding import Segment

_BY_ROLE = {
    "system": Segment.SYSTEM,
    "developer": Segment.SYSTEM,
    "user": Segment.USER,
    "assistant": Segment.OUTPUT,
    "tool": Segment.TOOL,
    "function": Segment.TOOL,
}
_BY_TYPE = {
    "tool_use": Segment.TOOL,
    "tool_result": Segment.TOOL,
    "function_call": Segment.TOOL,
    "function_call_output": Segment.TOOL,
    "custom_tool_call": Segment.TOOL,
    "custom_tool_call_output": Segment.TOOL,
    "mcp_call": Segment.TOOL,
    "file_search_call": Segment.RETRIEVED,
    "web_search_call": Segment.RETRIEVED,
    "document": Segment.RETRIEVED,
    "search_result": Segment.RETRIEVED,
    "file": Segment.FILE,
    "input_file": Segment.FILE,
}
_BY_KEY = {
    "system": Segment.SYSTEM,
    "instructions": Segment.SYSTEM,
    "prompt": Segment.USER,
    "suffix": Segment.USER,
    "input": Segment.USER,
    "tools": Segment.TOOL,
    "functions": Segment.TOOL,
    "tool_calls": Segment.TOOL,
    "function_call": Segment.TOOL,
    "documents": Segment.RETRIEVED,
    "context": Segment.RETRIEVED,
}
_TOOL_KEYS = frozenset(("tool_calls", "function_call"))
# Keys that name no data: they say nothing about the value that follows them.
_PLAIN_KEYS = frozenset(("content", "text", "input", "prompt", "arguments", "role", "type", "data"))
_LONG_INTEGER = 10**9


def strings(value: Any, segment: Segment = Segment.UNKNOWN) -> Iterator[tuple[Segment, str]]:
    """Walk every string, key and long integer of a JSON value, in the order of the text.

    A key stands before its value (`mobile: 138...`), because a name is context for a detector. What is
    spelled out token by token comes once more as one text.

    Args:
        value: what `strict_json` read; its depth is bounded there.
        segment: whose words a string is where no known field says more.
    """
    walked: list[tuple[Segment, str]] = []
    _walk(value, segment, "", walked)
    yield from walked


def label_of(name: str) -> str:
    """Return what of a key stands before its value as context: nothing where it names no data."""
    return "" if name in _PLAIN_KEYS else name


def _walk(value: Any, segment: Segment, key: str, walked: list[tuple[Segment, str]]) -> None:
    if isinstance(value, str):
        walked.append((segment, f"{key}: {value}" if key else value))
    elif isinstance(value, dict):
        own = _own_segment(value, segment)
        for name, inner in value.items():
            label = label_of(name)
            known = own is segment or name in _TOOL_KEYS
            whose = _BY_KEY.get(name, own) if known else own
            if isinstance(inner, str):
                walked.append((whose, f"{label}: {inner}" if label else inner))
                continue
            if label:
                walked.append((own, label))
            _walk(inner, whose, label, walked)
            if name == KEY:
                walked.extend((whose, text) for _, text in spelled(inner))
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, segment, key, walked)
    elif type(value) is int and abs(value) > _LONG_INTEGER:
        walked.append((segment, f"{key}: {value}" if key else str(value)))


def _own_segment(value: dict[str, Any], segment: Segment) -> Segment:
    role, kind = value.get("role"), value.get("type")
    if isinstance(kind, str) and kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if isinstance(role, str) and role in _BY_ROLE:
        return _BY_ROLE[role]
    return segment
