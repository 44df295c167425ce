"""`zoneproxy.content.realtime_stream`: what a server says is released whole, in order, or held back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.content.json_seq import decode, encode
from zoneproxy.content.realtime_stream import RealtimeAnswer, RealtimeStream
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream_step import StreamStep

ID = "110101199003074610"


def stream(*, masks: bool = False, **given: Any) -> RealtimeAnswer:
    """What the first exchange of a session hears."""
    return RealtimeStream(ScanSettings(2, bytes(32)), **given).share(None, masks=masks)


def asked(*, masks: bool = False, **given: Any) -> RealtimeAnswer:
    """A stream in an answer."""
    made = stream(masks=masks, **given)
    made.whole.ask("e1")
    assert feed(made, "response.created", response={"id": "r"}).state == "ok"
    return made


def feed(to: RealtimeAnswer, kind: str, **event: Any) -> StreamStep:
    return to.feed(encode(json.dumps({"type": kind, **event})))


def delta(to: RealtimeAnswer, text: str, **place: Any) -> StreamStep:
    return feed(to, "response.output_text.delta", response_id="r", item_id="i", delta=text, **place)


def kinds(data: bytes) -> list[str]:
    return [json.loads(text)["type"] for text in decode(data)]


def test_messages_go_whole_and_in_order() -> None:
    """Z11: what is clean goes at once, byte for byte."""
    made = asked()
    raw = encode(
        '{ "type":"response.output_text.delta","response_id":"r","item_id":"i", "delta":"Hi \\u00e9 " }'
    )
    assert made.feed(raw).release == raw
    assert (delta(made, "there").grown, delta(made, "x").text_bytes > 0) == (1, True)


def test_an_identifier_across_messages_is_held_and_found() -> None:
    """Z11: no digit leaves before it is known what it is part of; all behind it waits too."""
    made = asked()
    assert kinds(delta(made, "number ").release) == ["response.output_text.delta"]
    for piece in (ID[:6], ID[6:14]):
        assert delta(made, piece).release == b""
    assert feed(made, "rate_limits.updated", rate_limits=[]).release == b""
    step = delta(made, ID[14:] + " and")
    assert [finding.kind for finding in step.findings] == ["cn_resident_id"]


def test_what_waited_goes_with_the_end_of_its_text() -> None:
    """Z11: digits that become nothing leave with the piece that ends the text, before anything else."""
    made = asked()
    assert delta(made, "12345").release == b""
    step = feed(made, "response.output_text.done", response_id="r", item_id="i", text="12345")
    assert kinds(step.release) == ["response.output_text.delta", "response.output_text.done"]


def test_another_channel_is_another_text() -> None:
    """Z11: two halves of different texts are no identifier."""
    made = asked()
    delta(made, ID[:9])
    step = feed(made, "response.output_text.delta", response_id="r", item_id="other", delta=ID[9:] + " ")
    assert step.findings == ()


def test_the_end_of_an_answer_is_given_back_by_end_alone() -> None:
    """Z13: the last message waits for the record; the next answer begins anew."""
    made = asked()
    delta(made, "hello 1234")
    step = feed(made, "response.done", response={"id": "r", "usage": {"input_tokens": 1}})
    assert (kinds(step.release), made.whole.over) == (["response.output_text.delta"], True)
    assert [document["type"] for document in step.usage_events] == ["response.done"]
    last = made.end()
    assert (kinds(last.terminal), last.release, made.whole.over) == (["response.done"], b"", False)
    made.whole.ask("e2")
    assert feed(made, "response.created", response={"id": "r2"}).state == "ok"


def test_a_session_without_an_answer_ends_whole() -> None:
    """Z13: what waited of the session's own goes with its end; an answer that is open makes it truncated."""
    made = stream()
    feed(made, "conversation.item.input_audio_transcription.delta", item_id="i", delta="12345")
    assert kinds(made.end().release) == ["conversation.item.input_audio_transcription.delta"]
    assert asked().end().state == "truncated"


