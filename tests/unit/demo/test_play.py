"""The demo tells what happened, and does not call a failure a success."""

from __future__ import annotations

import pytest

from demo import play, scenes


def test_an_act_that_goes_as_expected_is_told(capsys):
    """Title, expectation and outcome stand in the output, without colour off a terminal."""
    programme = play.Programme()
    programme.act("a title", "this", lambda: "that")
    told = capsys.readouterr().out
    assert told == " 1. a title\n    expected  this\n    happened  that  [as expected]\n\n"
    assert programme.failed == 0


@pytest.mark.parametrize("error", [scenes.Unexpected("something else"), OSError("something else")])
def test_an_act_that_goes_wrong_is_counted_and_the_next_goes_on(capsys, error):
    """Whatever an act raises is a failure of the demo, and is told."""

    def fail() -> str:
        raise error

    programme = play.Programme()
    programme.act("first", "this", fail)
    programme.act("second", "this", lambda: "that")
    told = capsys.readouterr().out
    assert "something else  [NOT AS EXPECTED]" in told
    assert (programme.number, programme.failed) == (2, 1)


def test_every_scene_of_the_mission_is_played():
    """Eight scenes, each with what is expected of it."""
    assert len(scenes.SCENES) == 8
    assert all(scene.expected for scene in scenes.SCENES)
