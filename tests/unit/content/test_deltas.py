"""What an event adds to which channel."""

from __future__ import annotations

import pytest

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


def test_responses_grow_by_item_kind_and_part():
    """Text, arguments and summaries are channels of their output item; ids are remarks."""
    text = {"type": "response.output_text.delta", "output_index": 1, "content_index": 2, "delta": "a"}
    assert read_delta("openai_responses", text).grown == [((1, "response.output_text", 2), "a")]
    call = {"type": "response.function_call_arguments.delta", "output_index": 3, "item_id": "x", "delta": "b"}
    delta = read_delta("openai_responses", call)
    assert delta.grown == [((3, "response.function_call_arguments", 0), "b")]
    assert "x" in " ".join(delta.remarks)
    summary = {"type": "response.reasoning_summary_text.delta", "summary_index": 4, "delta": "c"}
    assert read_delta("openai_responses", summary).grown == [((0, "response.reasoning_summary_text", 4), "c")]


def test_responses_close_what_they_say_is_done():
    """A part, an item, or all of it; what a closing event repeats is a remark."""
    part = {"type": "response.output_text.done", "output_index": 1, "content_index": 2, "text": "again"}
    delta = read_delta("openai_responses", part)
    assert delta.closed == [(1, "response.output_text", 2)]
    assert "again" in delta.remarks[-1]
    item = {"type": "response.output_item.done", "output_index": 1, "item": {"type": "message"}}
    assert read_delta("openai_responses", item).closed == [(1,)]


@pytest.mark.parametrize("kind", ["response.completed", "response.incomplete", "response.failed", "error"])
def test_the_last_event_of_a_response(kind):
    """Whatever ends a response closes all channels, and may bear the usage."""
    delta = read_delta("openai_responses", {"type": kind, "response": {"usage": {"input_tokens": 1}}})
    assert (delta.terminal, delta.closed, delta.usage) == (True, [()], True)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": 1, "delta": "x"},
        {"type": "response.x.delta", "delta": {"a": "b"}},
        {"type": "response.x.delta", "delta": "x", "output_index": "0", "content_index": None},
        {"type": "response.completed", "response": []},
    ],
)
def test_odd_events_of_responses_are_read(event):
    """What has not the form of the API still is walked: each string is growth or a remark."""
    delta = read_delta("openai_responses", event)
    assert ("x" in str(event)) == ("x" in str(delta.grown) + str(delta.remarks))