UNASKED: dict[str, tuple[bool, list[dict[str, Any]]]] = {
    "an answer": (False, [{"type": "response.created", "response": {"id": "r"}}]),
    "a piece": (False, [{"type": "response.output_text.delta", "response_id": "r", "delta": "x"}]),
    "an end": (False, [{"type": "response.done", "response": {"id": "r"}}]),
    "a second answer": (True, [{"type": "response.created", "response": {"id": "r2"}}]),
    "a piece of another": (True, [{"type": "response.output_text.delta", "response_id": "r2", "delta": "x"}]),
    "a piece of none": (True, [{"type": "response.output_text.delta", "delta": "x"}]),
    "the end of another": (True, [{"type": "response.done", "response": {"id": "r2"}}]),
    "a piece behind the end": (
        True,
        [
            {"type": "response.done", "response": {"id": "r"}},
            {"type": "response.output_text.delta", "response_id": "r", "delta": "x"},
        ],
    ),
    "an unknown type": (True, [{"type": "response.later", "response_id": "r"}]),
    "no type": (True, [{"kind": "x"}]),
}


@pytest.mark.parametrize("name", UNASKED)
def test_what_nobody_asked_for_refuses(name: str) -> None:
    """Z18, Z22: nothing of it is released, nor anything after it."""
    answering, events = UNASKED[name]
    made = asked() if answering else stream()
    *before, last = [made.feed(encode(json.dumps(event))) for event in events]
    assert all(step.state == "ok" for step in before)
    assert (last.state, last.release) == ("unreadable", b"")
    assert made.feed(encode('{"type": "session.updated"}')).release == b""
    assert made.end().terminal == b""


def test_a_server_that_refuses_to_answer_ends_the_answer() -> None:
    """Z6: only by the name of what asked, and only before the answer began."""
    made = stream()
    made.whole.ask("e1")
    feed(made, "error", error={"message": "other", "event_id": "e0"})
    assert not made.whole.over
    feed(made, "error", error={"message": "no", "event_id": "e1"})
    assert (made.whole.over, kinds(made.end().terminal)) == (True, ["error"])
    begun = asked()
    feed(begun, "error", error={"message": "no", "event_id": "e1"})
    assert not begun.whole.over


def test_one_answer_at_a_time() -> None:
    """Z18: whose tokens are whose can't be told of two."""
    made = asked()
    with pytest.raises(ValueError, match="under way"):
        made.whole.ask("e2")


def test_sound_is_a_finding() -> None:
    """Z11: it can't be looked into, and its transcript can."""
    made = asked()
    step = feed(made, "response.output_audio.delta", response_id="r", item_id="i", delta="AAEAgP//")
    assert [finding.kind for finding in step.findings] == ["uninspectable"]


@pytest.mark.parametrize("size", [2000, 50])
def test_a_message_that_is_too_large_refuses(size: int) -> None:
    """Z22: by its own size; and what waits has a bound too."""
    made = asked(max_message_bytes=1000)
    state = delta(made, "x" * size).state
    assert state == ("too_large" if size > 1000 else "ok")
    held = stream(max_message_bytes=400)
    steps = [feed(held, "rate_limits.updated", name="1" * 9)]
    feed(held, "conversation.item.input_audio_transcription.delta", item_id="i", delta="1101011990")
    steps = [feed(held, "rate_limits.updated", name=f"w{number}" * 40) for number in range(20)]
    assert steps[-1].state == "too_large"


def test_what_is_dropped_is_gone() -> None:
    """Z13: after a cut nothing of what waited comes out by the session's own end."""
    made = asked()
    delta(made, "12345")
    made.whole.drop()
    step = made.end()
    assert (step.state, step.release, step.terminal) == ("ok", b"", b"")


TOKEN = "[masked:cn_resident_id]"


def shown(data: bytes) -> str:
    """The text that pieces of an answer make."""
    return "".join(json.loads(text).get("delta", "") for text in decode(data))


