"""The production door's master: an addon that fails shuts its flow, options are fixed, the seal holds."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import ctx, hooks, http, options
from mitmproxy.addons import core as core_addon
from mitmproxy.addons import proxyserver
from mitmproxy.connection import Server
from mitmproxy.exceptions import AddonHalt
from mitmproxy.proxy import server_hooks
from mitmproxy.proxy.layers.http._hooks import HttpRequestHeadersHook, HttpRequestHook, HttpResponseHook
from mitmproxy.proxy.layers.tcp import TcpStartHook
from mitmproxy.test import tflow

from addons.boundary import Boundary
from addons.crossing import CROSSING
from addons.master import Seal, StrictAddonManager, serve
from addons.reclaim import Reclaim
from addons.server_tls import ServerTlsAddon
from addons.unspoken import Unspoken
from demo.echo_server import EchoServer, serving
from tests.support import zone_world
from tests.support.boundary_lab import LabLimits, MemoryJournal, lab
from tests.support.ports import free_port
from tests.support.zone_world import CHAT, CREDENTIAL
from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.workers.doors import open_shared
from zoneproxy.assembly import Boundary as Core
from zoneproxy.assembly import Listener, Zone
from zoneproxy.passage.state import State
from zoneproxy.terms.errors import ConfigError, TraceError

live = pytest.mark.live


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def post(path: str = "/v1/chat/completions") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(CHAT)}\r\n\r\n"
    )
    return head.encode() + CHAT


# ---- the strict manager ----------------------------------------------------------------------------


class Recorder:
    """Stands where the boundary stands, and keeps what it is told."""

    name = "boundary"

    def __init__(self) -> None:
        self.faults: list[tuple[str, Any]] = []

    async def fault(self, where: str, data: Any, _error: BaseException) -> None:
        self.faults.append((where, data))


class Failing:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def _fail(self, _data: object) -> None:
        raise self.error

    requestheaders = request = response = tcp_start = server_connect = client_connected = _fail


class Later:
    seen = 0

    def request(self, _flow: object) -> None:
        self.seen += 1


def manager(*planted: Any) -> tuple[StrictAddonManager, Recorder]:
    """A manager with these addons behind the recorder, without an event loop's proxy around it."""
    strict, recorder = StrictAddonManager(cast("Any", SimpleNamespace(options=options.Options()))), Recorder()
    strict.chain = [recorder, *planted]
    strict.lookup = {"boundary": recorder}
    return strict, recorder


ERRORS = [RuntimeError("planted"), AddonHalt()]


@pytest.mark.parametrize("error", ERRORS, ids=["error", "halt"])
@pytest.mark.parametrize("hook", [HttpRequestHeadersHook, HttpRequestHook, HttpResponseHook])
async def test_a_failing_addon_refuses_the_flow(hook: Any, error: Exception):
    """mitmproxy would go on, and silently skip the rest on a halt; here the flow is shut and told."""
    later = Later()
    strict, recorder = manager(Failing(error), later)
    flow = tflow.tflow(resp=True)
    event: hooks.Hook = hook(flow)
    await strict.handle_lifecycle(event)
    assert flow.response is not None
    assert flow.response.status_code == 500
    assert recorder.faults == [(event.name, flow)]
    assert later.seen == 0


@pytest.mark.parametrize("error", ERRORS, ids=["error", "halt"])
async def test_a_failing_addon_kills_what_can_not_be_answered(error: Exception):
    """A raw flow has no answer, so it ends; a connection is marked before it is opened."""
    strict, _ = manager(Failing(error))
    raw = tflow.ttcpflow()
    raw.live = True
    await strict.handle_lifecycle(TcpStartHook(raw))
    assert raw.error is not None
    data = server_hooks.ServerConnectionHookData(
        server=Server(address=("127.0.0.1", 1)), client=raw.client_conn
    )
    await strict.handle_lifecycle(server_hooks.ServerConnectHook(data))
    assert data.server.error == "internal error"
    await strict.handle_lifecycle(server_hooks.ClientConnectedHook(raw.client_conn))
    assert raw.client_conn.error == "internal error"


