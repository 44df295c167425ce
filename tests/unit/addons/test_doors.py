"""A door speaks for one route, bounds what it reads, and closes both sides when anything fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import ctx
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy import mode_specs, server_hooks
from mitmproxy.proxy.mode_servers import ServerManager

from addons.doors import ZoneConnectionHandler, ZoneInstance, ZoneMode
from addons.guard import GuardedReader
from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.ports import free_port
from tests.support.zone_world import CHAT, CREDENTIAL

live = pytest.mark.live


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def post(more: str = "connection: close\r\n") -> bytes:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\n{more}content-length: {len(CHAT)}\r\n\r\n"
    )
    return head.encode() + CHAT


# ---- modes ---------------------------------------------------------------------------------------


def test_a_mode_names_its_route():
    """The route's id is the mode's data; address and port follow it."""
    mode = mode_specs.ProxyMode.parse("zone:cable-sg-1@127.0.10.1:8443")
    assert isinstance(mode, ZoneMode)
    assert mode.route == "cable-sg-1"
    assert (mode.listen_host(), mode.listen_port()) == ("127.0.10.1", 8443)


@pytest.mark.parametrize("spec", ["zone", "zone@127.0.10.1:8443", "zone:"])
def test_a_mode_without_a_route_is_refused(spec: str):
    """A door that belongs to no route can't be opened."""
    with pytest.raises(ValueError, match="names its route"):
        mode_specs.ProxyMode.parse(spec)


def instance() -> ZoneInstance:
    return ZoneInstance(ZoneMode.parse("zone:cable-sg-1@127.0.0.1:1"), cast("ServerManager", None))


async def test_a_port_that_is_taken_is_an_error():
    """Two processes never share a door by mistake."""
    port = free_port()
    first = await instance().listen("127.0.0.1", port)
    try:
        with pytest.raises(OSError, match="in use"):
            await instance().listen("127.0.0.1", port)
    finally:
        first[0].close()


@pytest.mark.parametrize("boundary", [None, SimpleNamespace(ready=False)], ids=["none", "not ready"])
async def test_a_door_without_a_ready_boundary_closes(boundary: Any, monkeypatch: pytest.MonkeyPatch):
    """A connection that comes before the start is recorded is closed, not kept waiting."""
    monkeypatch.setattr(ctx, "master", SimpleNamespace(addons={"boundary": boundary}), raising=False)
    closed: list[bool] = []
    await instance().handle_stream(None, SimpleNamespace(close=lambda: closed.append(True)))
    assert closed == [True]


# ---- the guarded reader ----------------------------------------------------------------------------


class Reading:
    """A guarded reader with what it reads from."""

    def __init__(self, *, size: int = 100, head_s: float = 5.0, idle_s: float = 5.0) -> None:
        self.source = asyncio.StreamReader()
        self.guard = GuardedReader(
            self.source, max_head_bytes=size, head_timeout_s=head_s, idle_timeout_s=idle_s
        )

    async def next(self, data: bytes) -> bytes:
        self.source.feed_data(data)
        return await asyncio.wait_for(self.guard.read(65_535), 5)

    async def silence(self) -> bytes:
        return await asyncio.wait_for(self.guard.read(65_535), 5)


HEAD = b"GET / HTTP/1.1\r\nhost: zone\r\n\r\n"


async def test_bytes_pass_unchanged():
    """The guard counts and never changes."""
    reading = Reading()
    assert await reading.next(HEAD[:9]) == HEAD[:9]
    assert await reading.next(HEAD[9:] + b"body") == HEAD[9:] + b"body"


async def test_what_another_guard_has_read_is_read_first():
    """Z5: a head that was counted is done: what comes behind it is its body, however long."""
    reading = Reading()
    reading.guard.begin_with(HEAD + b"bo")
    assert await reading.silence() == HEAD + b"bo"
    body = b"d" * 500  # more than a head may have
    for _ in range(3):
        assert await reading.next(body) == body
    assert not reading.guard.idle
    reading.guard.put_back(b"one")
    reading.source.feed_data(b"two")
    assert reading.guard.take_rest() == b"onetwo"
    assert reading.guard.take_rest() == b""
    assert reading.guard.beneath is reading.source


async def test_a_part_of_a_head_that_was_read_is_bounded_on():
    """Z22: what is still to come has its time and its bytes."""
    reading = Reading(head_s=0.05, idle_s=0.05)
    reading.guard.begin_with(HEAD[:9])
    assert await reading.silence() == HEAD[:9]
    assert await reading.silence() == b""


@pytest.mark.parametrize("step", [1, 7, 101])
async def test_a_head_past_the_limit_is_closed(step: int):
    """Its size is bounded in whatever pieces it comes; the piece that is too much is shown, to be refused."""
    reading, passed = Reading(), 0
    for _ in range(0, 200, step):
        if not await reading.next(b"a" * step):
            break
        passed += step
    assert 100 < passed <= 100 + step