@pytest.mark.parametrize("width", [1, 2, 7, 60])
def test_what_is_masked_depends_on_no_cuts(width: int) -> None:
    """Z11: no digit leaves, one token stands where the number began, and repeats say the same."""
    made, text, out = asked(masks=True), f"sure: {ID} and that is all", b""
    for at in range(0, len(text), width):
        step = delta(made, text[at : at + width])
        assert step.findings == () or step.release == b""
        out += step.release + (made.proceed(mask=True).release if step.findings else b"")
    place = {"response_id": "r", "item_id": "i", "content_index": 0}
    for kind, event in (
        ("response.output_text.done", {"text": text, **place}),
        ("response.content_part.done", {"part": {"type": "text", "text": text}, **place}),
        ("response.done", {"response": {"id": "r", "output": [{"content": [{"text": text}]}]}}),
    ):
        step = feed(made, kind, **event)
        out += step.release + made.proceed(mask=True).release
    last = made.end()
    out += last.release + last.terminal
    assert made.maskable
    assert shown(out) == f"sure: {TOKEN} and that is all"
    assert ID not in out.decode()
    assert out.decode().count(TOKEN) == 4
    assert made.masked == {"cn_resident_id": 4}


def test_findings_wait_for_their_judgement_where_masks_may_be_ordered() -> None:
    """Z11: nothing goes before `proceed`; what is not ordered to be masked goes as it is."""
    made = asked(masks=True)
    step = delta(made, f"{ID} here")
    assert (bool(step.findings), step.release, made.maskable) == (True, b"", True)
    assert shown(made.proceed(mask=False).release) == f"{ID} here"
    step = feed(made, "response.output_text.done", response_id="r", item_id="i", text=f"{ID} here")
    assert bool(step.findings)
    assert ID in made.proceed(mask=False).release.decode()
    assert made.masked == {}


