"""The enforcement addon on the real core: each connection alone, each request in its order, all recorded."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow

from addons.boundary import Boundary
from addons.crossing import CROSSING
from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.zone_world import CHAT, CREDENTIAL, STREAMED_CHAT

live = pytest.mark.live
BEARER = f"authorization: Bearer {CREDENTIAL}\r\n"
MODELS = f"GET /v1/models HTTP/1.1\r\nhost: zone\r\n{BEARER}\r\n".encode()


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def post(
    word: str = "hello",
    more: str = "",
    *,
    line: str = "POST /v1/chat/completions HTTP/1.1",
    padding: int = 0,
    body: bytes = CHAT,
) -> bytes:
    data = body.replace(b"hello", word.encode()) + b" " * padding
    head = (
        f"{line}\r\nhost: zone\r\n{BEARER}content-type: application/json\r\n"
        f"{more}content-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


class Caller:
    """A caller that keeps its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, running: Lab) -> AsyncIterator[Caller]:
        reader, writer = await asyncio.open_connection(
            "127.0.10.1", running.port, local_addr=("127.0.10.9", 0)
        )
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def head(self) -> str:
        data = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        return data.decode("latin-1").lower()

    async def answer(self) -> tuple[int, Any]:
        """Read one whole answer."""
        head = await self.head()
        length = int(head.partition("content-length: ")[2].partition("\r")[0])
        return int(head.split()[1]), json.loads(await self.reader.readexactly(length))

    async def ended(self) -> bytes:
        """Return what still comes until the other side closes."""
        return await asyncio.wait_for(self.reader.read(), 5)


def said(answer: tuple[int, Any]) -> str:
    assert answer[0] == 200, answer
    return str(answer[1]["choices"][0]["message"]["content"])


@contextlib.asynccontextmanager
async def numbered() -> AsyncIterator[int]:
    """A server whose answers tell which of its connections they came on."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = f"connection {'abcdefgh'[len(writers)]}"
        writers.append(writer)
        body = json.dumps({"object": "list", "data": [name]}).encode()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
                writer.write(f"{head}\r\n\r\n".encode() + body)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


# ---- connections ---------------------------------------------------------------------------------


@live
async def test_one_connection_carries_several_requests_in_order(upstream: EchoServer) -> None:
    """Refused or served, each request has its answer and its own records, and the connection lives."""
    async with lab(upstream.port) as running, Caller.of(running) as caller:
        for word in ("alpha", "beta"):
            caller.writer.write(post(word))
            assert word in said(await caller.answer())
        caller.writer.write(post(line="POST /v1/unknown HTTP/1.1"))
        assert (await caller.answer())[0] == 404
        caller.writer.write(post("gamma"))
        assert "gamma" in said(await caller.answer())
        assert [verdict for _, verdict, _ in running.journal.verdicts()] == ["allow"] * 4 + ["deny"] + [
            "allow"
        ] * 2
        assert len(running.boundary.crossings) == 0


@live
async def test_pipelined_requests_are_answered_in_order(upstream: EchoServer) -> None:
    """What comes before its turn waits: one exchange at a time, and no answer is another's."""
    async with lab(upstream.port) as running, Caller.of(running) as caller:
        words = ["alpha", "beta", "gamma"]
        caller.writer.write(b"".join(post(word) for word in words))
        for word in words:
            assert word in said(await caller.answer())
        kinds = [kind for kind, _, _ in running.journal.verdicts()]
        assert kinds == ["decision", "return"] * 3


@live
async def test_a_pipelined_body_is_not_taken_for_a_head(upstream: EchoServer) -> None:
    """The limit of heads does not meet the body of a request whose head came with the one before."""
    async with lab(upstream.port, max_header_bytes=1_024) as running, Caller.of(running) as caller:
        second = post("beta", padding=9_000)
        cut = second.index(b"\r\n\r\n") + 10
        caller.writer.write(post("alpha") + second[:cut])
        assert "alpha" in said(await caller.answer())
        async with asyncio.timeout(5):
            while len(running.boundary.crossings) == 0:
                await asyncio.sleep(0)
        caller.writer.write(second[cut:])
        assert "beta" in said(await caller.answer())


@live
@pytest.mark.parametrize("good", [True, False], ids=["served", "refused"])
async def test_a_caller_that_asks_for_the_end_gets_it(upstream: EchoServer, *, good: bool) -> None:
    """`Connection: close` ends the connection after the answer, whatever the answer is."""
    line = "POST /v1/chat/completions HTTP/1.1" if good else "POST /v1/unknown HTTP/1.1"
    async with lab(upstream.port) as running, Caller.of(running) as caller:
        caller.writer.write(post(more="connection: close\r\n", line=line))
        assert (await caller.answer())[0] == (200 if good else 404)
        assert await caller.ended() == b""


@live
async def test_two_callers_never_share_a_server_connection() -> None:
    """A connection to a model server is one caller's alone: no answer can reach another."""
    async with numbered() as port, lab(port) as running:
        async with Caller.of(running) as first, Caller.of(running) as second:
            got: list[str] = []
            for caller in (first, second, first, second):
                caller.writer.write(MODELS)
                status, body = await caller.answer()
                assert status == 200, body
                got.append(body["data"][0])
        assert {got[0], got[2]}.isdisjoint({got[1], got[3]})
        async with Caller.of(running) as third:
            third.writer.write(MODELS)
            assert (await third.answer())[1]["data"][0] not in got


