"""What many measurements of one thing say: a share of them from below, and whether they grow."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of all values do not exceed (nearest rank).

    Args:
        values: at least one.
        share: 0 < share <= 1; 0.99 is the 99th percentile.

    Raises:
        ValueError: there is no value, or no such share.
    """
    if not values or not 0 < share <= 1:
        raise ValueError("a share above 0 and at most 1, of at least one value")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second number grows for each unit of the first: the least squares' line.

    Raises:
        ValueError: there are not two different first numbers.
    """
    if len({first for first, _ in points}) < 2:  # noqa: PLR2004 - a line has two points
        raise ValueError("a line needs two points")
    mean_x = math.fsum(x for x, _ in points) / len(points)
    mean_y = math.fsum(y for _, y in points) / len(points)
    along = math.fsum((x - mean_x) * (y - mean_y) for x, y in points)
    return along / math.fsum((x - mean_x) ** 2 for x, _ in points)


def second_half(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points whose first number lies in the second half of all first numbers' span.

    What a process takes once, as it warms up, lies in the first.
    """
    middle = (min(x for x, _ in points) + max(x for x, _ in points)) / 2
    return [(x, y) for x, y in points if x >= middle]
