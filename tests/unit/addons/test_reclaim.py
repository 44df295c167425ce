"""`addons.reclaim`: what ended connections leave behind is freed, when it is worth a round."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from mitmproxy import options

from addons import reclaim
from addons.boundary import Boundary
from addons.master import ZoneMaster
from addons.reclaim import LEAST_ENDED, Reclaim

CLIENT: Any = None


class Circle:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Count what is given back."""
    calls: list[bool] = []
    monkeypatch.setattr(reclaim, "give_back", lambda: calls.append(True))
    return calls


def of(opened: int, ended: int) -> Reclaim:
    """Let so many connections begin, and so many of them end."""
    counting = Reclaim()
    for _ in range(opened):
        counting.client_connected(CLIENT)
    for _ in range(ended):
        counting.client_disconnected(CLIENT)
    return counting


@pytest.mark.parametrize(
    ("opened", "ended", "worth"),
    [
        (LEAST_ENDED, LEAST_ENDED, True),
        (LEAST_ENDED, LEAST_ENDED - 1, False),
        (1000, 499, False),
        (1000, 500, True),
        (1000, 1000, True),
    ],
)
def test_a_round_is_made_when_as_many_have_ended_as_are_open(
    given_back: list[bool], opened: int, ended: int, *, worth: bool
) -> None:
    """What it costs is in proportion to what it frees."""
    assert of(opened, ended).look() is worth
    assert len(given_back) == worth


@pytest.mark.parametrize(("opened", "given"), [(LEAST_ENDED - 1, 0), (LEAST_ENDED, 1)])
def test_free_pages_go_back_once_no_connection_begins(
    given_back: list[bool], opened: int, given: int
) -> None:
    """Not while many come, who would need them again, and not twice for the same."""
    counting = of(opened, 0)
    assert not counting.look()
    assert given_back == []
    assert not counting.look()
    assert len(given_back) == given
    assert not counting.look()
    assert len(given_back) == given


def test_what_only_the_collector_frees_is_freed(given_back: list[bool]) -> None:
    """Even where nothing is made that would let the collector come round."""
    gc.disable()
    try:
        seen = weakref.ref(Circle())
        counting = of(LEAST_ENDED, LEAST_ENDED)
        assert seen() is not None
        counting.look()
        assert seen() is None
    finally:
        gc.enable()
    assert not counting.look()
    assert given_back == [True]


def test_it_looks_from_time_to_time(given_back: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the start of the proxy to its end, and not after it."""
    monkeypatch.setattr(reclaim, "LOOK_S", 0.0)

    async def serve() -> None:
        counting = of(LEAST_ENDED, LEAST_ENDED)
        await counting.running()
        while not given_back:
            await asyncio.sleep(0)
        await counting.done()
        for _ in range(3):
            await asyncio.sleep(0)
        assert counting._looking is not None
        assert counting._looking.cancelled()

    asyncio.run(asyncio.wait_for(serve(), 60))


def test_the_production_door_has_it() -> None:
    """`ZoneMaster` counts the connections of its doors."""

    async def make() -> object:
        return ZoneMaster(options.Options(), Boundary()).addons.get("reclaim")

    assert isinstance(asyncio.run(make()), Reclaim)
