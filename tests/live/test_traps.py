"""Traps of the core that no other file springs: hooks that hang, streams set by others, bombs, floods."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions, http

from addons.options import freeze
from demo.echo_server import EchoServer, serving
from demo.programs import ROOT
from tests.live.test_framing import post
from tests.support.boundary_lab import Lab, lab
from tests.support.framing_lab import GenerousServer
from tests.support.zone_world import STREAMED_CHAT

pytestmark = pytest.mark.live

HOOKS = (
    "client_connected",
    "requestheaders",
    "request",
    "server_connect",
    "server_connected",
    "responseheaders",
    "response",
    "zone_dialled",
)


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def planted(hook: str, act: Any) -> Any:
    return type(f"Planted{hook.title().replace('_', '')}", (), {hook: act})()


async def serves(running: Lab) -> None:
    running.master.addons.chain[:] = [
        addon for addon in running.master.addons.chain if not type(addon).__name__.startswith("Planted")
    ]
    assert (await running.raw(post())).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_hook_that_hangs_closes_both_sides(hook: str, upstream: EchoServer) -> None:
    """Z22: the core would wait for ever, its watchdog disarmed; here each hook has a deadline."""

    async def hang(_self: object, _data: object) -> None:
        await asyncio.Event().wait()

    async with lab(upstream.port, planted(hook, hang), hook_deadline_s=0.6) as running:
        started = time.monotonic()
        got = await running.raw(post(), timeout_s=5)
        assert time.monotonic() - started < 4
        assert b"HTTP/1.1 200" not in got
        if hook in HOOKS[:5]:
            assert upstream.seen == []
        await serves(running)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("error", [exceptions.OptionsError("planted"), KeyError("planted"), GeneratorExit()])
async def test_whatever_a_hook_raises_shuts_the_flow(
    hook: str, error: BaseException, upstream: EchoServer
) -> None:
    """Z22: errors that mitmproxy takes for its own business, and those that are no `Exception`."""

    def fail(_self: object, _data: object) -> None:
        raise error

    async with lab(upstream.port, planted(hook, fail), hook_deadline_s=0.5) as running:
        got = await running.raw(post(), timeout_s=5)
        assert b"HTTP/1.1 200" not in got
        if hook in HOOKS[:4]:
            assert upstream.seen == []
        await serves(running)


async def test_a_denied_request_dials_nobody() -> None:
    """The core's default dials before it reads: here a refused request costs the server nothing."""
    async with GenerousServer().listening() as model, lab(model.port) as running:
        await running.raw(post("zp-nobody"))
        await running.raw(b"GET / HTTP/9.9\r\n\r\n")
        _, writer = await asyncio.open_connection("127.0.10.1", running.port, local_addr=("127.0.10.9", 0))
        writer.write(post()[:-10])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert model.connections == []


def _stream_request(_self: object, flow: http.HTTPFlow) -> None:
    flow.request.stream = True


def _break_request(_self: object, flow: http.HTTPFlow) -> None:
    flow.request.stream = lambda _: 1 / 0  # type: ignore[assignment,return-value]


def _break_answer(_self: object, flow: http.HTTPFlow) -> None:
    if flow.response is not None:
        flow.response.stream = lambda _: 1 / 0  # type: ignore[assignment,return-value]


def _empty_pieces(_self: object, flow: http.HTTPFlow) -> None:
    if flow.response is not None:
        flow.response.stream = lambda _: b""


@pytest.mark.parametrize(
    ("hook", "act"),
    [("requestheaders", _stream_request), ("requestheaders", _break_request)],
    ids=["stream", "callable"],
)
async def test_a_request_that_somebody_streams_is_not_sent(hook: str, act: Any, upstream: EchoServer) -> None:
    """A streamed request would reach the server before it is judged."""
    async with lab(upstream.port, planted(hook, act), hook_deadline_s=0.5) as running:
        got = await running.raw(post(), timeout_s=5)
        assert b"HTTP/1.1 200" not in got
        assert upstream.seen == []
        await serves(running)


