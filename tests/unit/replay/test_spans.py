"""`zoneproxy.replay.spans`: the indexes that were added, in little room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.replay.spans import Spans


def spans(indexes: list[int]) -> Spans:
    made = Spans()
    for index in indexes:
        made.append(index)
    return made


@given(indexes=st.sets(st.integers(0, 60)).map(sorted), cut=st.integers(0, 60))
def test_what_was_added_is_there(indexes: list[int], cut: int) -> None:
    """Added one by one or joined from two parts, the same indexes make the same spans."""
    whole, before = spans(indexes), spans([index for index in indexes if index < cut])
    before.extend(spans([index for index in indexes if index >= cut]))
    assert list(whole) == indexes
    assert before == whole


def test_room_does_not_grow_with_a_connected_log() -> None:
    """A hundred thousand in a row are one span; what comes too late is our own fault."""
    made = spans(list(range(5, 100_005)))
    assert (list(made.starts), list(made.ends)) == ([5], [100_005])
    with pytest.raises(ValueError, match="rising"):
        made.append(7)
