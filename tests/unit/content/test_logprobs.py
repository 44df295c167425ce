"""`zoneproxy.content.logprobs`: what is spelled out token by token is read as the text that it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.content.identifiers import DONE, KEY, resident_id
from zoneproxy.content.answer import read_answer
from zoneproxy.content.dialects import recognise
from zoneproxy.content.logprobs import bears_tokens, spelled
from zoneproxy.content.mask import mask_value
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream import AnswerStream

SETTINGS = ScanSettings(2, KEY)
VALUE = resident_id(7)
PIECES = [VALUE[at : at + 3] for at in range(0, len(VALUE), 3)]
"""As a tokenizer cuts numbers: three digits each, of which none is anything by itself."""


def entries(pieces: list[str]) -> list[dict[str, Any]]:
    return [
        {"token": piece, "logprob": -0.5, "bytes": list(piece.encode()), "top_logprobs": []}
        for piece in pieces
    ]


FORMS: dict[str, Any] = {
    "chat": lambda pieces: {"content": entries(pieces), "refusal": None},
    "refusal": lambda pieces: {"content": None, "refusal": entries(pieces)},
    "completions": lambda pieces: {"tokens": pieces, "token_logprobs": [-0.5] * len(pieces)},
    "responses": entries,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_an_identifier_in_tokens_is_found_in_a_whole_answer(form: Any) -> None:
    """Z11: the text itself may be clean; its tokens are text, too."""
    answer = {"choices": [{"message": {"content": "fine"}, "logprobs": form(PIECES)}]}
    reading = read_answer(
        recognise("POST", "/v1/chat/completions"),
        200,
        "application/json",
        None,
        json.dumps(answer).encode(),
        SETTINGS,
    )
    assert [found.kind for found in reading.findings] == ["cn_resident_id"]


@pytest.mark.parametrize(
    "value", [None, True, 3, "13", [], {}, {"content": None}, {"content": [1, {"token": 2}]}]
)
def test_what_spells_nothing_gives_nothing(value: Any) -> None:
    """A request's `logprobs: true` is a wish; forms nobody knows are walked as any JSON."""
    assert list(spelled(value)) == []
    assert not bears_tokens({"choices": [{"logprobs": value}]})


def test_what_bears_its_tokens_has_no_masked_form() -> None:
    """Z11: a masked text beside its own tokens would be no secret, however these are cut and marked."""
    clean: dict[str, Any] = {"choices": [{"message": {"content": VALUE}, "logprobs": None}]}
    assert mask_value(clean, SETTINGS) is not None
    for pieces in (PIECES, [f"\u2581{piece}" for piece in PIECES]):
        clean["choices"][0]["logprobs"] = {"content": entries(pieces)}
        assert mask_value(clean, SETTINGS) is None
    fine = {"choices": [{"message": {"content": "fine"}, "logprobs": {"content": entries(["fine"])}}]}
    made = mask_value(fine, SETTINGS)
    assert made is not None
    assert made.value == fine


# ---- streams ------------------------------------------------------------------------------------------


def chunk(text: str, tokens: list[str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "logprobs": {"content": entries(tokens)}}
    return f"data: {json.dumps({'choices': [choice | {'finish_reason': finish}]})}\n\n".encode()


def response(text: str, tokens: list[str]) -> bytes:
    event = {
        "type": "response.output_text.delta",
        "output_index": 0,
        "content_index": 0,
        "delta": text,
        "logprobs": entries(tokens),
    }
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def completion(text: str, tokens: list[str]) -> bytes:
    choice = {"index": 0, "text": text, "logprobs": {"tokens": tokens}, "finish_reason": None}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


STREAMS = {
    "/v1/chat/completions": chunk,
    "/v1/completions": completion,
    "/v1/responses": response,
}


def run(
    path: str, said: list[str], tokens: list[str], *, masks: bool = False
) -> tuple[bytes, AnswerStream, list[str]]:
    """Stream an answer whose text and tokens may say different things, until something is found."""
    endpoint = recognise("POST", path)
    assert endpoint is not None
    made, out, found = AnswerStream(endpoint, SETTINGS, strip_usage=False, masks=masks), b"", list[str]()
    for text, token in zip([*said, " and", " on"], [*tokens, " and", " on"], strict=True):
        step = made.feed(STREAMS[path](text, [token]))
        assert step.state == "ok"
        found += [one.kind for one in step.findings]
        if found:
            return out, made, found
        out += step.release
    return out, made, found


@pytest.mark.parametrize("path", STREAMS)
def test_an_identifier_in_the_tokens_of_a_stream_is_found_before_it_left(path: str) -> None:
    """Z11, Z13: its tokens come event by event, beside a text that is clean."""
    out, _, found = run(path, ["x"] * len(PIECES), PIECES)
    assert found == ["cn_resident_id"]
    assert PIECES[0].encode() not in out


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_that_bears_its_tokens_cannot_be_masked(path: str) -> None:
    """Z11: what is found in the text or in its tokens ends it, where without tokens it would go masked."""
    for said, tokens in (
        (PIECES, PIECES),
        (PIECES, ["\u2581x"] * len(PIECES)),
        (["x"] * len(PIECES), PIECES),
    ):
        _, made, found = run(path, said, tokens, masks=True)
        assert set(found) == {"cn_resident_id"}
        assert not made.maskable


def test_ordinary_tokens_go_as_they_come() -> None:
    """Nothing waits for the sake of tokens that are words, whatever frame their events have."""
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    made = AnswerStream(endpoint, SETTINGS, strip_usage=False)
    for word in (" one", " two", " two", " three"):
        event = chunk(word, [word])
        assert made.feed(event).release == event
    assert made.feed(chunk("", [], "stop")).state == "ok"
    assert made.feed(DONE).release == b""
    assert made.end().state == "ok"


def test_tokens_at_the_very_end_are_found() -> None:
    """A number at the end of an answer ends with it."""
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    made = AnswerStream(endpoint, SETTINGS, strip_usage=False)
    for piece in PIECES:
        assert not made.feed(chunk("x", [piece])).findings
    assert [one.kind for one in made.feed(chunk("", [], "stop")).findings] == ["cn_resident_id"]