@pytest.mark.parametrize("act", [_break_answer, _empty_pieces], ids=["raises", "empty"])
async def test_an_answers_stream_that_somebody_sets_is_not_asked(act: Any, upstream: EchoServer) -> None:
    """Pieces go through the passage alone: a callable of another addon neither drops nor ends anything."""
    async with lab(upstream.port, planted("responseheaders", act)) as running:
        got = await running.raw(post(body=STREAMED_CHAT))
        assert got.count(b"[DONE]") == 1
        assert b"hello" in got


async def test_options_stay_as_they_are(upstream: EchoServer) -> None:
    """Once the doors are open nobody changes an option, by whatever way."""
    async with lab(upstream.port) as running:
        opts = running.master.options
        freeze(opts)
        for change in (
            lambda: opts.update(rawtcp=True),
            lambda: setattr(opts, "validate_inbound_headers", False),
            lambda: opts.set("rawtcp=true"),
            opts.reset,
        ):
            with pytest.raises((PermissionError, exceptions.OptionsError)):
                change()
        assert (opts.rawtcp, opts.websocket, opts.validate_inbound_headers) == (False, False, True)
        await serves(running)


async def test_no_script_can_be_loaded_or_reloaded(upstream: EchoServer) -> None:
    """Live reload removed an addon and let everything pass: here there is no script loader at all."""
    async with lab(upstream.port) as running:
        names = {type(addon).__name__ for addon in running.master.addons.chain}
        assert not names & {"ScriptLoader", "MapRemote", "MapLocal", "ModifyBody", "ModifyHeaders",
                            "ServerPlayback", "ProxyAuth", "TlsConfig", "NextLayer"}  # fmt: skip
        assert "scripts" not in running.master.options