@live
async def test_a_refusal_stands_though_the_caller_waits_to_be_told_to_go_on(upstream: EchoServer) -> None:
    """`Expect: 100-continue` opens nothing: a refused head stays refused, recorded once."""
    data = post(more="expect: 100-continue\r\nzone-origin: overseas\r\n")
    cut = data.index(b"\r\n\r\n") + 4
    async with lab(upstream.port) as running, Caller.of(running) as caller:
        caller.writer.write(data[:cut])
        head = await caller.head()
        if head.startswith("http/1.1 100"):
            caller.writer.write(data[cut:])
            status, body = await caller.answer()
            assert (status, body["error"]["code"]) == (403, "origin-tag-forged")
        else:
            assert head.startswith("http/1.1 403")
        assert running.journal.verdicts() == [("decision", "deny", "origin-tag-forged")]
        assert upstream.seen == []


@live
async def test_a_good_request_that_waits_to_be_told_is_served(upstream: EchoServer) -> None:
    """A caller that expects 100 is told to go on, and the expectation is not handed on."""
    data = post("alpha", "expect: 100-continue\r\n")
    cut = data.index(b"\r\n\r\n") + 4
    async with lab(upstream.port) as running, Caller.of(running) as caller:
        caller.writer.write(data[:cut])
        assert (await caller.head()).startswith("http/1.1 100")
        caller.writer.write(data[cut:])
        assert "alpha" in said(await caller.answer())
        assert "expect" not in upstream.seen[0].headers


@live
async def test_a_tunnel_is_refused_and_recorded(upstream: EchoServer) -> None:
    """What can't be inspected is not carried, at any door."""
    request = f"CONNECT 127.0.0.1:{upstream.port} HTTP/1.1\r\nhost: zone\r\n{BEARER}\r\n".encode()
    async with lab(upstream.port, idle_timeout_s=0.2, header_timeout_s=0.2) as running:
        for host, peer in (("127.0.10.1", "127.0.10.9"), ("127.0.30.1", "127.0.30.9")):
            answer = await running.raw(request + b"\x00\x01", host=host, peer=peer)
            assert not answer.startswith(b"HTTP/1.1 200"), answer
        assert [verdict for _, verdict, _ in running.journal.verdicts()] == ["deny", "deny"]
        assert upstream.seen == []


@live
async def test_a_hook_that_hangs_closes_both_sides(upstream: EchoServer) -> None:
    """Z22: a record that never comes ends the connection, nothing is forwarded, and others are served."""

    class Hanging(MemoryJournal):
        hang = True

        async def append(self, kind, body, private):
            if self.hang:
                await asyncio.Event().wait()
            return await super().append(kind, body, private)

    journal = Hanging()
    async with lab(upstream.port, journal=journal, hook_deadline_s=0.2) as running:
        assert await running.raw(post()) == b""
        assert upstream.seen == []
        journal.hang = False
        answer = await running.raw(post(more="connection: close\r\n"))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert [seen.path for seen in upstream.seen] == ["/v1/chat/completions"]


@live
async def test_the_end_of_the_boundary_is_recorded(upstream: EchoServer) -> None:
    """What is under way when the boundary stops ends with a record of its own."""
    async with lab(upstream.port, model="stepped") as running, Caller.of(running) as caller:
        caller.writer.write(post(body=STREAMED_CHAT.replace(b"zone-llm-01", b"stepped")))
        await asyncio.to_thread(upstream.wait_seen, 1)
        assert len(running.boundary.crossings) == 1
        await running.boundary.stop()
        assert len(running.boundary.crossings) == 0
        kind, verdict, _ = running.journal.verdicts()[-1]
        assert (kind, verdict) == ("return", "deny")


# ---- one hook alone --------------------------------------------------------------------------------


def client(route: str | None) -> Client:
    mode = SimpleNamespace(route=route) if route is not None else SimpleNamespace()
    return cast("Client", SimpleNamespace(id="c1", error=None, proxy_mode=mode, peername=("127.0.0.1", 9)))


def core(*, is_open: bool = True) -> Any:
    return SimpleNamespace(open=is_open, admits=lambda route, _arrival: route == "cable-sg-1")


@pytest.mark.parametrize(
    ("held", "route", "error"),
    [
        (None, "cable-sg-1", "no declared door"),
        (core(is_open=False), "cable-sg-1", "no declared door"),
        (core(), "cable-xx-9", "no declared door"),
        (core(), None, "no declared door"),
        (core(), "cable-sg-1", None),
    ],
    ids=["not configured", "not open", "undeclared", "another mode", "declared"],
)
def test_only_declared_doors_are_open(held: Any, route: str | None, error: str | None) -> None:
    """A connection that came in by no declared door, or before the start is recorded, is closed."""
    connection = client(route)
    Boundary(held).client_connected(connection)
    assert connection.error == error


def test_a_boundary_without_configuration_serves_nothing() -> None:
    """Before it is configured it is not ready, and has nothing to be asked for."""
    boundary = Boundary()
    assert not boundary.ready
    for ask in (boundary.limits, boundary.assembled, lambda: boundary.is_outward("cable-sg-1")):
        with pytest.raises(RuntimeError):
            ask()


@pytest.mark.parametrize("address", [None, ("127.0.0.1", 1)])
async def test_a_server_that_no_exchange_asked_for_is_not_dialled(address: tuple[str, int] | None) -> None:
    """A connection is opened for an admitted exchange alone."""
    data = ServerConnectionHookData(server=Server(address=address), client=client("cable-sg-1"))
    await Boundary(core()).server_connect(data)
    assert data.server.error == "undecided"


async def test_a_flow_without_its_exchange_is_shut() -> None:
    """A request that no head began is refused, also where the refusal can't be recorded."""
    flow = tflow.tflow()
    await Boundary().request(flow)
    assert flow.response is not None
    assert flow.response.status_code == 500
    assert CROSSING not in flow.metadata
