"""`zoneproxy.content.canary`: a mark that nobody sees, for each tenant and day, that nobody else can make."""

from __future__ import annotations

import pytest

from tests.unit.content.identifiers import KEY, chat_chunk
from zoneproxy.content.canary import CUE, find, mark, plantable, tenant_tag
from zoneproxy.content.dialects import recognise
from zoneproxy.content.scan import ScanSettings, scan_strings, scan_text
from zoneproxy.content.stream import AnswerStream
from zoneproxy.terms.finding import Segment

SECRET = bytes(range(32))
DAY = 20_775


def settings(tenant: str = "") -> ScanSettings:
    own = tenant_tag(SECRET, tenant) if tenant else b""
    return ScanSettings(2, KEY, canary_key=SECRET, own_canary=own)


def test_a_canary_tells_its_tenant_and_day() -> None:
    """It is found wherever it stands, as often as it stands there."""
    text = f"one{mark(SECRET, 'toyco-sg', DAY)} two{mark(SECRET, 'other', DAY + 1)} three"
    found = list(find(SECRET, text))
    assert [(one.day, one.tenant) for one in found] == [
        (DAY, tenant_tag(SECRET, "toyco-sg")),
        (DAY + 1, tenant_tag(SECRET, "other")),
    ]
    assert text[: found[0].start] == "one"


def test_nobody_else_can_make_one() -> None:
    """One sign changed, another key, or a part of it: it is none."""
    sign = mark(SECRET, "toyco-sg", DAY)
    other = sign[:-1] + ("\u200b" if sign[-1] != "\u200b" else "\u200c")
    assert not list(find(SECRET, other))
    assert not list(find(bytes(32), sign))
    assert not list(find(SECRET, sign[:-1]))
    assert not list(find(SECRET, "plain text"))


def test_it_is_found_in_requests_of_others_and_not_in_ones_own() -> None:
    """Z7: a conversation repeats what was returned to the same tenant; another's text has flowed on."""
    text = f"as you said: fine{mark(SECRET, 'toyco-sg', DAY)} indeed"
    pieces = [(Segment.USER, text)]
    (one,) = scan_strings(pieces, settings("other"))
    assert (one.kind, one.category, one.level) == ("canary", "returned_result", 1)
    assert not scan_strings(pieces, settings("toyco-sg"))
    assert not scan_strings(pieces, ScanSettings(2, KEY))
    assert scan_text(text, Segment.USER, settings())


def test_it_does_not_survive_a_form_that_drops_invisible_characters() -> None:
    """What the page says: it is one more chance, no proof of absence."""
    text = f"fine{mark(SECRET, 'toyco-sg', DAY)}"
    assert not list(find(SECRET, "".join(sign for sign in text if sign.isprintable())))
    assert text.encode().decode().count(CUE) == 1


@pytest.mark.parametrize("text", ["", "  ", '{"a": 1}', "[1]", "```py", "<xml/>", '"quoted"'])
def test_json_and_code_bear_none(text: str) -> None:
    """What nobody sees breaks what a program reads."""
    assert not plantable(text)


def test_a_stream_bears_it_once_in_an_event_of_its_own() -> None:
    """Z7: between two words, in the channel's own frame, and the text is unchanged otherwise."""
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    sign = mark(SECRET, "toyco-sg", DAY)
    stream = AnswerStream(endpoint, ScanSettings(2, KEY), strip_usage=False)
    stream.plant(sign)
    words = ["Of", " course", ",", " here", " you", " are"]
    out = b"".join(stream.feed(chat_chunk(word)).release for word in words)
    assert stream.planted
    assert out.decode().count(sign) == 1
    assert out.decode().replace(chat_chunk("@").decode().replace("@", sign), "") == "".join(
        chat_chunk(word).decode() for word in words
    )


def test_a_stream_of_json_bears_none() -> None:
    """Structured answers stay what they are."""
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    stream = AnswerStream(endpoint, ScanSettings(2, KEY), strip_usage=False)
    stream.plant(mark(SECRET, "toyco-sg", DAY))
    out = b"".join(stream.feed(chat_chunk(piece)).release for piece in ['{"a"', ":", " 1", "}"])
    assert not stream.planted
    assert CUE.encode() not in out
