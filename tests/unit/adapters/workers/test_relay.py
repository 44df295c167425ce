"""`zoneproxy.adapters.workers.relay`: one command for all workers, in turn, or for the log's one writer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from zoneproxy.adapters.upkeep.logport import RECORD
from zoneproxy.adapters.workers.control_client import RefusedError
from zoneproxy.adapters.workers.relay import Relay, beside
from zoneproxy.terms.errors import ConfigError

WORKERS = [Path("run/control.1.sock"), Path("run/control.2.sock")]
LOGD = Path("run/control.logd.sock")


class Desk:
    """Answers at every socket, and remembers who was asked."""

    def __init__(self, *, refuses: Path | None = None) -> None:
        self.asked: list[tuple[Path, str]] = []
        self.refuses = refuses

    def __call__(self, path: Path, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((path, verb))
        if path == self.refuses:
            raise RefusedError(
                "the bundle is older", hint="sign a newer one", exit_code=1, details=[{"a": 1}]
            )
        return {"index": len(self.asked), **arguments}


async def test_every_worker_is_asked() -> None:
    """All get the same question, and all answers come back."""
    desk = Desk()
    relay = Relay(lambda: WORKERS, LOGD, desk)
    answer = await relay["activate"]({"shadow": True})
    assert desk.asked == [(worker, "activate") for worker in WORKERS]
    assert answer == {
        "index": 1,
        "shadow": True,
        "workers": [{"index": 1, "shadow": True}, {"index": 2, "shadow": True}],
    }
    assert (len(relay), list(relay)) == (0, [])


async def test_what_is_the_logs_is_done_once() -> None:
    """A record that a command writes is written by the sequencer, not by each worker."""
    desk = Desk()
    await Relay(lambda: WORKERS, LOGD, desk)[RECORD]({})
    assert desk.asked == [(LOGD, RECORD)]


async def test_a_refusal_of_the_first_is_everybodys() -> None:
    """Nothing was done: the refusal is told as it is, and nobody else is asked."""
    desk = Desk(refuses=WORKERS[0])
    with pytest.raises(RefusedError, match=r"^the bundle is older"):
        await Relay(lambda: WORKERS, LOGD, desk)["activate"]({})
    assert len(desk.asked) == 1


async def test_a_refusal_on_the_way_says_how_far_it_came() -> None:
    """Some did it and some did not: that is told, with the remedy."""
    with pytest.raises(RefusedError, match="1 of 2 workers did it, the next one did not") as caught:
        await Relay(lambda: WORKERS, LOGD, Desk(refuses=WORKERS[1]))["activate"]({})
    assert caught.value.hint == "ask again; sign a newer one"
    assert caught.value.exit_code == 1


async def test_nobody_serves() -> None:
    """Without a worker nothing is done."""
    with pytest.raises(ConfigError, match="no worker serves now"):
        await Relay(list, LOGD, Desk())["activate"]({})


def test_sockets_stand_side_by_side() -> None:
    """Each process's control socket lies beside that of the whole zone."""
    assert beside(Path("run/control.sock"), 3) == Path("run/control.3.sock")


async def test_what_a_start_reads_is_not_changed_meanwhile() -> None:
    """A worker that is being started could miss new rules: they wait, and in the end are refused (Z22)."""
    desk, starting = Desk(), asyncio.Lock()
    patient = Relay(lambda: WORKERS, LOGD, desk, starting=starting)
    async with starting:
        asking = asyncio.ensure_future(patient["activate"]({}))
        with pytest.raises(ConfigError, match="a worker is being started") as caught:
            await Relay(lambda: WORKERS, LOGD, desk, starting=starting, wait_s=0.01)["data-reload"]({})
        assert desk.asked == []
    assert caught.value.hint == "ask again when it is ready"
    await asking
    assert len(desk.asked) == 2
    assert not starting.locked()


@pytest.mark.parametrize("verb", ["order", "orders", "policy-status"])
async def test_an_order_waits_for_no_start(verb: str) -> None:
    """A stop is told at once: who is being started reads it from the file (Z21)."""
    desk, starting = Desk(), asyncio.Lock()
    async with starting:
        await Relay(lambda: WORKERS, LOGD, desk, starting=starting, wait_s=0.01)[verb]({})
    assert desk.asked == [(worker, verb) for worker in WORKERS]


async def test_who_drains_is_asked_too() -> None:
    """It may still take a request; where it has ended meanwhile, nothing is amiss."""
    drains = [Path("run/control.0.sock"), Path("run/control.00.sock")]
    desk = Desk(refuses=drains[0])
    answer = await Relay(lambda: WORKERS, LOGD, desk, leaving=lambda: drains)["activate"]({})
    assert [path for path, _ in desk.asked] == [*WORKERS, *drains]
    assert len(answer["workers"]) == 2