UNMASKABLE: dict[str, dict[str, Any]] = {
    "sound": {"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": "AAEAgP//"},
    "a name": {"type": "response.output_item.added", "response_id": "r", "item": {ID: 1}},
    "a number": {"type": "response.output_item.added", "response_id": "r", "item": {"n": int(ID)}},
    "beside a text that grows": {
        "type": "response.output_text.delta", "response_id": "r", "item_id": ID, "delta": "x ",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", UNMASKABLE)
def test_what_cannot_be_masked_is_told(name: str) -> None:
    """Z11, Z22: whoever orders a mask then must refuse, and nothing was released."""
    made = asked(masks=True)
    step = made.feed(encode(json.dumps(UNMASKABLE[name])))
    assert (bool(step.findings), step.release, made.maskable) == (True, b"", False)
    with pytest.raises(ValueError, match="masked"):
        made.proceed(mask=True)


def said(to: RealtimeAnswer, text: str) -> StreamStep:
    return feed(to, "conversation.item.input_audio_transcription.delta", item_id="u", delta=text)


def test_a_text_that_lies_in_two_exchanges_is_masked_in_neither() -> None:
    """Z15: tokens count in the record of the exchange that was judged, or nothing goes."""
    own = stream(masks=True)
    said(own, f"my number is {ID[:9]}")
    answer = own.whole.share(None, masks=True)
    step = said(answer, ID[9:] + " ok")
    assert (bool(step.findings), answer.maskable, own.maskable) == (True, False, True)


def test_tokens_count_where_their_message_came() -> None:
    """Z15: a message that still waits when an answer begins leaves masked, and counts in its own record."""
    own = stream(masks=True)
    step = said(own, f"I am {ID}, at 12")
    assert bool(step.findings)
    assert own.proceed(mask=True).release == b""
    answer = own.whole.share(None, masks=True)
    assert f"I am {TOKEN}, at 12" in said(answer, " ok ").release.decode()
    assert (own.masked, answer.masked) == ({"cn_resident_id": 1}, {})


def test_texts_that_are_forgotten_leave_no_spans_behind() -> None:
    """Z11: whatever makes room, what waits is masked, and a new text at its place is its own."""
    own = stream(masks=True)
    for number in range(200):
        place = {"item_id": f"i{number}"}
        piece = f"{ID} it is" if number % 2 else f"clean word {number} it is"
        kind = "conversation.item.input_audio_transcription.delta"
        step = feed(own, kind, delta=piece, **place)
        out = step.release or own.proceed(mask=True).release
        assert shown(out) == piece.replace(ID, TOKEN)
    assert own.masked == {"cn_resident_id": 100}
    for known in (own.whole._held._spans, own.whole._held._left, own.whole._owners):
        assert len(known) <= 128


def test_a_text_that_is_forgotten_is_masked_all_the_same() -> None:
    """Z11: its message waits behind another one's, while so many other texts come that it must make room."""
    own = stream(masks=True)
    kind = "conversation.item.input_audio_transcription.delta"
    assert feed(own, kind, delta="12345", item_id="first").release == b""
    feed(own, kind, delta=f"{ID} it is", item_id="second")
    assert own.proceed(mask=True).release == b""
    for number in range(70):
        assert feed(own, kind, delta="some words", item_id=f"i{number}").release == b""
    out = feed(own, kind, delta=" is it", item_id="first").release
    assert shown(out).startswith(f"12345{TOKEN} it is")
    assert shown(out).endswith("some words is it")


def test_a_canary_stands_once_and_in_all_repeats() -> None:
    """Z7: in the first text for people, at the same place wherever the answer repeats it."""
    made = asked()
    made.plant("\u2063")
    place = {"response_id": "r", "item_id": "i", "content_index": 0}
    out = b"".join(delta(made, piece).release for piece in ("Certain", "ly, ", "here you are "))
    text = "Certainly, here you are "
    out += feed(made, "response.output_text.done", text=text, **place).release
    out += feed(
        made, "conversation.item.done", item={"id": "i", "content": [{"type": "output_text", "text": text}]}
    ).release
    out += feed(made, "conversation.item.added", item={"id": "u", "content": [{"text": text}]}).release
    feed(made, "response.done", response={"id": "r", "output": [{"id": "i", "content": [{"text": text}]}]})
    last = made.end()
    assert (made.planted, shown(out)) == (True, "Certainly,\u2063 here you are ")
    kept = [json.loads(one) for one in decode(out + last.terminal)]
    assert kept[-4]["text"] == kept[-3]["item"]["content"][0]["text"] == "Certainly,\u2063 here you are "
    assert kept[-1]["response"]["output"][0]["content"][0]["text"] == "Certainly,\u2063 here you are "
    assert kept[-2]["item"]["content"][0]["text"] == text  # the caller's own words


def test_what_grows_is_told_and_what_fails_stays_failed() -> None:
    """Z8: fingerprints are taken of what an exchange shows; bytes that are no message end it."""
    told: list[str] = []
    made = stream().whole.share(lambda _, text: told.append(text), masks=False)
    made.whole.ask("e1")
    feed(made, "response.created", response={"id": "r"})
    delta(made, "hello ")
    delta(made.whole.share(None, masks=False), "world ")
    assert told == ["hello "]
    made.whole.fail("too_large")
    made.whole.fail("unreadable")
    assert made.feed(b"").state == "too_large"


def test_texts_that_have_ended_make_room_and_others_do_not() -> None:
    """Z22: a session may have any number of texts one after the other, and only so many at once."""
    made = stream()
    for number in range(200):
        place = {"item_id": f"i{number}"}
        feed(made, "conversation.item.input_audio_transcription.delta", delta="hello 12345", **place)
        step = feed(made, "conversation.item.input_audio_transcription.completed", transcript="x", **place)
        assert step.state == "ok"
    states = [
        feed(made, "conversation.item.input_audio_transcription.delta", delta="12345", item_id=f"j{n}").state
        for n in range(80)
    ]
    assert (states[0], states[-1]) == ("ok", "unreadable")
