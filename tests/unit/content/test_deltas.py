"""What an event adds to which channel."""

from __future__ import annotations

from zoneproxy.content.deltas import read_delta


def test_openai_deltas_grow_channels():
    """Content, reasoning, refusals and tool arguments are channels of their own."""
    delta = read_delta(
        "openai_chat",
        {
            "id": "x",
            "choices": [
                {
                    "index": 1,
                    "delta": {
                        "role": "assistant",
                        "content": "a",
                        "reasoning": "b",
                        "tool_calls": [
                            {"index": 2, "id": "call", "function": {"name": "f", "arguments": "c"}}
                        ],
                    },
                    "finish_reason": None,
                }
            ],
        },
    )
    assert delta.grown == [
        ((1, "content"), "a"),
        ((1, "reasoning"), "b"),
        ((1, "tool_calls", 2, "function", "name"), "f"),
        ((1, "tool_calls", 2, "function", "arguments"), "c"),
    ]
    assert {"x", "assistant", "call"} <= set(delta.remarks)
    assert delta.closed == []


def test_completions_grow_by_their_text():
    """The older form has its text in the choice."""
    delta = read_delta(
        "openai_completions", {"choices": [{"index": 0, "text": "a", "finish_reason": "stop"}]}
    )
    assert delta.grown == [((0, "text"), "a")]
    assert delta.closed == [(0,)]


def test_a_usage_chunk_is_told():
    """The chunk that bears usage alone is the one that can be left out."""
    assert read_delta("openai_chat", {"choices": [], "usage": {"prompt_tokens": 1}}).only_usage
    cumulative = {"choices": [{"index": 0, "delta": {"content": "a"}}], "usage": {"prompt_tokens": 1}}
    assert not read_delta("openai_chat", cumulative).only_usage
    assert read_delta("openai_chat", cumulative).usage


def test_anthropic_deltas_grow_blocks():
    """Text, thinking and partial JSON are channels of their block."""
    event = {
        "type": "content_block_delta",
        "index": 3,
        "delta": {"type": "input_json_delta", "partial_json": "a"},
    }
    assert read_delta("anthropic_messages", event).grown == [((3, "partial_json"), "a")]
    assert read_delta("anthropic_messages", {"type": "content_block_stop", "index": 3}).closed == [(3,)]
    assert read_delta("anthropic_messages", {"type": "message_delta", "delta": {}}).closed == [()]
    assert read_delta("anthropic_messages", {"type": "message_stop"}).terminal


def test_unknown_forms_are_remarks():
    """Z11: what the dialect does not know is still looked into."""
    for dialect in ("openai_chat", "anthropic_messages"):
        delta = read_delta(dialect, {"choices": "x1", "surprise": [{"k": "x2"}], "delta": {"a": "x3"}})
        told = "\n".join(delta.remarks)
        assert all(text in told for text in ("x1", "x2", "x3"))
