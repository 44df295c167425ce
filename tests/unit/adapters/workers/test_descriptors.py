"""`zoneproxy.adapters.workers.descriptors`: connections never take the descriptors that the log needs."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from zoneproxy.adapters.workers.descriptors import SPARE, WAITING, Room, make_room
from zoneproxy.terms.errors import ConfigError

Limits = tuple[int, int]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], list[Limits]]:
    """Have the process limited so; what it sets is kept in the list."""

    def limit(soft: int, hard: int) -> list[Limits]:
        done: list[Limits] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: done[-1] if done else (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, both: done.append(both))
        return done

    return limit


def test_the_limit_is_raised_as_far_as_needed(limited: Callable[[int, int], list[Limits]]) -> None:
    """What is allowed is taken, and no more than is needed."""
    done = limited(1024, 65_536)
    assert make_room(8192, 4) == Room(8192, WAITING)
    assert done == [(20_736, 65_536)]


def test_without_a_hard_limit(limited: Callable[[int, int], list[Limits]]) -> None:
    """Infinity is above everything, whatever number stands for it."""
    done = limited(1024, resource.RLIM_INFINITY)
    assert make_room(8192, 4) == Room(8192, WAITING)
    assert done == [(20_736, resource.RLIM_INFINITY)]


def test_what_is_enough_stays(limited: Callable[[int, int], list[Limits]]) -> None:
    """Nothing is lowered."""
    done = limited(65_536, 65_536)
    assert make_room(8192, 4) == Room(8192, WAITING)
    assert done == []


@pytest.mark.parametrize("hard", [400, 1024, 4352, 20_735])
def test_too_few_are_shared_out(limited: Callable[[int, int], list[Limits]], hard: int) -> None:
    """All that may be open at once leaves what is spared; the example of the module holds (Z13)."""
    limited(400, hard)
    room = make_room(8192, 4)
    assert room.cut
    assert 2 * room.connections + 4 * room.waiting + SPARE <= hard
    assert room.connections >= (hard - SPARE) * 8192 // 20_480 - 1
    if hard == 4352:
        assert (room.connections, room.waiting) == (1638, 204)


@pytest.mark.parametrize("hard", [100, SPARE, SPARE + 10])
def test_next_to_nothing_does_not_start(limited: Callable[[int, int], list[Limits]], hard: int) -> None:
    """A zone that could serve nobody says so, and what to do (Z22)."""
    limited(hard, hard)
    with pytest.raises(ConfigError, match="too few to serve") as caught:
        make_room(8192, 4)
    assert "LimitNOFILE" in str(caught.value.hint)
