"""`zoneproxy.content.realtime_held`: messages leave as they came, masked, or with a canary at one place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.content.held import Growth
from zoneproxy.content.json_seq import decode
from zoneproxy.content.mask import Span
from zoneproxy.content.realtime_held import HeldMessages, Message, Share
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.window import Window

SIGN = "\u2063"
TEXT = ("r", "i", 0, "response.output_text")


class Told:
    """An answer in pieces."""

    def __init__(self, channel: tuple[Any, ...] = TEXT, canary: str = SIGN) -> None:
        self.held, self.share = HeldMessages(), Share(canary=canary)
        self.window, self.channel = Window(ScanSettings(2, bytes(32))), channel

    def say(self, text: str) -> str:
        document = {"type": "d", "delta": text}
        start = self.window.end
        self.window.grow(text, final=True)
        growth = Growth(self.window, start, self.window.end, document, "delta")
        raw = f"\x1e{json.dumps(document)}\n".encode()
        self.held.wait(Message(raw, [growth], None, document, share=self.share, channel=self.channel))
        (told,) = decode(self.held.release())
        return str(json.loads(told)["delta"])

    def repeat(self, document: dict[str, Any]) -> Any:
        raw = f"\x1e{json.dumps(document)}\n".encode()
        self.held.wait(Message(raw, [], None, document, share=self.share))
        (told,) = decode(self.held.release())
        return json.loads(told)


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["Hello world again"], f"Hello{SIGN} world again"),
        (["Hel", "lo", " world"], f"Hello{SIGN} world"),
        (["Hello ", "world "], f"Hello{SIGN} world "),
        ([" ", " Hello", " world"], f"  Hello{SIGN} world"),
        (["你好", "\uff0c世界"], f"你好\uff0c{SIGN}世界"),
        (["one", "word", "only"], "onewordonly"),
        (['{"a": 1', ', "b": 2}'], '{"a": 1, "b": 2}'),
        (["```py ", "x = 1 "], "```py x = 1 "),
        (["x" * 5000, " y"], "x" * 5000 + " y"),
    ],
    ids=["one piece", "a word in pieces", "spaces behind", "spaces first", "no spaces", "no place", "JSON",
         "code", "too late"],
)  # fmt: skip
def test_where_a_canary_stands(pieces: list[str], shown: str) -> None:
    """Z7: between two words, or behind a clause; in no JSON, no code, and never twice."""
    told = Told()
    assert "".join(map(told.say, pieces)) == shown
    assert told.share.planted is (SIGN in shown)


def test_where_none_is_ordered_bytes_are_as_they_came() -> None:
    """What nobody changes goes byte for byte."""
    told = Told(canary="")
    assert told.say("Hello world") == "Hello world"
    held, raw = HeldMessages(), b'\x1e{ "type" :"x"}\n'
    held.wait(Message(raw))
    assert held.release() == raw


@pytest.mark.parametrize("kind", ["response.function_call_arguments", "response.mcp_call_arguments"])
def test_a_text_that_is_not_for_people_bears_none(kind: str) -> None:
    """Z7: what a program reads stays as it is."""
    told = Told(("r", "i", 0, kind))
    assert told.say("Hello world") == "Hello world"
    assert not told.share.planted


def test_repeats_bear_it_at_the_same_place() -> None:
    """Z7: in the same item only, in its texts only."""
    told = Told()
    told.say("Hello world")
    item = {"id": "i", "role": "assistant", "content": [{"text": "Hello world"}, {"transcript": "Bye world"}]}
    shown = told.repeat({"item": item, "other": {"id": "u", "content": [{"text": "Hello world"}]}})
    assert shown["item"]["content"] == [{"text": f"Hello{SIGN} world"}, {"transcript": "Bye world"}]
    assert shown["other"]["content"] == [{"text": "Hello world"}]
    assert told.repeat({"item_id": "i", "text": "Hello world", "name": "Hello world"}) == {
        "item_id": "i",
        "text": f"Hello{SIGN} world",
        "name": "Hello world",
    }


def test_an_item_without_a_name_is_repeated_as_it_is() -> None:
    """It can't be told which of the repeats is the one."""
    told = Told(("r", "", 0, "response.output_text"))
    assert told.say("Hello world") == f"Hello{SIGN} world"
    assert told.repeat({"item_id": "", "text": "Hello world"})["text"] == "Hello world"


def test_what_is_dropped_is_gone() -> None:
    """Nothing of it waits any more."""
    held = HeldMessages()
    held.wait(Message(b"x"))
    held.drop_all()
    assert (held.release(), held.size) == (b"", 0)


def test_texts_are_forgotten_once_there_are_many_and_none_that_waits() -> None:
    """Z11: what still waits is masked; what is gone takes no memory."""
    held = HeldMessages()
    windows = [Window(ScanSettings(2, bytes(32))) for _ in range(200)]
    for window in windows:
        held.add(window, Span(0, 2, "k"), "delta")
    waits = windows[3]
    waits.grow("ab cd", final=True)
    document = {"delta": "ab cd"}
    held.wait(Message(b"x", [Growth(waits, 0, 5, document, "delta")], None, document))
    held.forget(windows[:2])
    assert set(held._spans) == {*windows[:2], waits}
    assert json.loads(decode(held.release())[0]) == {"delta": "[masked:k] cd"}