async def test_addons_that_work_are_all_asked():
    """A hook without a failure comes to every addon and shuts nothing."""
    later = Later()
    strict, recorder = manager(later)
    flow = tflow.tflow()
    await strict.handle_lifecycle(HttpRequestHook(flow))
    assert later.seen == 1
    assert flow.response is None
    assert recorder.faults == []


# ---- the seal --------------------------------------------------------------------------------------

PASSING = {
    "request": {State.INSIDE},
    "responseheaders": {State.ANSWERING, State.BUFFERING, State.REFUSED, State.WITHHELD, State.CLOSING},
    "response": {State.DELIVERED, State.REFUSED, State.WITHHELD},
}
ANSWERED = {State.REFUSED, State.SEVERED, State.DENYING, State.WITHHELD}


def flow_in(state: State | None, *, answered: bool) -> http.HTTPFlow:
    flow = tflow.tflow(resp=answered)
    if state is not None:
        flow.metadata[CROSSING] = SimpleNamespace(passage=SimpleNamespace(state=state))
    return flow


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "bare"])
@pytest.mark.parametrize("state", [*State, None], ids=lambda state: state.value if state else "none")
@pytest.mark.parametrize("hook", PASSING)
def test_the_seal_shuts_what_is_undecided(hook: str, state: State | None, *, answered: bool):
    """A flow passes only in a state that says it was judged for this step, or with its refusal set."""
    flow = flow_in(state, answered=answered)
    if state in PASSING[hook] or (answered and state in ANSWERED):
        getattr(Seal(), hook)(flow)
    else:
        with pytest.raises(PermissionError):
            getattr(Seal(), hook)(flow)


@live
async def test_the_seal_shuts_a_flow_that_the_boundary_never_saw(upstream: EchoServer):
    """Where the enforcement addon is gone from the chain, nothing is forwarded."""
    async with lab(upstream.port) as running:
        chain = running.master.addons.chain
        chain[:] = [addon for addon in chain if not isinstance(addon, Boundary)]
        answer = await running.raw(post())
        assert not answer.startswith(b"HTTP/1.1 200 ")
        assert upstream.seen == []


@live
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/unknown"], ids=["admitted", "denied"])
async def test_the_seal_holds_against_an_addon_that_opens(path: str, upstream: EchoServer):
    """A refusal that another addon takes away is put back: a denied flow is never forwarded."""

    class Opening:
        def requestheaders(self, flow: http.HTTPFlow) -> None:
            flow.response = None

        def request(self, flow: http.HTTPFlow) -> None:
            flow.response = None

    opening = Opening()
    async with lab(upstream.port, opening) as running:
        chain = running.master.addons.chain
        chain.remove(opening)
        chain.insert(1, opening)
        answer = await running.raw(post(path))
        if path == "/v1/unknown":
            assert not answer.startswith(b"HTTP/1.1 200 ")
            assert upstream.seen == []
        else:
            assert answer.startswith(b"HTTP/1.1 200 ")


# ---- the run ---------------------------------------------------------------------------------------


HELLO_WORLD = b"GET /v1/models HTTP/1.1\r\nhost: zone\r\n\r\n"


class FakeZone:
    """A zone without a disk: what the master asks of one."""

    def __init__(self, port: int) -> None:
        rules = zone_world.rules()
        self.journal = MemoryJournal()
        self.boundary = Core(
            rules=rules,
            limits=cast("Any", LabLimits()),
            listeners={"cable-sg-1": Listener(zone_world.DOORS["cable-sg-1"], "127.0.10.1", port)},
            journal=self.journal,
            clock=SystemClock(),
            entropy=SystemEntropy(),
        )
        self.failure: TraceError | None = None
        self.told: Any = None
        self.steps: list[str] = []

    def tell_failure(self, told: Any) -> None:
        self.told = told

    async def start(self) -> None:
        self.steps.append("start")
        self.boundary.open = True

    def shut(self) -> None:
        self.steps.append("shut")
        self.boundary.open = False

    async def close(self) -> None:
        self.steps.append("close")


