"""Where every message ends: boundary, generous server and strict one agree, or the bytes are refused."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from tests.support.boundary_lab import lab
from tests.support.framing_lab import (
    SECOND,
    VECTORS,
    FramingLab,
    framing_lab,
    plain_answer,
    strict_answers,
)
from tests.support.ports import free_port
from tests.support.zone_world import CHAT, CREDENTIAL

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


def vectors(name: str) -> list[dict[str, Any]]:
    lines = (VECTORS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def raw(vector: dict[str, Any]) -> bytes:
    text: str = vector.get("raw", "")
    return text.replace("{credential}", CREDENTIAL).encode("latin-1")


REQUESTS, ANSWERS = vectors("requests"), vectors("answers")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def whole() -> AsyncIterator[FramingLab]:
    async with framing_lab() as running:
        yield running


@pytest.fixture
def framing(whole: FramingLab) -> FramingLab:
    whole.server.answer = plain_answer
    whole.forget()
    return whole


def refusals(running: FramingLab) -> list[str]:
    entries = running.boundary.journal.entries
    return [body["reason"] for kind, body, _ in entries if (kind, body["verdict"]) == ("decision", "deny")]


@pytest.mark.parametrize("vector", REQUESTS, ids=[one["name"] for one in REQUESTS])
async def test_a_request_is_one_to_everybody(vector: dict[str, Any], framing: FramingLab) -> None:
    """Z13, Z22: what went on is what was judged, byte by byte; anything else was refused, with a record."""
    call = await framing.call(raw(vector))
    await framing.settled()
    framing.check([call])
    assert len(framing.server.requests) == vector["forwarded"]
    if vector["refused"]:
        assert refusals(framing) == vector["refused"]
    for request in framing.server.requests:
        names = {name for name, _ in request.fields}
        assert not names & {b"proxy-authorization", b"te", b"connection", b"expect", b"transfer-encoding",
                            b"authorization", b"keep-alive", b"proxy-connection", b"upgrade"}  # fmt: skip


@pytest.mark.parametrize("vector", ANSWERS, ids=[one["name"] for one in ANSWERS])
async def test_an_answer_is_one_to_everybody(vector: dict[str, Any], framing: FramingLab) -> None:
    """Z6, Z22: an answer that can be read in two ways is withheld, and the next one is not touched by it.

    Two customers share the connection, as behind a front that pools.
    """
    framing.server.answer = lambda _: raw(vector)
    first = post(close=False)
    reader, writer = await _connect(framing)
    writer.write(first)
    got = await _one(reader)
    framing.server.answer = plain_answer
    writer.write(post(SECOND))
    rest = await _rest(reader)
    writer.close()
    await framing.settled()
    answer = strict_answers(got, iter(["POST"]))[0]
    if vector["out"] == "delivered":
        assert (answer.status, answer.body) == (200, b'{"choices": []}')
    else:
        assert json.loads(answer.body)["error"]["code"] == vector["code"]
    ends = [body for kind, body, _ in framing.boundary.journal.entries if kind == "return"]
    assert ends[0]["verdict"] == ("allow" if vector["out"] == "delivered" else "deny")
    for second in strict_answers(rest, iter(["POST"])):
        assert json.loads(second.body)["id"] == second.flow != answer.flow


async def test_no_client_is_told_of_another_way(framing: FramingLab) -> None:
    """Z7, Z22: what a server says of HTTP/3, HTTP/2 or other addresses never leaves."""

    def answer(request: Any) -> bytes:
        told = b'alt-svc: h3=":443"; ma=86400\r\nupgrade: h2c\r\nlink: </x>; rel=preload\r\ncontent-length: '
        return plain_answer(request).replace(b"content-length: ", told)

    framing.server.answer = answer
    call = await framing.call(post())
    head = call.got.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 200 ")
    assert not any(name in head for name in (b"alt-svc", b"upgrade", b"link:", b"h3"))


def post(credential: str = CREDENTIAL, *, close: bool = True, body: bytes = CHAT) -> bytes:
    last = "connection: close\r\n" if close else ""
    return (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {credential}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{last}\r\n"
    ).encode() + body


async def _connect(running: FramingLab) -> Any:
    return await asyncio.open_connection("127.0.10.1", running.boundary.port, local_addr=("127.0.10.9", 0))


async def _one(reader: Any) -> bytes:
    """Read one answer, by its length or its chunks."""
    head: bytes = await reader.readuntil(b"\r\n\r\n")
    size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return head + bytes(await reader.readexactly(size))


async def _rest(reader: Any) -> bytes:
    try:
        return bytes(await reader.read())
    except ConnectionError:
        return b""


@dataclass
class Model:
    """An application of the pinned server: keeps what it was asked, and answers with it."""

    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        self.asked.append((scope["method"], scope["path"], body))
        flow = dict(scope["headers"]).get(b"zone-flow", b"").decode()
        answer = json.dumps({"choices": [], "id": flow}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@pytest.fixture(scope="module")
def uvicorn_model() -> Iterator[tuple[Model, int]]:
    model, port = Model(), free_port()
    config = uvicorn.Config(
        model, host="127.0.0.1", port=port, http="h11", log_level="critical", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield model, port
    server.should_exit = True
    thread.join(10)


async def test_the_pinned_server_reads_the_same(uvicorn_model: tuple[Model, int]) -> None:
    """The whole corpus against uvicorn and h11: as many requests as judged, with the same bodies."""
    model, port = uvicorn_model
    async with lab(port, header_timeout_s=1.5, idle_timeout_s=1.5, body_timeout_s=1.5) as running:
        async with asyncio.timeout(20):
            while not (await running.raw(post())).startswith(b"HTTP/1.1 200 "):
                await asyncio.sleep(0.05)
        model.asked.clear()
        running.journal.entries.clear()
        both = FramingLab(running, None)  # type: ignore[arg-type]
        for at in range(0, len(REQUESTS), 20):
            await asyncio.gather(*(both.call(raw(one)) for one in REQUESTS[at : at + 20]))
        await both.settled()
        allowed = [
            (private["request.method"], private["request.path"])
            for kind, body, private in running.journal.entries
            if kind == "decision" and body["verdict"] == "allow"
        ]
    assert sorted((method, path) for method, path, _ in model.asked) == sorted(allowed)
    assert {body for _, _, body in model.asked} == {CHAT, b""}
    assert len(model.asked) == sum(one["forwarded"] for one in REQUESTS)