@pytest.mark.parametrize("name", ["SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"])
def test_secrets_of_tls_are_not_written_down(name: str, tmp_path: Path) -> None:
    """mitmproxy writes session keys where the environment says so: `run` takes that away before."""
    program = (
        "import sys; from zoneproxy.cli.main import main\n"
        "assert 'mitmproxy' not in sys.modules\n"
        "main(['run', '--config', 'nowhere.yaml'])\n"
        "import mitmproxy.net.tls as tls; print(tls.log_master_secret)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, name: str(tmp_path / "keys")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split()[-1] == "None"
    assert list(tmp_path.iterdir()) == []


BOMBS = {
    "a line without end": b"GET / HTTP/1.1\r\nx: " + b"a" * 8_000_000,
    "lines without end": b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 200_000,
    "a target without end": b"GET /" + b"a" * 1_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
async def test_a_header_bomb_is_closed_at_once(bomb: bytes, upstream: EchoServer) -> None:
    """The core buffers heads without bound and stalls on many lines; here the head's budget ends it."""
    async with lab(upstream.port) as running:
        longest = 0.0

        async def heartbeat() -> None:
            nonlocal longest
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.01)
                longest = max(longest, time.monotonic() - before)

        beating = asyncio.ensure_future(heartbeat())
        started = time.monotonic()
        got = await running.raw(bomb, timeout_s=5)
        assert time.monotonic() - started < 3
        beating.cancel()
        assert b"HTTP/1.1 200" not in got
        assert longest < 1.0
        await serves(running)


async def test_a_head_past_its_budget_is_refused_on_the_record(upstream: EchoServer) -> None:
    """Z13, Z22: a caller whose head is too large is told so, and the record says it; nothing goes on."""
    async with lab(upstream.port, max_header_bytes=4096) as running:
        got = await running.raw(post().replace(b"\r\n\r\n", b"\r\nx-a: " + b"a" * 5000 + b"\r\n\r\n", 1))
        assert got.startswith(b"HTTP/1.1 400 ")
        assert b"request-malformed" in got
        assert running.journal.verdicts() == [("decision", "deny", "request-malformed")]
        assert upstream.seen == []
        await serves(running)


@pytest.mark.parametrize("length", ["content-length: 70000", "transfer-encoding: chunked"])
async def test_a_body_past_its_limit_is_not_kept(length: str, upstream: EchoServer) -> None:
    """Z22: the core has one limit for both ways; a request is held to its own, before its body has come."""
    async with lab(upstream.port, max_answer_bytes=10_000_000) as running:
        head = post().partition(b"\r\n\r\n")[0].decode()
        kept = [line for line in head.split("\r\n") if not line.startswith("content-length")]
        begun = "\r\n".join([*kept, length, "", ""]).encode()
        piece = b"1000\r\n" + b" " * 4096 + b"\r\n"
        started = time.monotonic()
        got = await running.raw(begun + (piece * 17 if "chunked" in length else b""), timeout_s=4)
        assert time.monotonic() - started < 4
        assert got.startswith(b"HTTP/1.1 413 ")
        assert running.journal.verdicts() == [("decision", "deny", "content-too-large")]
        assert upstream.seen == []
        await serves(running)


@pytest.mark.parametrize("part", ["head", "body"])
async def test_drops_of_bytes_do_not_hold_a_connection(part: str, upstream: EchoServer) -> None:
    """Slowloris: each byte restarts the core's only timer; here head and body have a deadline as a whole."""
    whole = post()
    at = 0 if part == "head" else len(whole) - 40
    async with lab(upstream.port, header_timeout_s=0.4, body_timeout_s=0.4) as running:
        reader, writer = await asyncio.open_connection(
            "127.0.10.1", running.port, local_addr=("127.0.10.9", 0)
        )
        writer.write(whole[:at])
        started = time.monotonic()
        ended = asyncio.ensure_future(reader.read())
        while not ended.done() and time.monotonic() - started < 4:
            writer.write(whole[at : at + 1])
            at += at < len(whole) - 2
            await asyncio.wait([ended], timeout=0.05)
        assert ended.done()
        writer.close()
        assert time.monotonic() - started < 3
        assert upstream.seen == []
        await serves(running)


async def test_a_flood_of_connections_leaves_room(upstream: EchoServer) -> None:
    """Connections beyond the limit are closed at once; those of another caller are served meanwhile."""
    async with lab(upstream.port, max_connections_per_peer=20) as running:
        socks = []
        for _ in range(120):
            sock = socket.socket()
            sock.bind(("127.0.10.8", 0))
            sock.connect(("127.0.10.1", running.port))
            socks.append(sock)
            await asyncio.sleep(0)
        server = running.master.addons.get("proxyserver")
        async with asyncio.timeout(5):
            while len(server.connections) > 20:
                await asyncio.sleep(0.01)
        await serves(running)
        for sock in socks:
            sock.close()


async def test_what_is_sent_ahead_is_not_kept_without_end(upstream: EchoServer) -> None:
    """Pipelining: what comes while an answer is under way is bounded."""
    async with lab(upstream.port, model="stepped") as running:
        body = STREAMED_CHAT.replace(b"zone-llm-01", b"stepped")
        _, writer = await asyncio.open_connection("127.0.10.1", running.port, local_addr=("127.0.10.9", 0))
        writer.write(post(body=body, close=False))

        async def push() -> None:
            while True:
                writer.write(b"GET /v1/models HTTP/1.1\r\n" + b"x: y\r\n" * 10_000)
                await writer.drain()
                await asyncio.sleep(0)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(push(), 10)
        writer.close()
        upstream.step(3)


async def test_a_streamed_body_has_its_limits() -> None:
    """The core counts no streamed bytes: here a stream beyond the zone's largest answer is cut, recorded."""
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "%b"}}]}\n\n' % (b"word " * 1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    generous = GenerousServer(answer=lambda _: head + event * 300)
    async with generous.listening() as model, lab(model.port, max_answer_bytes=4_000_000) as running:
        got = await running.raw(post(body=STREAMED_CHAT))
        assert len(got) < 1_200_000
        assert b'{"error"' in got
        assert b"[DONE]" not in got
        assert running.journal.verdicts()[-1][:2] == ("return", "deny")
