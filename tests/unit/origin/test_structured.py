"""`zoneproxy.origin.structured`: one canonical spelling, read as strictly as it is written."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.structured import (
    FieldError,
    InnerList,
    Item,
    Token,
    read_dictionary,
    read_item,
    write_member,
)

TEXTS = st.text(string.printable[:95])
KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,8}", fullmatch=True)
TOKENS = st.from_regex(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]{0,8}", fullmatch=True).map(Token)
BARE = st.one_of(st.booleans(), st.integers(-(10**15) + 1, 10**15 - 1), TEXTS, st.binary(max_size=40), TOKENS)
PARAMS = st.dictionaries(KEYS, BARE, max_size=3)
ITEMS = st.builds(Item, BARE, PARAMS)
MEMBERS = st.one_of(ITEMS, st.builds(InnerList, st.lists(ITEMS, max_size=4).map(tuple), PARAMS))


@given(ITEMS)
def test_an_item_comes_back_as_it_was_written(item: Item) -> None:
    """Writing and reading are inverse."""
    assert read_item(write_member(item)) == item


@given(st.dictionaries(KEYS, MEMBERS, min_size=1, max_size=4))
def test_a_dictionary_comes_back_as_it_was_written(members: dict[str, Item | InnerList]) -> None:
    """Writing and reading are inverse, inner lists and parameters included."""
    text = ", ".join(f"{name}={write_member(member)}" for name, member in members.items())
    assert read_dictionary(text) == members


@given(st.one_of(st.text(max_size=60), st.text('();=":?, abc*012', max_size=60)))
def test_any_text_is_read_or_refused_with_the_one_error(text: str) -> None:
    """Whatever a caller writes: a value whose canonical spelling is that text, or a `FieldError`."""
    for read in (read_item, read_dictionary):
        try:
            read(text)
        except FieldError:
            continue
        if read is read_item:
            assert write_member(read_item(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", " a", "a ", "a;b=1;b=2", "01", "1.5", "1_0", "\uff11", '"é"', '"a', '"\\n"', ":QQ=:", ":QR==:",
        ":Q Q=:", "?2", "a;B=1", "a; b", "@1659578233", "1234567890123456",
    ],
)  # fmt: skip
def test_another_spelling_is_refused(text: str) -> None:
    """What two readers could read as two things is not read at all."""
    with pytest.raises(FieldError):
        read_item(text)


@pytest.mark.parametrize("text", ["a=1,b=2", "a=1, a=2", "a", "a=(1 2", "a=(1  2)", "a=(1 2 )", "A=1"])
def test_another_dictionary_is_refused(text: str) -> None:
    """Two members of one name, or other blanks, are no dictionary of ours."""
    with pytest.raises(FieldError):
        read_dictionary(text)


@pytest.mark.parametrize("value", [10**15, "é", "\n", Token("a b"), Token("")])
def test_what_no_field_can_hold_is_not_written(value: int | str | Token) -> None:
    """A value that would have to be cut or escaped otherwise is the caller's mistake."""
    with pytest.raises(FieldError):
        write_member(Item(value))


def test_a_parameter_has_a_name_in_lower_case() -> None:
    """`Flow` is no parameter's name."""
    with pytest.raises(FieldError, match="Flow"):
        write_member(Item(1, {"Flow": 1}))