async def test_a_body_is_not_counted_as_a_head():
    """What follows the blank line is the body, however long and in whatever pieces the line came."""
    reading = Reading()
    for cut in range(1, 4):
        reading.guard.await_head()
        end = len(HEAD) - cut
        assert await reading.next(HEAD[:end])
        assert await reading.next(HEAD[end:])
        assert len(await reading.next(b"b" * 5_000)) == 5_000


async def test_the_next_head_is_bounded_again():
    """Once an exchange has ended, the limits of heads hold again."""
    reading = Reading()
    await reading.next(HEAD)
    reading.guard.await_head()
    assert await reading.next(b"a" * 101)
    assert await reading.next(b"a") == b""


async def test_a_head_that_the_parser_had_already_is_done():
    """A head that came with the request before it is told by `head_done`."""
    reading = Reading()
    reading.guard.head_done()
    assert len(await reading.next(b"b" * 5_000)) == 5_000


async def test_silence_before_a_head_ends():
    """A connection on which nothing comes is closed after the idle time."""
    assert await Reading(idle_s=0.02).silence() == b""


async def test_a_slow_head_ends():
    """The deadline counts from a head's first byte, whatever comes in between."""
    reading = Reading(head_s=0.05)
    assert await reading.next(b"G") == b"G"
    got = b"G"
    async with asyncio.timeout(5):
        while got:
            reading.source.feed_data(b"E")
            got = await reading.guard.read(1)
            await asyncio.sleep(0)


async def test_silence_within_a_body_is_not_ours_to_judge():
    """While a body or an answer is under way the reader waits as long as its caller does."""
    reading = Reading(head_s=0.01, idle_s=0.01)
    await reading.next(HEAD)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reading.guard.read(10)


async def test_a_read_that_began_before_the_exchange_ended_keeps_the_new_deadline():
    """The idle time holds for the silence after an answer, though its read began during the answer."""
    reading = Reading(idle_s=0.02)
    await reading.next(HEAD)
    waiting = asyncio.ensure_future(reading.guard.read(10))
    await asyncio.sleep(0)
    reading.guard.await_head()
    assert await asyncio.wait_for(waiting, 5) == b""


async def test_a_slow_body_ends():
    """From a head's end the body has its own deadline; it ends with the body."""
    reading = Reading()
    reading.guard._body_timeout_s = 0.02
    await reading.next(HEAD)
    reading.guard.head_done()
    assert await asyncio.wait_for(reading.guard.read(10), 5) == b""
    again = Reading()
    again.guard._body_timeout_s = 0.02
    await again.next(HEAD)
    again.guard.head_done()
    again.guard.body_done()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await again.guard.read(10)


async def test_what_comes_ahead_of_its_turn_is_counted():
    """While an answer is under way so much as a head is kept; more closes, and the next head counts anew."""
    reading = Reading()
    await reading.next(HEAD)
    reading.guard.body_done()
    most = reading.guard._max_head_bytes
    reading.source.feed_data(b"x" * (most + 1))
    assert len(await reading.guard.read(most)) == most
    assert await reading.guard.read(most) == b""
    reading.guard.await_head()
    assert await reading.next(HEAD) == HEAD


async def test_the_end_of_a_connection_passes():
    """A caller that closes is seen to close."""
    reading = Reading()
    reading.source.feed_eof()
    assert await reading.silence() == b""


# ---- the connection handler ------------------------------------------------------------------------


class Handler(ZoneConnectionHandler):
    """A handler whose hooks are the test's."""

    hook_deadline_s = 0.05

    def __init__(self, connections: list[Any]) -> None:
        served = SimpleNamespace(handler=True)
        self.transports = cast("Any", dict.fromkeys(connections, served))
        self.client = SimpleNamespace(peername=("127.0.0.1", 9))  # type: ignore[assignment]
        self.all_closed = asyncio.Event()
        self.closed: list[Any] = []

    def close_connection(self, connection: Any, half_close: bool = False) -> None:  # noqa: FBT001, FBT002 - the core's signature
        self.closed.append(connection)
        self.all_closed.set()


def connection(state: ConnectionState = ConnectionState.OPEN) -> Client:
    held = Client(peername=("127.0.0.1", 9), sockname=("127.0.0.1", 1))
    held.state = state
    return held


async def test_an_error_in_the_core_closes_every_side_once():
    """mitmproxy logs its crashes and leaves the connection; here every open side is closed."""
    near, far, gone = connection(), connection(), connection(ConnectionState.CLOSED)
    handler = Handler([near, far, gone])
    handler.log("all is well", logging.INFO)
    await asyncio.sleep(0)
    assert handler.closed == []
    handler.log("mitmproxy has crashed!", logging.ERROR)
    assert handler.closed == []  # closing inside a layer would reenter it
    await handler.all_closed.wait()
    assert handler.closed == [near, far]


