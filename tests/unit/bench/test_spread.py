"""`bench.spread`: what many measurements of one thing say."""

from __future__ import annotations

import pytest

from bench.spread import quantile, second_half, slope


@pytest.mark.parametrize(
    ("share", "value"), [(0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (0.995, 100), (1, 100)]
)
def test_a_share_of_the_values_is_not_larger(share: float, value: int) -> None:
    """The nearest rank: a value that was measured, never one between two."""
    assert quantile([float(one) for one in range(100, 0, -1)], share) == value


def test_the_worst_of_few_is_their_99th_percentile() -> None:
    """With fewer than a hundred values no outlier is left out."""
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0), ([1.0], 1.01)])
def test_no_values_have_no_share(values: list[float], share: float) -> None:
    """A measurement that measured nothing is an error, not a zero."""
    with pytest.raises(ValueError, match="a share above 0"):
        quantile(values, share)


def test_growth_is_seen_through_noise() -> None:
    """The line through all points, not from the first to the last."""
    noise = [0.0, 5.0, -5.0, 2.0, -2.0, 0.0]
    assert slope([(float(at), 7.0 + 3 * at) for at in range(6)]) == pytest.approx(3.0)
    assert slope([(float(at), 7.0 + moved) for at, moved in enumerate(noise)]) == pytest.approx(-0.4)


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, 2.0), (1.0, 3.0)]])
def test_a_point_is_no_line(points: list[tuple[float, float]]) -> None:
    """Growth over no time is not known."""
    with pytest.raises(ValueError, match="two points"):
        slope(points)


def test_warming_up_lies_in_the_first_half() -> None:
    """By the span of the first numbers, however the points lie in it."""
    points = [(10.0, 0.0), (11.0, 50.0), (12.0, 80.0), (19.0, 90.0), (20.0, 90.0)]
    assert second_half(points) == [(19.0, 90.0), (20.0, 90.0)]
