"""The stage removes nothing that is not its own."""

from __future__ import annotations

import pytest

from demo import stage


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "demo"
    monkeypatch.setattr(stage, "FOLDER", place)
    monkeypatch.setattr(stage, "_MARKER", place / ".made-by-the-demo")
    return place


def test_a_folder_without_the_marker_is_left_alone(folder):
    """Somebody's folder of that name stays, and the message says what to do."""
    folder.mkdir()
    (folder / "precious").touch()
    with pytest.raises(stage.StageError, match="move it away"):
        stage.clear()
    assert (folder / "precious").exists()


def test_the_demo_s_own_folder_is_made_anew(folder):
    """What an earlier demo left is removed."""
    folder.mkdir()
    (folder / ".made-by-the-demo").touch()
    stage.clear()
    assert not folder.exists()
    stage.clear()


def test_one_port_serves_every_door():
    """All doors of the demo share a port that was free on each of their addresses."""
    assert 1024 < stage._common_port() < 65_536
