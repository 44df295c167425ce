"""A log served on loopback, and a scripted web server, each in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from zoneproxy.adapters.serving.desk import make_desk
from zoneproxy.adapters.serving.server import LogServer, ServerLimits
from zoneproxy.trace.note import VerifierKey


@contextlib.contextmanager
def served(
    root: Path,
    vkeys: tuple[VerifierKey, ...] = (),
    *,
    receipts_only: bool = False,
    limits: ServerLimits | None = None,
) -> Iterator[str]:
    """Serve a log directory; the block is given its address, without a slash at the end."""
    server = LogServer(make_desk(root, vkeys, receipts_only=receipts_only), limits)
    ready, done = threading.Event(), asyncio.Event()
    told: list[tuple[asyncio.AbstractEventLoop, int]] = []

    async def serve() -> None:
        async with server.listening("127.0.0.1", 0) as (_, port):
            told.append((asyncio.get_running_loop(), port))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    loop, port = told[0]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)


Script = Callable[[str, int], tuple[int, dict[str, str], bytes]]
"""Answers a path that was asked for, with how often it was: status, headers, body."""


@contextlib.contextmanager
def scripted(script: Script) -> Iterator[tuple[str, list[str]]]:
    """Serve by a script; the block is given the address and the paths that are asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            asked.append(self.path)
            length = int(self.headers.get("content-length", "0"))
            self.rfile.read(length)
            status, headers, body = script(self.path, asked.count(self.path))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)
            if len(body) < int(headers.get("content-length", "0")):
                self.close_connection = True  # it promised more: break off

        do_GET = do_POST = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
