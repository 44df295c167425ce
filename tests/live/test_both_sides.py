"""The comparison of both sides finds each lie: what it passes is evidence only if it can fail (Z13)."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
from collections.abc import Callable

import pytest

from demo.echo_server import Seen
from tests.support.both_sides import Load, Told, insist_on_law, model_server
from tests.support.worker_zone import stopped
from tests.support.zone_process import ZoneFolder, make_zone

pytestmark = [pytest.mark.live, pytest.mark.slow]

Accounts = tuple[ZoneFolder, list[Told], list[Seen]]


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """A zone that served eight requests, refused one, and was stopped; as it was."""
    folder = tmp_path_factory.mktemp("true")
    with model_server(folder) as model:
        zone = make_zone(folder / "zone", model.port)
        load = Load(zone)
        with zone.serving() as program:

            async def story() -> None:
                for number in range(8):
                    assert (await load.once(stream=bool(number % 2))).served
                zone.credentials["toyco-sg"] += "x"
                assert (await load.once()).status >= 400
                await stopped(program)

            asyncio.run(story())
        insist_on_law(zone, load.told, model.seen())
        return zone, load.told, model.seen()


def unadmitted(_told: list[Told], seen: list[Seen]) -> None:
    seen.append(dataclasses.replace(seen[0], headers={**seen[0].headers, "zone-flow": "0"}))


def sent_twice(_told: list[Told], seen: list[Seen]) -> None:
    seen.append(seen[0])


def never_sent(_told: list[Told], seen: list[Seen]) -> None:
    del seen[3]


def foreign_answer(told: list[Told], _seen: list[Seen]) -> None:
    told[0].number = 99


def crossed(told: list[Told], _seen: list[Seen]) -> None:
    told[0].fields, told[2].fields = told[2].fields, told[0].fields


def unknown_exchange(told: list[Told], _seen: list[Seen]) -> None:
    told[0].fields = {**told[0].fields, "zone-flow": "0"}


def too_much(told: list[Told], _seen: list[Seen]) -> None:
    told[1].body += b"x"


def another_reason(told: list[Told], _seen: list[Seen]) -> None:
    told[8].body = told[8].body.replace(told[8].code.encode(), b"internal-error")


def unrecorded_refusal(told: list[Told], _seen: list[Seen]) -> None:
    told[8].fields = {name: value for name, value in told[8].fields.items() if name != "zone-trace"}


LIES = (
    unadmitted, sent_twice, never_sent, foreign_answer, crossed, unknown_exchange, too_much, another_reason,
    unrecorded_refusal,
)  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_found(true: Accounts, lie: Callable[[list[Told], list[Seen]], None]) -> None:
    """One account is changed in one place; the comparison says so."""
    zone, told, seen = true
    told, seen = copy.deepcopy(told), list(seen)
    lie(told, seen)
    with pytest.raises(AssertionError):
        insist_on_law(zone, told, seen, replayed=False)
