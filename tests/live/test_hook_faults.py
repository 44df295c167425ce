"""A fault in any hook refuses its flow, recorded, and the proxy stays up (Z22)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy.exceptions import AddonHalt

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.zone_world import CHAT, CREDENTIAL, STREAMED_CHAT
from zoneproxy.passage.machine import Passage

pytestmark = pytest.mark.live

HOOKS = [
    "client_connected",
    "requestheaders",
    "request",
    "server_connect",
    "server_connected",
    "responseheaders",
    "response",
]


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def post(body: bytes = CHAT, path: str = "/v1/chat/completions") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def planted(hook: str, error: BaseException) -> Any:
    def fail(_self: object, _data: object) -> None:
        raise error

    return type(f"Planted{hook.title().replace('_', '')}", (), {hook: fail})()


async def serves(running: Lab) -> None:
    """The proxy is up: a good request still passes (once the planted addon is out of the way)."""
    running.master.addons.chain[:] = [
        addon for addon in running.master.addons.chain if not type(addon).__name__.startswith("Planted")
    ]
    answer = await running.raw(post())
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("error", [RuntimeError("planted"), AddonHalt()], ids=["error", "halt"])
async def test_a_foreign_addon_that_fails_shuts_the_flow(
    hook: str, error: BaseException, upstream: EchoServer
) -> None:
    """mitmproxy would go on; the strict manager refuses, and the client gets no answer of the model."""
    async with lab(upstream.port, planted(hook, error)) as running:
        answer = await running.raw(post())
        assert not answer.startswith(b"HTTP/1.1 200"), answer
        assert b'"hello"' not in answer
        if hook in ("requestheaders", "request", "server_connect"):
            assert upstream.seen == []
        if hook != "client_connected" and answer:
            assert answer.startswith(b"HTTP/1.1 500 "), answer
            assert b"internal-error" in answer
        verdicts = running.journal.verdicts()
        if hook != "client_connected":
            assert verdicts[-1][1:] == ("deny", "internal-error"), verdicts
        assert len(running.boundary.crossings) == 0
        await serves(running)


EVENTS = ["HeadArrived", "BodyArrived", "Dialling", "Dialled", "AnswerHead", "AnswerBody"]


@pytest.mark.parametrize("event", EVENTS)
async def test_a_bug_in_any_room_refuses_the_flow(
    event: str, upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever room raises, the flow is refused with `internal-error` and its trace index."""
    receive = Passage.receive

    def fail(self: Passage, happened: Any) -> Any:
        if type(happened).__name__ == event:
            raise ZeroDivisionError("planted")
        return receive(self, happened)

    async with lab(upstream.port) as running:
        monkeypatch.setattr(Passage, "receive", fail)
        answer = await running.raw(post())
        monkeypatch.setattr(Passage, "receive", receive)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 500 "), answer
        error = json.loads(body)["error"]
        assert error["code"] == "internal-error"
        index = len(running.journal.entries) - 1
        assert error["trace"] == f"zone.test/log#{index}"
        assert running.journal.verdicts()[-1][1:] == ("deny", "internal-error")
        assert running.journal.entries[-1][2]["detail"] is not None
        await serves(running)


@pytest.mark.parametrize("event", ["AnswerChunk", "AnswerEnd"])
async def test_a_bug_in_a_stream_cuts_it_loudly(
    event: str, upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream whose inspection fails ends with an error event, without its terminal marker."""
    receive = Passage.receive

    def fail(self: Passage, happened: Any) -> Any:
        if type(happened).__name__ == event:
            raise ZeroDivisionError("planted")
        return receive(self, happened)

    async with lab(upstream.port) as running:
        monkeypatch.setattr(Passage, "receive", fail)
        answer = await running.raw(post(STREAMED_CHAT))
        monkeypatch.setattr(Passage, "receive", receive)
        assert b"[DONE]" not in answer
        assert b"\r\n0\r\n\r\n" not in answer
        assert b'data: {"error":' in answer
        assert running.journal.verdicts()[-1] == ("return", "deny", "internal-error")
        await serves(running)


async def test_a_log_that_fails_lets_nothing_pass(upstream: EchoServer) -> None:
    """Z13: without a record there is no passage, and the caller is told so."""
    async with lab(upstream.port, journal=MemoryJournal(fail_after=0)) as running:
        answer = await running.raw(post())
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"trace-unavailable" in answer
        assert upstream.seen == []


async def test_a_log_that_fails_before_the_return_withholds_the_answer(upstream: EchoServer) -> None:
    """Z13: the answer does not leave if its return can't be recorded."""
    async with lab(upstream.port, journal=MemoryJournal(fail_after=1)) as running:
        answer = await running.raw(post())
        assert b"hello" not in answer
        streamed = await running.raw(post(STREAMED_CHAT))
        assert b"[DONE]" not in streamed
