"""Masked streams: no character of an identifier leaves, whatever the cuts, and events stay what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_content_chunks import CHANNELS, TEXTS, known
from tests.unit.content.identifiers import DONE, KEY, chat_chunk, resident_id
from zoneproxy.content.dialects import recognise
from zoneproxy.content.mask import mask_value
from zoneproxy.content.scan import ScanSettings, scan_strings
from zoneproxy.content.stream import AnswerStream
from zoneproxy.terms.finding import Segment

SETTINGS = ScanSettings(2, KEY)
CHAT = "/v1/chat/completions"
MASKABLE = {
    name: text
    for name, text in TEXTS.items()
    if name in {"resident id", "resident id, spaced", "mobile", "mobile with code", "bank card",
                "credit code", "passport", "permit", "plate", "host", "ip", "ip six", "old resident id"}
}  # fmt: skip


def run(path: str, pieces: list[bytes]) -> tuple[AnswerStream, bytes]:
    """Feed a stream that masks; return what leaves, with its end."""
    stream = AnswerStream(known(recognise("POST", path)), SETTINGS, strip_usage=False, masks=True)
    out = b""
    for piece in pieces:
        step = stream.feed(piece)
        assert step.state == "ok"
        out += step.release
        if step.findings:
            assert not step.release
            out += stream.proceed(mask=True).release
    step = stream.end()
    if step.findings:
        step = stream.proceed(mask=True)
    return stream, out + step.release + step.terminal


def grown(wire: bytes) -> str:
    """The text of the only channel, put together as a client does."""
    texts: list[str] = []
    for line in wire.decode().splitlines():
        if not line.startswith("data: {"):
            continue
        texts.extend(_texts(json.loads(line.removeprefix("data: "))))
    return "".join(texts)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = []
        for key, inner in value.items():
            if key in {"content", "reasoning_content", "refusal", "arguments", "text", "partial_json",
                       "thinking", "delta"} and isinstance(inner, str):  # fmt: skip
                found.append(inner)
            else:
                found.extend(_texts(inner))
        return found
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []


@pytest.mark.parametrize("name", MASKABLE)
@pytest.mark.parametrize("channel", list(CHANNELS))
def test_each_channel_masks_each_identifier(channel: str, name: str) -> None:
    """Z11: streamed, the same identifiers are masked as in the whole text, and events stay valid JSON."""
    path, event, end = CHANNELS[channel]
    text = MASKABLE[name]
    outs = set()
    for width in (1, 3, 5, len(text)):
        pieces = [event(text[at : at + width]) for at in range(0, len(text), width)]
        stream, out = run(path, [*pieces, end])
        assert stream.maskable
        assert sum(stream.masked.values()) >= 1
        outs.add(grown(out))
    assert len(outs) == 1, outs
    (made,) = outs
    assert "[masked:" in made
    assert not scan_strings([(Segment.OUTPUT, made)], SETTINGS)


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from([*MASKABLE.values(), resident_id(5), " and ", ", ", "好", "12 apples "]),
            st.text(alphabet="abcdefgh 123456,.:-好的", max_size=8),
        ),
        min_size=1,
        max_size=6,
    ),
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=30),
)
def test_masking_does_not_depend_on_the_cuts(parts: list[str], cuts: list[int]) -> None:
    """Z11: one character at a time and at once give the same text, or both refuse to mask."""
    text = "".join(parts)
    whole = run(CHAT, [chat_chunk(text) + DONE])
    singles = run(CHAT, [*(chat_chunk(one) for one in text), DONE])
    pieces: list[bytes] = []
    at = 0
    while at < len(text):
        width = cuts[len(pieces) % len(cuts)]
        pieces.append(chat_chunk(text[at : at + width]))
        at += width
    other = run(CHAT, [*pieces, DONE])
    able = {made.maskable for made, _ in (whole, singles, other)}
    if able == {True}:
        assert grown(whole[1]) == grown(singles[1]) == grown(other[1])
        left = scan_strings([(Segment.OUTPUT, grown(whole[1]))], SETTINGS)
        assert not [one for one in left if one.kind in {"cn_resident_id", "cn_bank_card"}]


def test_a_whole_answer_and_its_stream_say_the_same() -> None:
    """Z11: the token does not tell the length, and equal values each get one."""
    text = f"first {resident_id(1)} then {resident_id(2)} and {resident_id(1)} again"
    made = mask_value({"choices": [{"message": {"content": text}}]}, SETTINGS)
    assert made is not None
    content = made.value["choices"][0]["message"]["content"]
    assert content.count("[masked:cn_resident_id]") == 3
    assert made.counts == {"cn_resident_id": 3}
    stream, out = run(CHAT, [chat_chunk(text[at : at + 4]) for at in range(0, len(text), 4)] + [DONE])
    assert grown(out) == content
    assert stream.masked == {"cn_resident_id": 3}
