"""A detector that asks past the end of an unfinished text leaves its candidate undecided."""

from __future__ import annotations

from zoneproxy.content.detectors.view import View


def test_the_end_of_a_finished_text_is_an_answer():
    """Nothing follows, so nothing is undecided."""
    view = View("abc 1")
    assert view.after(4, 5, 10) == ""
    assert view.undecided == 5


def test_the_end_of_an_unfinished_text_is_none():
    """The candidate's start is where the stream must hold."""
    view = View("abc 1", final=False)
    assert view.before(4, 2) == "c "
    assert view.after(4, 5, 10) == ""
    assert view.undecided == 4