@contextlib.contextmanager
def signals_kept() -> Iterator[None]:
    """Leave this process's signal handlers as they were."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        loop = asyncio.get_running_loop()
        for number, handler in kept.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@live
@pytest.mark.parametrize("failed", [False, True], ids=["told", "log failed"])
async def test_a_run_starts_freezes_serves_and_stops(*, failed: bool):
    """The start is recorded before the doors are told open, and nothing can move the options after it."""
    zone = FakeZone(free_port("127.0.10.1"))
    doors: list[str] = []

    def ready(addresses: list[str]) -> None:
        zone.steps.append("ready")
        doors.extend(addresses)
        with pytest.raises(PermissionError):
            ctx.options.update(rawtcp=True)
        with pytest.raises(PermissionError):
            ctx.options.update(mode=["regular@127.0.0.1:0"])
        assert ctx.options.rawtcp is False
        assert ctx.options.mode == zone.boundary.modes()
        if failed:
            zone.failure = TraceError("planted")
        zone.told()

    with signals_kept():
        async with asyncio.timeout(10):
            if failed:
                with pytest.raises(TraceError, match="planted"):
                    await serve(cast("Zone", zone), ready=ready)
            else:
                await serve(cast("Zone", zone), ready=ready)
    assert zone.steps == ["start", "ready", "shut", "close"]
    assert doors == [zone.boundary.listeners["cable-sg-1"].address]


@live
async def test_a_drain_answers_what_is_on_its_way_and_goes_on_nowhere(upstream: EchoServer):
    """Worker and successor share a queue: what came in is answered, idle connections once more, then none."""
    door = open_shared("127.0.10.1", 0)
    port = door.getsockname()[1]
    zone = FakeZone(port)
    zone.boundary.limits = cast("Any", LabLimits(drain_timeout_s=5.0, drain_idle_s=0.5))
    ready = asyncio.Event()
    with signals_kept():
        run = asyncio.ensure_future(
            serve(cast("Zone", zone), ready=lambda _: ready.set(), doors={"cable-sg-1": door.dup()})
        )
        await ready.wait()
        reader, writer = await asyncio.open_connection("127.0.10.1", port)
        writer.write(HELLO_WORLD)
        kept = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(re.search(rb"content-length: (\d+)", kept)[1]))  # type: ignore[index]
        started_reader, started_writer = await asyncio.open_connection("127.0.10.1", port)
        started_writer.write(HELLO_WORLD[:20])
        await asyncio.sleep(0.05)
        zone.told()
        await asyncio.sleep(0.1)
        # The door is not listened to any more by this one, and held by others: a successor would accept.
        _, late_writer = await asyncio.open_connection("127.0.10.1", port)
        writer.write(HELLO_WORLD)
        started_writer.write(HELLO_WORLD[20:])
        answers = [await one.read() for one in (reader, started_reader)]
        late_writer.write(HELLO_WORLD)
        await run
        door.settimeout(5)
        accepted, _ = await asyncio.to_thread(door.accept)
        with accepted:
            assert await asyncio.to_thread(accepted.recv, 1024) == HELLO_WORLD
        for one in (writer, started_writer, late_writer):
            one.close()
    door.close()
    assert body
    assert all(answer.startswith(b"HTTP/1.1 ") for answer in answers)
    assert zone.steps == ["start", "shut", "close"]


@live
async def test_a_door_that_is_taken_stops_the_start():
    """The operator is told which address can't be had, and what to do."""
    holder = await asyncio.start_server(lambda _r, _w: None, "127.0.10.1", 0)
    port = holder.sockets[0].getsockname()[1]
    zone = FakeZone(port)
    with signals_kept():
        async with asyncio.timeout(10):
            with pytest.raises(ConfigError) as caught:
                await serve(cast("Zone", zone), ready=lambda _doors: None)
    holder.close()
    assert f"`127.0.10.1:{port}`" in caught.value.message
    assert caught.value.hint
    assert "ready" not in zone.steps
    assert zone.steps[-1] == "close"


@live
async def test_no_other_addon_stands_in_the_chain(upstream: EchoServer):
    """What could change a judged request, or serve something else, is not there."""
    async with lab(upstream.port) as running:
        kinds = [type(addon) for addon in running.master.addons.chain]
    assert kinds[0] is Boundary
    assert kinds[-1] is Seal
    assert kinds[1:4] == [ServerTlsAddon, Unspoken, Reclaim]
    assert kinds[4:-1] == [core_addon.Core, proxyserver.Proxyserver]
