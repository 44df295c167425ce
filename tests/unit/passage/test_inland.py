"""`zoneproxy.passage.inland`: what is returned can be known again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.zone_world import CHAT, NOW_MS, ROOT, STREAMED_CHAT, Receipts, body, head, passage, pin
from zoneproxy.content.canary import CUE, mark
from zoneproxy.content.returned import Returned
from zoneproxy.passage.commands import Command, Release, Write
from zoneproxy.passage.events import AnswerBody, AnswerChunk, AnswerEnd, AnswerHead, Recorded
from zoneproxy.passage.inland import _places
from zoneproxy.passage.machine import Passage
from zoneproxy.policy.bundle import Policy, load

RECORDED = Recorded(Receipts().next())
SECRET = bytes(range(32))
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "text/event-stream"),)
OWN = mark(SECRET, "toyco-sg", NOW_MS // 86_400_000)


def planting() -> tuple[Policy, ...]:
    made = []
    for name in ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml"):
        text = (ROOT / "policies" / name).read_text("utf-8")
        text = text.replace("{retain: P3Y}", "{retain: P3Y, canary: tenant_day}")
        made.append(load(text.encode(), name))
    return tuple(made)


def begin(*, policies: tuple[Policy, ...] | None = None) -> Passage:
    way = passage()
    rules = way.exchange.rules
    way.exchange.rules = replace(
        rules, policies=policies or rules.policies, scan=replace(rules.scan, canary_key=SECRET)
    )
    way.exchange.keep = lambda _prints: None
    return way


def record(orders: list[Command]) -> Write:
    (order,) = orders
    assert isinstance(order, Write)
    return order


def inside(way: Passage, *, streamed: bool = False) -> Passage:
    for event in (head(), body(STREAMED_CHAT if streamed else CHAT), RECORDED):
        way.receive(event)
    way.receive(AnswerHead(200, SSE if streamed else JSON, pin()))
    return way


def event(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def test_a_whole_answer_bears_the_tenants_canary() -> None:
    """Z7: once, at the end of the first text, and the record says so."""
    way = inside(begin(policies=planting()))
    answer = json.dumps({"choices": [{"message": {"content": "a fine day"}}]}).encode()
    made = record(way.receive(AnswerBody(answer, pin())))
    assert (made.body["canary"], made.body["oblig"]["canary"]) == (True, "tenant_day")
    (release,) = way.receive(RECORDED)
    assert isinstance(release, Release)
    assert json.loads(release.body)["choices"][0]["message"]["content"] == f"a fine day{OWN}"


@pytest.mark.parametrize("said", ['{"a": 1}', ""])
def test_an_answer_that_can_not_bear_one_says_so(said: str) -> None:
    """An answer that is JSON, or empty, goes byte for byte, and the record has no canary."""
    way = inside(begin(policies=planting()))
    answer = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
    made = record(way.receive(AnswerBody(answer, pin())))
    assert made.body["canary"] is False
    (release,) = way.receive(RECORDED)
    assert isinstance(release, Release)
    assert release.body == answer


def test_a_stream_bears_it_too() -> None:
    """Z7: in an event of its own."""
    way = inside(begin(policies=planting()), streamed=True)
    out = b""
    for word in ("Of", " course", " it", " is"):
        out += b"".join(getattr(order, "data", b"") for order in way.receive(AnswerChunk(event(word))))
    assert out.decode().count(OWN) == 1
    way.receive(AnswerChunk(b"data: [DONE]\n\n"))
    assert record(way.receive(AnswerEnd(pin()))).body["canary"] is True


def test_nobodys_canary_comes_back_but_ones_own() -> None:
    """Z7: a tenant may repeat what it was told; what another was told is a returned result."""
    own = begin()
    own.receive(head())
    assert (
        record(own.receive(body(CHAT.replace(b"hello", f"hello{OWN}".encode())))).body["verdict"] == "allow"
    )
    other = begin()
    other.receive(head())
    foreign = mark(SECRET, "somebody-else", 20_000)
    made = record(other.receive(body(CHAT.replace(b"hello", f"hello{foreign}".encode()))))
    assert made.body["verdict"] == "deny"
    assert made.body["facts"]["data.categories"] == ["returned_result"]


def test_fingerprints_are_those_of_what_was_said() -> None:
    """Whole or streamed, the same text has the same fingerprints, and no text is kept."""
    text = "The quick brown fox jumps over the lazy dog, and then it does so again and again. " * 6
    way = inside(begin())
    way.receive(AnswerBody(json.dumps({"choices": [{"message": {"content": text}}]}).encode(), pin()))
    streamed = inside(begin(), streamed=True)
    for at in range(0, len(text), 5):
        streamed.receive(AnswerChunk(event(text[at : at + 5])))
    expected = Returned(SECRET)
    expected.grow((), text)
    for one in (way, streamed):
        assert one.exchange.returned is not None
        assert expected.prints() <= one.exchange.returned.prints()
    assert CUE not in text


def test_nothing_is_kept_where_nobody_keeps_it() -> None:
    """Without the part in `zone.yaml` there are no fingerprints and no canaries."""
    way = inside(passage())
    assert way.exchange.returned is None


@pytest.mark.parametrize(
    ("document", "texts"),
    [
        ({"choices": [{"message": {"content": "a"}}, {"text": "b"}]}, ["a", "b"]),
        ({"content": [{"type": "text", "text": "c"}]}, ["c"]),
        ({"output": [{"content": [{"text": "d"}]}]}, ["d"]),
        ({"choices": "x"}, []),
        (["a"], []),
    ],
)
def test_each_dialect_has_its_texts(document: Any, texts: list[str]) -> None:
    """OpenAI's three and Anthropic's."""
    assert [holder[key] for holder, key in _places(document)] == texts
