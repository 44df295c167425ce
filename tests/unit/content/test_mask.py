"""`zoneproxy.content.mask`: the identifier goes, a token of its kind stands in its place."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.content.identifiers import KEY, resident_id
from zoneproxy.content.mask import Span, Spans, mask_value, token
from zoneproxy.content.scan import ScanSettings

SETTINGS = ScanSettings(2, KEY)
TOKEN = token("cn_resident_id")


def test_a_token_tells_the_kind_and_nothing_else() -> None:
    """Neither the value nor its length nor a data set's name is in it."""
    assert token("cn_mobile") == "[masked:cn_mobile]"
    assert token("registered_row:hospital") == "[masked:registered_row]"


def test_what_is_encoded_is_masked_with_its_encoding() -> None:
    """Z11: a percent-escaped number goes with all that the escapes are undone in."""
    hidden = "".join(f"%3{digit}" for digit in "110101199003074610")
    made = mask_value({"content": f"see {hidden} there"}, SETTINGS)
    assert made is not None
    assert TOKEN in made.value["content"]
    assert "%3" not in made.value["content"]


def test_a_key_gives_its_value_context_and_stays() -> None:
    """`mobile: 138...` is found by its key; only the value is masked."""
    made = mask_value({"mobile": "13800138000", "note": "fine"}, SETTINGS)
    assert made is not None
    assert made.value == {"mobile": "[masked:cn_mobile]", "note": "fine"}


def test_arguments_stay_json() -> None:
    """A bare number in a tool call's arguments becomes a string there."""
    arguments = json.dumps({"id": resident_id(2), "n": 1})
    made = mask_value({"arguments": arguments}, SETTINGS)
    assert made is not None
    assert json.loads(made.value["arguments"]) == {"id": TOKEN, "n": 1}
    number = '{"phone": 13800138000, "n": 1}'
    made = mask_value({"arguments": number}, SETTINGS)
    assert made is not None
    assert json.loads(made.value["arguments"])["phone"] == "[masked:cn_mobile]"
    assert made.counts == {"cn_mobile": 1}


@pytest.mark.parametrize(
    "value",
    [
        {resident_id(1): "x"},
        {"n": 110101199003074610},
        {"image": "data:image/png;base64,iVBORw0KGgo="},
        {"file": "R0dVRgMAAAABAAAAAAAAAAEAAAAAAAAA" + "A" * 64},
    ],
    ids=["key", "number", "picture", "weights"],
)
def test_what_cannot_be_masked_has_no_masked_form(value: dict[str, object]) -> None:
    """Z22: as long as the scan still finds anything there is no masked form."""
    assert mask_value(value, SETTINGS) is None


def test_overlapping_spans_give_one_token() -> None:
    """The span that begins first names it; what touches it has its own."""
    spans, counts = Spans(), Counter[str]()
    for span in (Span(5, 9, "b"), Span(2, 7, "a"), Span(9, 10, "c")):
        spans.add(span)
    assert spans.apply("0123456789xy", 0, counts) == "01[masked:a][masked:c]xy"
    assert counts == {"a": 1, "c": 1}
    assert spans.cover(2, 10)
    assert not spans.cover(1, 10)
    spans.drop(Span(9, 10, "c"))
    assert not spans.cover(2, 10)


@given(
    text=st.text(alphabet="abcdef", min_size=1, max_size=40),
    places=st.lists(st.tuples(st.integers(0, 38), st.integers(1, 9)), max_size=6),
    cuts=st.lists(st.integers(0, 40), max_size=6),
)
def test_spans_do_not_depend_on_the_pieces(text: str, places: list[tuple[int, int]], cuts: list[int]) -> None:
    """A text masked piece by piece is the text masked at once."""
    spans = Spans()
    for start, size in places:
        if start < len(text):
            spans.add(Span(start, min(start + size, len(text)), f"k{start}"))
    whole = spans.apply(text, 0, Counter())
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [spans.apply(text[a:b], a, Counter()) for a, b in pairwise(edges)]
    assert "".join(pieces) == whole
