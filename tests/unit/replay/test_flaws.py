"""`zoneproxy.replay.flaws`: worst first, bounded, with the exit code that they make."""

from __future__ import annotations

import pytest

from zoneproxy.replay.flaws import MAX_FLAWS, Flaw, FlawClass, Flaws, exit_code


def test_worst_first() -> None:
    """Flaws come by class, the worst first, and in the order of finding within one."""
    flaws = Flaws()
    for kind in reversed(FlawClass):
        flaws.add(kind, f"{kind} 1", "x")
        flaws.add(kind, f"{kind} 2", "x")
    assert [flaw.where for flaw in flaws.worst_first()] == [
        f"{kind} {n}" for kind in FlawClass for n in (1, 2)
    ]


@pytest.mark.parametrize(
    ("kinds", "code"),
    [((), 0), (("invalid", "withheld"), 1), (("missing",), 1), (("withheld",), 3), (("unwitnessed",), 3)],
)
def test_exit_code(kinds: tuple[str, ...], code: int) -> None:
    """Invalid or missing is 1; withheld or unwitnessed alone is 3."""
    assert exit_code([Flaw(FlawClass(kind), "", "") for kind in kinds]) == code


def test_bounded() -> None:
    """However broken a log is, memory is bounded; what is not kept is counted."""
    flaws = Flaws()
    for number in range(MAX_FLAWS + 5):
        flaws.add(FlawClass.INVALID, str(number), "x")
    assert (len(flaws.found), flaws.more) == (MAX_FLAWS, 5)
