"""Usage of every dialect in one form."""

from __future__ import annotations

import pytest

from zoneproxy.meter.usage import Usage, UsageMeter, read_usage

OPENAI = {
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "total_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 15},
    }
}


def test_openai_counts_are_taken_as_they_are():
    """Cached is part of prompt, reasoning is part of completion."""
    assert read_usage("openai_chat", OPENAI) == Usage(10, 20, 4, 15, "upstream")


def test_embeddings_have_no_completion():
    """An embedding costs input only."""
    assert read_usage("openai_embeddings", {"usage": {"prompt_tokens": 7, "total_tokens": 7}}) == Usage(
        7, 0, 0, 0, "upstream"
    )


def test_anthropic_input_is_summed():
    """Z18: `input_tokens` leave the cache out; the prompt is all of it."""
    reported = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 7,
        "output_tokens": 2,
    }
    assert read_usage("anthropic_messages", {"usage": reported}) == Usage(15, 2, 7, 0, "upstream")


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        {},
        {"prompt_tokens": -1},
        {"prompt_tokens": "5"},
        {"prompt_tokens": 1.5},
        {"prompt_tokens": True},
        {"prompt_tokens": 2**60},
        {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}},
        {"prompt_tokens": 1, "completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 2}},
    ],
)
def test_nonsense_is_no_usage(usage):
    """A count that can't be is not taken for a count."""
    assert read_usage("openai_chat", {"usage": usage}) is None


def test_an_anthropic_stream_adds_up():
    """The input comes first, the output is cumulative, the last one wins."""
    meter = UsageMeter("anthropic_messages")
    meter.observe({"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}})
    assert meter.total().source == "upstream_partial"
    meter.observe(
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}}
    )
    assert meter.total() == Usage(9, 12, 0, 0, "upstream")


def test_a_cut_stream_is_bounded_by_its_bytes():
    """Z18: dropping the connection before the usage chunk does not make an answer free."""
    meter = UsageMeter("openai_chat", prompt_bytes=100)
    meter.visible(40)
    assert meter.total() == Usage(100, 40, 0, 0, "bytes_bound")
    begun = UsageMeter("anthropic_messages")
    begun.observe({"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}})
    begun.visible(40)
    assert begun.total() == Usage(9, 40, 0, 0, "upstream_partial")


def test_cumulative_chunks_are_partial_until_the_last():
    """A count in every chunk is complete only with the finish reason, or alone."""
    meter = UsageMeter("openai_chat")
    chunk = {
        "choices": [{"index": 0, "finish_reason": None}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    meter.observe(chunk)
    assert meter.total().source == "upstream_partial"
    meter.observe({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}})
    assert meter.total() == Usage(3, 5, 0, 0, "upstream")


def test_nothing_known_is_said_so():
    """Without report and bytes the source is `none`."""
    assert UsageMeter("openai_chat").total() == Usage(0, 0, 0, 0, "none")


def test_impossible_claims_are_seen():
    """More visible tokens than bytes can't be; hidden reasoning is not visible."""
    meter = UsageMeter("openai_chat")
    meter.visible(4)
    meter.observe({"usage": {"prompt_tokens": 1, "completion_tokens": 5}})
    assert meter.impossible
    honest = UsageMeter("openai_chat")
    honest.visible(5)
    honest.observe(OPENAI)
    assert not honest.impossible


RESPONSES = {
    "input_tokens": 8,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 3},
}


@pytest.mark.parametrize(
    "document",
    [
        {"object": "response", "usage": RESPONSES},
        {"type": "response.completed", "response": {"usage": RESPONSES}},
        {"type": "response.incomplete", "response": {"usage": RESPONSES}},
        {"type": "response.failed", "response": {"usage": RESPONSES}},
    ],
)
def test_a_response_is_counted_whole_or_by_its_last_event(document):
    """Z18: every way a response ends bears its usage, and it is complete."""
    meter = UsageMeter("openai_responses")
    meter.observe(document)
    assert meter.total() == Usage(8, 4, 5, 3, "upstream")


@pytest.mark.parametrize("response", [None, [], {}, {"usage": None}, {"usage": {"input_tokens": "8"}}])
def test_nonsense_in_a_response_is_no_usage(response):
    """What is no count is none, and nothing raises."""
    assert read_usage("openai_responses", {"type": "response.completed", "response": response}) is None


def test_a_response_under_way_is_not_complete():
    """A count before the last event is a lower bound."""
    meter = UsageMeter("openai_responses")
    meter.observe({"type": "response.in_progress", "response": {"usage": RESPONSES}})
    assert meter.total().source == "upstream_partial"
