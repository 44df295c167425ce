"""Cells and rows in a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import registered_data
from zoneproxy.content.effort import Effort
from zoneproxy.content.registered.fold import Reading
from zoneproxy.content.registered.index import Index
from zoneproxy.content.registered.rows import NEAR, RowFinder

STEPS = 10**6


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return registered_data.loaded(tmp_path_factory.mktemp("rows"))


def matches(index: Index, text: str, effort: Effort | None = None) -> set[tuple[int, str]]:
    reading = Reading()
    finder = RowFinder(index, reading)
    marks = reading.feed(text) + reading.settle()
    return {(one.row, one.value) for one in finder.find(marks, effort or Effort(STEPS))}


def test_a_row_is_found_in_any_order(index: Index) -> None:
    """Z12: two cells of a row near one another, the name before or after the number."""
    assert matches(index, "周明霞 has the file ZX-2024-00917.") == {(1, ""), (-1, "zx202400917")}
    assert matches(index, "File ZX-2024-00917 is of 周明霞.") == {(1, ""), (-1, "zx202400917")}
    assert (2, "") in matches(index, "QK73-9920-5518 belongs to zhao ming")


def test_a_near_miss_is_nothing(index: Index) -> None:
    """One other digit, one other character: no match."""
    assert matches(index, "周明霞 has the file ZX-2024-00918.") == set()
    assert matches(index, "周明露 was born 1977-03-05, likes blue") == set()


def test_cells_of_different_rows_are_no_row(index: Index) -> None:
    """The name of one row and the number of another are two things."""
    assert matches(index, "Lin Bo, ZX-2024-00917") == {(-1, "zx202400917")}


def test_cells_that_stand_apart_are_no_row(index: Index) -> None:
    """What stands farther away than `NEAR` flat characters does not count together."""
    apart = "abcde " * (NEAR // 5 + 2)
    assert matches(index, f"周明霞 {apart} ZX-2024-00917") == {(-1, "zx202400917")}
    assert matches(index, f"ZX-2024-00917 {apart} 周明霞") == {(-1, "zx202400917")}


def test_weak_cells_alone_are_no_row(index: Index) -> None:
    """A name, a street and a colour may stand together by chance."""
    assert matches(index, "Lin Bo of Rope Walk wears green") == set()


def test_a_value_inside_a_longer_word_or_number_is_none(index: Index) -> None:
    """A registered number within a longer number is another number."""
    assert matches(index, "18805552391649 Lin Bo") == set()
    assert matches(index, "xzx2024009171 周明霞") == set()


def test_a_value_with_a_wide_gap_is_none(index: Index) -> None:
    """Six separators in a row may stand within a value, seven are a break."""
    assert matches(index, "ZX-2024" + " " * 6 + "00917") == {(-1, "zx202400917")}
    assert matches(index, "ZX-2024" + " " * 7 + "00917") == set()


def test_values_that_overlap_count_once(tmp_path: Path) -> None:
    """A street and its town inside one address are not two cells."""
    index = registered_data.loaded(tmp_path, [("灯塔市海雾区白鸥街坊", "灯塔市")], documents=())
    assert (1, "") not in matches(index, "灯塔市海雾区白鸥街坊")


def test_more_cells_can_be_asked_for(tmp_path: Path) -> None:
    """The owner says how many cells of a row are a match."""
    index = registered_data.loaded(tmp_path, least=3)
    assert (1, "") not in matches(index, "周明霞 ZX-2024-00917")
    assert (1, "") in matches(index, "周明霞 ZX-2024-00917 1977-03-05")


def test_what_stands_in_many_rows_matches_only_beside_what_does_not(tmp_path: Path) -> None:
    """A value of many rows is nobody's; a rare one beside it says whose it is."""
    rows = [("8805 5523 9164", f"QX-{at:03}-7{at:03}4") for at in range(100)]
    index = registered_data.loaded(tmp_path, rows, documents=())
    assert matches(index, "8805 5523 9164") == set()
    assert (8, "") in matches(index, "8805 5523 9164, QX-007-70074")


def test_look_ups_cost_steps(index: Index) -> None:
    """Z22: a text that provokes look-ups uses up its steps, and that can be told."""
    effort = Effort(100)
    matches(index, "8805 5523 9164 " * 50, effort)
    assert effort.spent_up
