"""`bench.picture`: a bar left of the line keeps its bound, and no other does."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import picture, results
from bench.picture import BOUNDS, Bound, draw, share


@pytest.mark.parametrize(
    ("measured", "more_is_better", "kept"),
    [(9.0, False, True), (11.0, False, False), (11.0, True, True), (9.0, True, False), (-1.0, False, True)],
)
def test_a_bar_says_whether_its_bound_is_kept(measured: float, more_is_better: bool, kept: bool) -> None:  # noqa: FBT001 - a table's columns
    """At most 1 of its bound, whichever way is better."""
    bound = Bound("figures", "x", "x", 10, more_is_better)
    assert (share(bound, measured) <= 1) is kept


def test_every_bound_that_was_measured_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is better than nothing at all; what was not measured is left out."""
    file = tmp_path / "latest.json"
    measured = {bound.name: -1.0 for bound in BOUNDS if not bound.more_is_better and bound.part == "figures"}
    file.write_text(json.dumps({"ratios": {}, "figures": measured}), "utf-8")
    monkeypatch.setattr(results, "FILE", file)
    drawn = ET.fromstring(draw())
    bars = [one for one in drawn.iter() if one.get("rx") == "2"]
    assert len(bars) == len(measured)
    assert {float(one.get("width", "-1")) for one in bars} == {0.0}


def test_both_pictures_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what they are drawn from."""
    file, soak = tmp_path / "latest.json", tmp_path / "soak.json"
    file.write_text('{"ratios": {}, "figures": {"memory.soak.mb": 120}}', "utf-8")
    rows = [{"s": at, "exchanges": at * 100, "mb": 100 + at} for at in range(3)]
    soak.write_text(json.dumps(rows), "utf-8")
    monkeypatch.setattr(results, "FILE", file)
    monkeypatch.setattr(picture, "FILE", file)
    monkeypatch.setattr(picture, "SOAK", soak)
    picture.main()
    assert "120" in (tmp_path / "latest.svg").read_text("utf-8")
    assert "200 exchanges in 2 s" in (tmp_path / "soak.svg").read_text("utf-8")
