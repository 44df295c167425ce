"""Streamed and whole say the same, for every detector, in every channel of every dialect."""

# ruff: noqa: RUF001 - full-width signs and brackets are part of what is tested

from __future__ import annotations

import json

import pytest
from chunk_invariance import assert_chunk_invariant
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.content.identifiers import (
    DONE,
    KEY,
    anthropic_event,
    chat_chunk,
    output_delta,
    resident_id,
    responses_event,
    text_delta,
)
from zoneproxy.content.dialects import Endpoint, recognise
from zoneproxy.content.locate import locate
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream import AnswerStream
from zoneproxy.content.window import Window

SETTINGS = ScanSettings(2, KEY)
TEXTS = {
    "resident id": f"his id is {resident_id(1)}, he says",
    "resident id, spaced": "id " + " ".join(resident_id(2)) + " done",
    "old resident id": "身份证110101900307123。好",
    "mobile": "call 138 1234 5678 now",
    "mobile with code": "tel +86-138-1234-5678 ok",
    "landline": "电话：0754-88123456，谢谢",
    "bank card": "卡号 6222 0212 3456 7890 128 完",
    "credit code": "code 91350100M000100Y43 ok",
    "passport": "护照号 EE9627948 已收",
    "permit": "通行证 C12345678 已收",
    "plate": "车牌粤B12345，在此",
    "mail": "mail li.wei@qq.com now",
    "host": "see https://www.shantou.gov.cn/index now",
    "ip": "from 114.114.114.114 now",
    "ip six": "from 240e:3a0:1:2::5 now",
    "account": "微信号：zhang_2024。好",
    "address": "住在广东省汕头市龙湖区金砂路8号，好",
    "mark": "密级：机密★ 本文",
    "list of digits": "1 2 3 4 5 6 7 8 9 0 " * 9,
    "table": "2024-01-13 10:00,87.9,157\n2024-05-03 17:26,1.5,138\n",
}


def known(endpoint: Endpoint | None) -> Endpoint:
    """The endpoint, which is there."""
    assert endpoint is not None
    return endpoint


def streamed(chunks):
    window = Window(SETTINGS)
    hits = []
    for chunk in chunks:
        hits += window.grow(chunk)
    return sorted({(hit.kind, hit.value) for hit in hits + window.grow("", final=True)})


def whole(text):
    return sorted({(hit.kind, hit.value) for hit in locate(text, SETTINGS).hits})


@pytest.mark.parametrize("name", TEXTS)
def test_every_detector_says_the_same_in_every_split(name):
    """Z11: no differences, wherever the text is cut; and every detector finds its own."""
    text = TEXTS[name]
    assert bool(whole(text)) == (name not in {"list of digits", "table"})
    for width in (1, 2, 3, 5, 8, 13):
        assert streamed([text[at : at + width] for at in range(0, len(text), width)]) == whole(text)
    assert_chunk_invariant(
        lambda chunks: [repr(streamed(list(chunks)))], lambda all_: repr(whole(all_)), text[:48], splits=2
    )


@settings(max_examples=30)
@given(st.lists(st.sampled_from(list(TEXTS.values())), min_size=1, max_size=3), st.data())
def test_any_mixture_in_any_split(texts, data):
    """Zero differences between streamed and whole, for texts that follow one another."""
    text = "\n\n".join(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert streamed(pieces) == whole(text)


def _tool(text):
    call = {"index": 0, "function": {"arguments": text}}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
    return b"data: " + json.dumps({"id": "a", "choices": [choice]}).encode() + b"\n\n"


def _json_delta(text):
    delta = {"type": "input_json_delta", "partial_json": text}
    return anthropic_event("content_block_delta", index=0, delta=delta)


def _thinking(text):
    delta = {"type": "thinking_delta", "thinking": text}
    return anthropic_event("content_block_delta", index=0, delta=delta)


def _arguments(text):
    return responses_event("function_call_arguments.delta", output_index=0, item_id="i", delta=text)


_STOP = anthropic_event("message_stop")
_COMPLETED = responses_event("completed", response={"id": "r"})
CHANNELS = {
    "chat content": ("/v1/chat/completions", chat_chunk, DONE),
    "chat reasoning": (
        "/v1/chat/completions",
        lambda text: chat_chunk(text, field="reasoning_content"),
        DONE,
    ),
    "chat refusal": ("/v1/chat/completions", lambda text: chat_chunk(text, field="refusal"), DONE),
    "chat second choice": ("/v1/chat/completions", lambda text: chat_chunk(text, index=1), DONE),
    "chat tool arguments": ("/v1/chat/completions", _tool, DONE),
    "messages text": ("/v1/messages", text_delta, _STOP),
    "messages tool input": ("/v1/messages", _json_delta, _STOP),
    "messages thinking": ("/v1/messages", _thinking, _STOP),
    "responses text": ("/v1/responses", output_delta, _COMPLETED),
    "responses arguments": ("/v1/responses", _arguments, _COMPLETED),
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("width", [1, 4, 400])
def test_every_channel_finds_what_the_whole_text_holds(channel, width):
    """Z11: the same kinds through every channel, token by token and at once."""
    path, event, end = CHANNELS[channel]
    for name, text in TEXTS.items():
        stream = AnswerStream(known(recognise("POST", path)), SETTINGS, strip_usage=False)
        wire = b"".join(event(text[at : at + width]) for at in range(0, len(text), width)) + end
        step = stream.feed(wire)
        kinds = {finding.kind for finding in (*step.findings, *stream.end().findings)}
        assert kinds == {kind for kind, _ in whole(text)}, name
