"""`bench.soak_picture`: memory over time, with its bound always in sight."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench.soak_picture import draw


@pytest.mark.parametrize("most_mb", [90.0, 400.0])
def test_the_line_and_its_bound_are_within_the_picture(most_mb: float) -> None:
    """Whether the bound is kept or not."""
    rows = [{"s": float(at), "exchanges": float(at), "mb": most_mb - at} for at in range(20)]
    drawn = ET.fromstring(draw(rows))
    [line] = [one for one in drawn.iter() if one.tag.endswith("polyline")]
    points = [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
    assert len(points) == len(rows)
    assert all(0 < x <= 830 and 64 <= y < 250 for x, y in points)
    [bound] = [one for one in drawn.iter() if one.get("stroke-dasharray")]
    assert 64 <= float(bound.get("y1", "0")) < 250
