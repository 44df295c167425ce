"""A stream in any split is what the whole is, and nothing of an identifier ever leaves."""

from __future__ import annotations

from chunk_invariance import assert_chunk_invariant
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.content.identifiers import DONE, KEY, anthropic_event, chat_chunk, resident_id, text_delta
from zoneproxy.content.dialects import recognise
from zoneproxy.content.locate import locate
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream import AnswerStream
from zoneproxy.content.window import MOST_HELD, Window
from zoneproxy.terms.finding import Finding

SETTINGS = ScanSettings(2, KEY)
CHAT = recognise("POST", "/v1/chat/completions")
MESSAGES = recognise("POST", "/v1/messages")

PIECES = st.one_of(
    st.integers(0, 10**6).map(resident_id),
    st.integers(0, 10**6).map(lambda seed: " ".join(resident_id(seed))),
    st.integers(0, 10**6).map(lambda seed: "\u200b".join(resident_id(seed))),
    st.integers(0, 10**8 - 1).map(lambda number: f"138{number:08}"),
    st.sampled_from(
        ["tel ", "size ", " bytes", " tokens", "电话", "。", ", ", "\n", "1 2 3 ", "x" * 30, "$"]
    ),
    st.text(alphabet="0123456789Xx -\u200b\uff11ab", max_size=12),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join)


def streamed(pieces):
    window = Window(SETTINGS)
    hits = []
    for piece in pieces:
        hits += window.grow(piece)
        assert window.held <= max(MOST_HELD, len(piece)) or window.padded
    return sorted({(hit.kind, hit.start, hit.value) for hit in hits + window.grow("", final=True)})


@given(TEXTS, st.data())
def test_streamed_findings_are_the_whole_texts_findings(text, data):
    """Any split of a text gives the findings of the whole, in the same places."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = sorted({(hit.kind, hit.start, hit.value) for hit in locate(text, SETTINGS).hits})
    assert streamed(pieces) == whole


def test_every_split_of_a_short_text():
    """All splits, not only drawn ones."""
    value = resident_id(1)

    def found(chunks):
        yield repr(streamed(list(chunks)))

    for text in (f"{value[:14]}", f"a{value}b", f"tel 138{value[:8]}!", f"{value}7 "):
        for at in range(0, max(1, len(text) - 14), 2):
            part = text[at : at + 14]
            assert_chunk_invariant(found, lambda whole: repr(streamed([whole])), part, splits="all")
        assert_chunk_invariant(found, lambda whole: repr(streamed([whole])), text, splits=3)


@given(
    TEXTS,
    st.data(),
    st.sampled_from([(CHAT, chat_chunk, DONE), (MESSAGES, text_delta, anthropic_event("message_stop"))]),
)
def test_nothing_of_an_identifier_leaves(text, data, dialect):
    """Up to the first finding, no event is released that holds a character of it."""
    endpoint, event, done = dialect
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    wire = b"".join(event(piece) for piece in pieces) + done
    byte_cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    stream = AnswerStream(endpoint, SETTINGS, strip_usage=False)
    released = b""
    findings: tuple[Finding, ...] = ()
    for start, stop in zip([0, *byte_cuts], [*byte_cuts, len(wire)], strict=True):
        step = stream.feed(wire[start:stop])
        if step.findings or step.state != "ok":
            findings = step.findings
            break
        released += step.release
    else:
        assert released + stream.end().terminal == wire
    first = min((finding.start for finding in findings), default=len(text))
    assert len(released) <= _wire_up_to(first, pieces, event)


def _wire_up_to(place, pieces, event):
    """How many bytes the events that end at or before a character of the text have."""
    size = end = 0
    for piece in pieces:
        end += len(piece)
        if end > place:
            break
        size += len(event(piece))
    return size
