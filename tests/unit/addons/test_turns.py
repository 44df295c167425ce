"""A connection's events are handled whole and in order, and what they write leaves together and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy.addons import proxyserver
from mitmproxy.proxy import commands, events, mode_specs
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook
from mitmproxy.test import taddons, tflow

from addons.turns import TurnHandler


class Script:
    """A layer that answers each event with the commands of the test."""

    def __init__(self, answer: Callable[[events.Event], Iterator[commands.Command]]) -> None:
        self.handle_event = answer


class Handler(TurnHandler):
    """A handler that writes down what it does."""

    hook_deadline_s = 0.05

    def __init__(self, hook: Any = None) -> None:
        self.done: list[Any] = []
        self.severed = asyncio.Event()
        master = SimpleNamespace(addons=SimpleNamespace(handle_lifecycle=hook))
        with taddons.context(proxyserver.Proxyserver()) as context:
            mode = mode_specs.ProxyMode.parse("regular")
            super().__init__(master, None, self._writer("near"), context.options, mode)

    def _writer(self, name: str) -> Any:
        def told(key: str, default: Any = None) -> Any:
            return ("127.0.0.1", 1) if key in ("peername", "sockname") else default

        return SimpleNamespace(
            get_extra_info=told,
            is_closing=lambda: False,
            write=lambda data: self.done.append((name, data)),
        )

    def close_connection(self, connection: Any, half_close: bool = False) -> None:  # noqa: FBT001, FBT002 - the core's signature
        self.done.append("half" if half_close else "closed")

    def sever(self) -> None:
        self.severed.set()


def handler(answer: Callable[[events.Event], Iterator[commands.Command]], hook: Any = None) -> Handler:
    made = Handler(hook)
    made.layer = cast("Any", Script(answer))
    return made


async def test_what_a_turn_writes_leaves_in_one_piece() -> None:
    """In its order; and what was written before the connection's end leaves before it."""

    def answer(_event: events.Event) -> Iterator[commands.Command]:
        yield commands.SendData(near, b"head")
        yield commands.SendData(near, b"body")
        yield commands.CloseTcpConnection(near, half_close=True)
        yield commands.SendData(near, b"more")
        yield commands.CloseConnection(near)

    made = handler(answer)
    near = made.client
    await made.server_event(events.Start())
    assert made.done == [("near", b"headbody"), "half", ("near", b"more"), "closed"]


async def test_a_crash_ends_the_connection_and_later_events_are_still_heard() -> None:
    """Z22: the core's own words for it close every side."""
    logged: list[str] = []

    def answer(_event: events.Event) -> Iterator[commands.Command]:
        yield commands.SendData(made.client, b"a")
        raise RuntimeError("planted")

    made = handler(answer)
    made.log = lambda message, *_a, **_k: logged.append(message)  # type: ignore[method-assign]
    await made.server_event(events.Start())
    await made.server_event(events.Start())
    assert logged == ["mitmproxy has crashed!"] * 2


async def test_an_unknown_command_is_a_crash() -> None:
    """What the core's layers may yet learn to ask for, nobody has looked at."""
    logged: list[str] = []
    made = handler(lambda _event: iter([commands.Command()]))
    made.log = lambda message, *_a, **_k: logged.append(message)  # type: ignore[method-assign]
    await made.server_event(events.Start())
    assert logged == ["mitmproxy has crashed!"]


async def test_a_layer_may_ask_to_be_woken() -> None:
    """A session looks after its peers from time to time."""
    woken = asyncio.Event()

    def answer(event: events.Event) -> Iterator[commands.Command]:
        if isinstance(event, events.Wakeup):
            woken.set()
        else:
            yield commands.RequestWakeup(0.001)

    made = handler(answer)
    await made.server_event(events.Start())
    await asyncio.wait_for(woken.wait(), 5)
    assert not made.wakeup_timer


async def test_events_are_handled_one_after_the_other() -> None:
    """One that comes while another is handled waits for its end; nothing reenters a layer."""
    seen: list[str] = []

    def answer(event: events.Event) -> Iterator[commands.Command]:
        name = "start" if isinstance(event, events.Start) else "hook"
        seen.append(f"{name} begins")
        if name == "start":
            yield HttpRequestHook(tflow.tflow())
        seen.append(f"{name} ends")

    async def at_once(_hook: object) -> None:
        seen.append("asked")

    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    made = handler(answer, at_once)
    await made.server_event(events.Start())
    assert seen == ["start begins", "asked", "start ends", "hook begins", "hook ends"]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("failure", ["raises", "hangs", "exits"])
async def test_a_hook_that_does_not_end_well_never_completes(failure: str, eager: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Z22: both sides are closed, and the layer that waits for it never goes on."""
    completed: list[events.Event] = []

    def answer(event: events.Event) -> Iterator[commands.Command]:
        if isinstance(event, events.HookCompleted):
            completed.append(event)
        else:
            yield HttpRequestHook(tflow.tflow())

    async def fail(_hook: object) -> None:
        if failure == "hangs":
            await asyncio.Event().wait()
        raise RuntimeError("planted") if failure == "raises" else GeneratorExit

    if eager:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    made = handler(answer, fail)
    await made.server_event(events.Start())
    await asyncio.wait_for(made.severed.wait(), 5)
    for _ in range(5):
        await asyncio.sleep(0)
    assert completed == []
    assert made.timeout_watchdog.blocker == 0


async def test_a_hook_in_time_goes_on() -> None:
    """Its layer hears of it, and its deadline is forgotten."""
    completed = asyncio.Event()

    def answer(event: events.Event) -> Iterator[commands.Command]:
        if isinstance(event, events.HookCompleted):
            completed.set()
        else:
            yield HttpRequestHook(tflow.tflow())

    async def wait(_hook: object) -> None:
        await asyncio.sleep(0)

    made = handler(answer, wait)
    await made.server_event(events.Start())
    await asyncio.wait_for(completed.wait(), 5)
    await asyncio.sleep(made.hook_deadline_s * 2)
    assert not made.severed.is_set()


async def test_only_what_waits_is_waited_for() -> None:
    """Z22: back-pressure: a peer that does not read stops the other side; one that does costs nothing."""
    made = handler(lambda _event: iter(()))
    drained: list[bool] = []

    async def drain() -> None:
        drained.append(True)

    waiting = 0
    writer = cast("Any", made.transports[made.client].writer)
    writer.transport = SimpleNamespace(get_write_buffer_size=lambda: waiting)
    writer.drain = drain
    await made.drain_writers()
    assert drained == []
    waiting = 1
    await made.drain_writers()
    assert drained == [True]
