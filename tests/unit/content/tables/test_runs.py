"""`zoneproxy.content.tables.runs`: the words of the tables."""

from __future__ import annotations

import pytest

from zoneproxy.content.tables.runs import decode_runs


def test_the_worked_example():
    """`1 2:3`, in blocks of 256: as the module says."""
    assert decode_runs("1 2:3", 8) == ((256, 511), (1024, 1791))


def test_the_words_are_in_base_36_and_the_blocks_of_any_size():
    """A `z` is 35; a table in blocks of one number gives the numbers themselves."""
    assert decode_runs("z:10", 0) == ((35, 70),)
    assert decode_runs("", 80) == ()


def test_what_is_no_word_is_told():
    """A table that was damaged is not read as another one."""
    with pytest.raises(ValueError, match="invalid literal"):
        decode_runs("1 x-y", 8)
