"""`zoneproxy.content.held`: events wait until they are decided, and leave as they came or masked."""

from __future__ import annotations

import json

from tests.unit.content.identifiers import KEY
from zoneproxy.content.held import Growth, HeldEvents, Waiting
from zoneproxy.content.mask import Span
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.sse import read_event
from zoneproxy.content.window import Window

SETTINGS = ScanSettings(2, KEY)


def waiting(window: Window, text: str, name: str = "") -> Waiting:
    """An event that makes a window grow."""
    document = {"delta": text}
    start = window.end
    window.grow(text)
    head = f"event: {name}\n" if name else ""
    raw = f"{head}data: {json.dumps(document)}\n\n".encode()
    return Waiting(raw, [Growth(window, start, window.end, document, "delta")], read_event(raw), document)


def test_events_leave_in_their_order_and_unchanged() -> None:
    """What nobody masks goes byte for byte; an event behind a held one waits with it."""
    held, window = HeldEvents(), Window(SETTINGS)
    first, second, third = waiting(window, "so "), waiting(window, "138"), Waiting(b": ping\n\n")
    for one in (first, second, third):
        held.wait(one)
    assert held.release() == first.raw
    assert held.size == len(second.raw) + len(third.raw)
    window.grow("", final=True)
    assert held.release() == second.raw + third.raw
    assert held.size == 0


def test_a_span_over_two_events_gives_one_token_in_the_first() -> None:
    """The rest of the span is left out of the second, which keeps its name and its JSON."""
    held, window = HeldEvents(), Window(SETTINGS)
    first, second = waiting(window, "ab cd", "x"), waiting(window, "ef gh", "x")
    held.wait(first)
    held.wait(second)
    assert held.add(window, Span(3, 7, "k"), "delta") is not None
    assert held.release() == (
        b'event: x\ndata: {"delta":"ab [masked:k]"}\n\nevent: x\ndata: {"delta":" gh"}\n\n'
    )
    assert held.counts == {"k": 1}


def test_what_has_left_cannot_be_masked() -> None:
    """Z11: a span of which a character is gone is refused, unless that was masked already."""
    held, window = HeldEvents(), Window(SETTINGS)
    held.wait(waiting(window, "ab cd "))
    assert held.add(window, Span(3, 6, "k"), "delta") is not None
    held.release()
    assert held.add(window, Span(0, 8, "j"), "delta") is None
    assert held.add(window, Span(3, 8, "j"), "delta") is not None
    assert held.add(window, Span(7, 9, "i"), "delta") is not None


def test_a_bare_value_in_arguments_is_masked_as_a_string() -> None:
    """A number in streamed arguments becomes a string, one inside quotes a token."""
    held, window = HeldEvents(), Window(SETTINGS)
    held.wait(waiting(window, '{"a": 12, "b": "cd"} '))
    first = held.add(window, Span(6, 8, "k"), "arguments")
    second = held.add(window, Span(16, 18, "k"), "arguments")
    assert (first and first.quoted, second and second.quoted) == (True, False)
    out = held.release().decode()
    made = json.loads(json.loads(out.removeprefix("data: "))["delta"])
    assert made == {"a": "[masked:k]", "b": "[masked:k]"}


def test_a_span_that_is_dropped_is_masked_no_more() -> None:
    """What was judged to go unmasked goes as it came."""
    held, window = HeldEvents(), Window(SETTINGS)
    event = waiting(window, "ab cd ")
    held.wait(event)
    span = held.add(window, Span(0, 2, "k"), "delta")
    assert span is not None
    held.drop(window, span)
    assert held.release() == event.raw