@pytest.mark.parametrize("failure", ["raises", "hangs", "exits"])
async def test_a_hook_that_does_not_end_well_closes_both_sides(failure: str, monkeypatch: pytest.MonkeyPatch):
    """Z22: the layer stays paused, so that nothing goes on as if the hook had agreed."""

    async def fail(_self: object, _hook: object) -> None:
        if failure == "hangs":
            await asyncio.Event().wait()
        raise RuntimeError("planted") if failure == "raises" else GeneratorExit

    monkeypatch.setattr("mitmproxy.proxy.mode_servers.ProxyConnectionHandler.handle_hook", fail)
    handler = Handler([connection()])
    hook = server_hooks.ServerConnectHook(cast("Any", None))
    running = asyncio.ensure_future(handler.handle_hook(hook))
    await asyncio.wait_for(handler.all_closed.wait(), 5)
    assert not running.done()
    # Once the connection is gone nobody waits for the hook any more, and it never completes.
    handler.end()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(handler.until_it_ends(), 5)  # who comes late need not wait


@pytest.mark.parametrize("end", [server_hooks.ClientDisconnectedHook, server_hooks.ClientConnectedHook])
async def test_a_hook_that_no_layer_waits_for_does_not_hold_the_end_up(
    end: Any, monkeypatch: pytest.MonkeyPatch
):
    """The core runs these in line: were they never to end, its sockets would stay open."""

    async def fail(_self: object, _hook: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("mitmproxy.proxy.mode_servers.ProxyConnectionHandler.handle_hook", fail)
    near = connection()
    await asyncio.wait_for(Handler([near]).handle_hook(end(near)), 5)
    assert near.error == ("internal error" if end is server_hooks.ClientConnectedHook else None)


# ---- on the real core --------------------------------------------------------------------------------


async def serves(running: Lab) -> None:
    answer = await running.raw(post())
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]


@live
@pytest.mark.parametrize(
    "hook", ["client_connected", "requestheaders", "request", "server_connect", "responseheaders", "response"]
)
async def test_a_hook_past_its_deadline_ends_the_connection(hook: str, upstream: EchoServer):
    """Z22: the caller's connection ends without an answer of the model, and the next one is served."""

    async def hang(_self: object, _data: object) -> None:
        await asyncio.Event().wait()

    planted = type("Planted", (), {hook: hang})()
    async with lab(upstream.port, planted, hook_deadline_s=0.1) as running:
        async with asyncio.timeout(4):
            answer = await running.raw(post())
        assert b"hello" not in answer
        assert not answer.startswith(b"HTTP/1.1 200 ")
        if hook not in ("responseheaders", "response"):
            assert upstream.seen == []
        running.master.addons.chain.remove(planted)
        await serves(running)
        async with asyncio.timeout(5):
            while len(running.boundary.crossings):
                await asyncio.sleep(0)


@live
async def test_silence_after_an_answer_ends_the_connection(upstream: EchoServer):
    """A caller that keeps its connection and asks nothing does not hold it for ever."""
    async with lab(upstream.port, idle_timeout_s=0.2) as running:
        async with asyncio.timeout(4):
            answer = await running.raw(post(more=""))
        assert answer.startswith(b"HTTP/1.1 200 ")


@live
async def test_a_second_head_is_bounded_in_time(upstream: EchoServer):
    """The deadline of heads holds for every head of a connection."""
    async with lab(upstream.port, idle_timeout_s=60.0, header_timeout_s=0.2) as running:
        reader, writer = await asyncio.open_connection(
            "127.0.10.1", running.port, local_addr=("127.0.10.9", 0)
        )
        writer.write(post(more=""))
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(5):
            while len(running.boundary.crossings):
                await asyncio.sleep(0)
        writer.write(b"GET / HT")
        await asyncio.wait_for(reader.read(), 4)
        writer.close()
        await writer.wait_closed()


async def test_a_connection_that_can_not_be_served_gives_its_place_back(
    upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
):
    """Z22: a fault before a connection is served costs that connection, and no room for the others."""

    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError("planted")

    async with lab(upstream.port) as running:
        with monkeypatch.context() as planted:
            planted.setattr(ZoneInstance, "make_top_layer", fail)
            for _ in range(3):
                assert await running.raw(post()) == b""
        async with asyncio.timeout(5):
            while running.boundary.occupancy().total:
                await asyncio.sleep(0.01)
        assert (await running.raw(post())).startswith(b"HTTP/1.1 200")
