"""A boundary between raw sockets: what each side read is kept byte by byte, and both are compared.

The upstream is as generous as a server can be; what it took is then read again by h11, which is strict. If
the two find other messages in the same bytes, a message could be hidden between them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import h11

from tests.support.boundary_lab import Lab, lab
from tests.support.zone_world import CREDENTIAL, ROOT
from zoneproxy.assembly import Boundary as Core
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.policy import load

VECTORS = ROOT / "tests" / "vectors" / "framing"
SECOND = "zp-second-customer"
_END = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a server took it."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def field(self, name: bytes) -> bytes:
        return next((value for key, value in self.fields if key == name), b"")

    @property
    def flow(self) -> str:
        return self.field(b"zone-flow").decode()


def plain_answer(request: Request) -> bytes:
    """Answer in the API's form, naming the flow that was asked for."""
    body = json.dumps({"choices": [], "id": request.flow, "object": "chat.completion"}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


@dataclass
class GenerousServer:
    """Takes any line end, folded lines, any spelling of a length; keeps every connection's bytes.

    Attributes:
        answer: what is answered to a request; a server that says nothing closes.
        closes: whether it leaves after its answer.
        connections: all bytes of each connection, in order.
        requests: every request that was taken, by any connection.
    """

    answer: Callable[[Request], bytes] = plain_answer
    closes: Callable[[Request], bool] = lambda _: False
    connections: list[bytearray] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = bytearray()
        self.connections.append(kept)
        read = 0
        try:
            while data := await reader.read(65_536):
                kept += data
                while (found := _take(bytes(kept), read)) is not None:
                    request, read = found
                    self.requests.append(request)
                    answer = self.answer(request)
                    writer.write(answer)
                    await writer.drain()
                    said = not answer or b"connection: close" in answer or b"content-length" not in answer
                    if said or self.closes(request):
                        return
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[GenerousServer]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    def forget(self) -> None:
        self.connections.clear()
        self.requests.clear()


def _take(data: bytes, start: int) -> tuple[Request, int] | None:
    while data[start : start + 1] in (b"\r", b"\n"):
        start += 1
    end = _END.search(data, start)
    if end is None:
        return None
    lines = [line.rstrip(b"\r") for line in data[start : end.end()].split(b"\n")]
    method, target, *_ = [*lines[0].split(), b"", b""]
    fields: list[tuple[bytes, bytes]] = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
        elif line:
            fields.append((name.strip().lower(), value.strip()))
    body = _body(data, end.end(), dict(reversed(fields)))
    return None if body is None else (Request(method, target, tuple(fields), body[0]), body[1])


def _body(data: bytes, at: int, fields: dict[bytes, bytes]) -> tuple[bytes, int] | None:
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        body = b""
        while (end := data.find(b"\n", at)) >= 0:
            size = int(re.sub(rb"[^0-9a-fA-F].*", b"", data[at:end].strip()) or b"0", 16)
            body, at = body + data[end + 1 : end + 1 + size], end + 1 + size
            at = data.find(b"\n", at) + 1
            if not size or not at:
                return (body, at) if at else None
        return None
    size = int(re.sub(rb"\D.*", b"", fields.get(b"content-length", b"")) or b"0")
    return (data[at : at + size], at + size) if len(data) >= at + size else None


def strict_requests(raw: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Read a connection as h11 does: method, target and body of each request; all bytes must be used."""
    found = []
    while raw:
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(raw)
        head, body = connection.next_event(), b""
        if not isinstance(head, h11.Request):
            break  # a request that was broken off
        while isinstance(event := connection.next_event(), h11.Data):
            body += event.data
        if not isinstance(event, h11.EndOfMessage):
            break
        found.append((head.method, head.target, body))
        raw = connection.trailing_data[0]
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as a client took it."""

    status: int
    flow: str
    body: bytes
    complete: bool


def strict_answers(raw: bytes, methods: Iterator[str]) -> list[Answer]:
    """Read what a client got, as h11 does; whatever it can't read is an error."""
    found = []
    while raw:
        connection = h11.Connection(h11.CLIENT)
        connection.send(
            h11.Request(method=next(methods, "GET") or "GET", target="/", headers=[("host", "a")])
        )
        connection.send(h11.EndOfMessage())
        connection.receive_data(raw)
        interim = False
        while isinstance(event := connection.next_event(), h11.InformationalResponse):
            interim = True
        if interim and event is h11.NEED_DATA and raw.endswith(b"\r\n\r\n"):
            break  # it was told to go on, and did not
        assert isinstance(event, h11.Response), f"no whole head: {raw[:200]!r}"
        body = b""
        head = event
        while isinstance(event := connection.next_event(), h11.Data):
            body += event.data
        flow = dict(head.headers).get(b"zone-flow", b"").decode()
        complete = isinstance(event, h11.EndOfMessage)
        found.append(Answer(head.status_code, flow, body, complete))
        if not complete:
            break
        raw = connection.trailing_data[0]
    return found


@dataclass
class Call:
    """One connection: what was sent, from where, and what came back."""

    sent: bytes
    peer: tuple[str, int] = ("", 0)
    got: bytes = b""
    closed: bool = False


@dataclass
class FramingLab:
    """A boundary, its generous server, and clients on raw sockets."""

    boundary: Lab
    server: GenerousServer

    async def call(
        self, *parts: bytes, host: str = "127.0.10.1", peer: str = "127.0.10.9", timeout_s: float = 8.0
    ) -> Call:
        """Send pieces on one connection and read until it closes."""
        reader, writer = await asyncio.open_connection(host, self.boundary.port, local_addr=(peer, 0))
        call = Call(b"".join(parts), writer.get_extra_info("sockname")[:2])
        try:
            async with asyncio.timeout(timeout_s):
                with contextlib.suppress(ConnectionError):
                    for part in parts:
                        writer.write(part)
                        await writer.drain()
                        await asyncio.sleep(0)
                    while chunk := await reader.read(65_536):
                        call.got += chunk
                call.closed = True
        except TimeoutError:
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return call

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        async with asyncio.timeout(5):
            while len(self.boundary.boundary.crossings):
                await asyncio.sleep(0.002)

    def forget(self) -> None:
        self.server.forget()
        self.boundary.journal.entries.clear()

    def check(self, calls: list[Call]) -> None:
        """Compare what was judged with what each side read.

        Raises:
            AssertionError: a message that no record speaks of, another body than the judged one, two readings
                of the same bytes, an answer that is another caller's, or a connection that hangs.
        """
        entries = self.boundary.journal.entries
        decisions = {body["flow"]: (body, private) for kind, body, private in entries if kind == "decision"}
        taken = list(self.server.requests)
        strict = [one for raw in self.server.connections for one in strict_requests(bytes(raw))]
        assert sorted(strict) == sorted((r.method, r.target, r.body) for r in taken)
        assert len({request.flow for request in taken}) == len(taken), "a request was forwarded twice"
        for request in taken:
            body, private = decisions[request.flow]
            assert body["verdict"] == "allow"
            assert request.target.partition(b"?")[0].decode() == private["request.path"]
            assert request.method.decode() == private["request.method"]
            if b'"stream"' not in request.body:
                assert (
                    hashlib.sha256(request.body).hexdigest() == private["request_sha256"] or not request.body
                )
        returns = {body["flow"]: (body, private) for kind, body, private in entries if kind == "return"}
        for call in calls:
            assert call.closed, f"the connection hangs: {call.sent!r}, got {call.got!r}"
            own = [
                (flow, private)
                for flow, (_, private) in decisions.items()
                if (private.get("client.ip", call.peer[0]), private["peer_port"]) == call.peer
            ]
            answers = strict_answers(call.got, (private["request.method"] or "GET" for _, private in own))
            assert len(answers) <= len(own), f"an answer without a record: {call.sent!r} {call.got!r}"
            for answer, (flow, _) in zip(answers, own, strict=False):
                assert answer.flow == flow, "an answer of another request"
                if answer.status != 200:
                    continue
                ended, private = returns[flow]
                if not answer.complete:  # a stream that was cut, loudly
                    assert ended["verdict"] == "deny"
                    continue
                assert ended["verdict"] == "allow"
                digest = hashlib.sha256(answer.body).hexdigest()
                assert digest == private["response_sha256"], "another answer than the judged one"


def two_customers(core: Core) -> None:
    """Register a second customer of the same market."""
    names = ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml")
    texts = [(ROOT / "policies" / name).read_text("utf-8") for name in names]
    digest = hashlib.sha256
    core.rules = replace(
        core.rules,
        policies=tuple(
            load(text.replace("markets: [MY]", "markets: [MY, SG]").encode(), name)
            for name, text in zip(names, texts, strict=True)
        ),
        tenants=TenantRegistry(
            [
                Tenant("toyco-sg", "SG", "overseas", (digest(CREDENTIAL.encode()).digest(),)),
                Tenant("toyco-my", "SG", "overseas", (digest(SECOND.encode()).digest(),)),
            ]
        ),
    )


@contextlib.asynccontextmanager
async def framing_lab(**limits: float) -> AsyncIterator[FramingLab]:
    """Run a boundary with short deadlines, two customers and a generous server."""
    deadlines: dict[str, Any] = {"header_timeout_s": 1.5, "idle_timeout_s": 1.5, "body_timeout_s": 1.5}
    async with (
        GenerousServer().listening() as server,
        lab(server.port, alter=two_customers, **(deadlines | limits)) as running,
    ):
        yield FramingLab(running, server)
