"""A scripted model server that speaks OpenAI's wire form and remembers everything it was sent.

It serves `/v1/chat/completions` (whole and streamed), `/v1/embeddings`, `/v1/models` and
`/v1/files/{id}/content`; `demo.scripts` says what each model answers. Usage stands in a stream only
when it is asked for. Any other path is answered with 404, and remembered too.

As a program: `python -m demo.echo_server --host 127.0.0.1 --port 0` prints `ready URL` and serves
until its standard input ends. In a test: `with serving() as server:`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import struct
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from demo import scripts
from zoneproxy import outward_headers

_CREATED = 1_767_225_600
_BREAKS_AFTER = 3
_MAX_HEAD_BYTES = 65_536
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived.

    Attributes:
        method, path: of the request line.
        headers: by lower-case name; the last one wins.
        sha256: of the body's bytes, 64 hex digits.
        size_bytes: the body's length.
        complete: False where the sender broke off within the body.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    sha256: str
    size_bytes: int
    complete: bool


@dataclass(slots=True)
class EchoServer:
    """The server.

    Attributes:
        pause_seconds: rest before each token of a stream.
        remember: a file that gets one JSON line for each request, or nothing.
        outward: address and port of the zone's outward door, for the model `workload`.
        outward_from: the address that `workload` calls from, or empty.
        seen: every request that arrived, in order.
    """

    pause_seconds: float = 0.0
    remember: TextIO | None = None
    outward: tuple[str, int] | None = None
    outward_from: str = ""
    seen: list[Seen] = field(default_factory=list)
    host: str = ""
    port: int = 0
    _server: asyncio.Server | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _steps: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://{self.host}:{self.port}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: the address can't be had.
        """
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX_HEAD_BYTES)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def step(self, count: int = 1) -> None:
        """Let the model `stepped` say `count` more tokens; callable from any thread."""
        if self._loop is not None:
            for _ in range(count):
                self._loop.call_soon_threadsafe(self._steps.release)

    def wait_seen(self, count: int, timeout_seconds: float = 10.0) -> list[Seen]:
        """Wait, in another thread, until `count` requests have arrived, and return all.

        Raises:
            TimeoutError: they did not.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.seen) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self.seen)} of {count} requests arrived")
            return list(self.seen)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:  # a coroutine that asyncio runs always has its task
            return
        self._tasks.add(task)
        try:
            # The peer may leave at any moment; that is its right, and no fault of the server.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; True if the connection may carry another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _version = head[0].split(" ", 2)
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        try:
            body = await reader.readexactly(length)
        except asyncio.IncompleteReadError as broken:
            body = broken.partial
        self._note(method, path, headers, body, complete=len(body) == length)
        if len(body) < length:
            return False
        going_on = await self._answer(writer, path.partition("?")[0], headers, body)
        return going_on and headers.get("connection", "").lower() != "close"

    def _note(self, method: str, path: str, headers: dict[str, str], body: bytes, *, complete: bool) -> None:
        digest = hashlib.sha256(body).hexdigest()
        seen = Seen(method, path, headers, digest, len(body), complete)
        with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()
        if self.remember is not None:
            self.remember.write(json.dumps(asdict(seen)) + "\n")
            self.remember.flush()

    async def _answer(
        self, writer: asyncio.StreamWriter, path: str, headers: Mapping[str, str], body: bytes
    ) -> bool:
        parts = path.split("/")
        if path == "/v1/models":
            return await _send_json(writer, {"object": "list", "data": [_model("echo")]})
        if path.startswith("/v1/files/") and path.endswith("/content") and parts[3] in scripts.FILES:
            return await _send(writer, 200, *scripts.FILES[parts[3]])
        if path not in {"/v1/chat/completions", "/v1/embeddings"}:
            return await _send_json(writer, _error(f"no such path: `{path}`"), 404)
        try:
            request = json.loads(body)
        except ValueError:
            return await _send_json(writer, _error("the body is not JSON"), 400)
        if path == "/v1/embeddings":
            return await _send_json(writer, _embeddings(request))
        return await self._chat(writer, request, headers)

    async def _chat(
        self, writer: asyncio.StreamWriter, request: Mapping[str, Any], headers: Mapping[str, str]
    ) -> bool:
        model, whole = str(request.get("model", "echo")), scripts.prompt(request)
        script, text = scripts.choose(model, whole)
        if script == "failing":
            return await _send_json(writer, _error("this model fails on purpose"), 500)
        if script == "workload":
            tokens = scripts.words(await self._fetch(scripts.first_url(text), headers))
        else:
            tokens = scripts.answer(script, text)
        asked = len(scripts.words(whole))
        usage = {
            "prompt_tokens": asked,
            "completion_tokens": len(tokens),
            "total_tokens": asked + len(tokens),
        }
        if not request.get("stream"):
            message = {"role": "assistant", "content": "".join(tokens)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return await _send_json(writer, _chat_body(model, "chat.completion", [choice], usage=usage))
        wants_usage = bool((request.get("stream_options") or {}).get("include_usage"))
        await _send_head(writer, 200, "text/event-stream", "transfer-encoding: chunked")
        async for choices, more in self._events(script, tokens, usage if wants_usage else None):
            event = json.dumps(_chat_body(model, "chat.completion.chunk", choices, **more))
            await _send_chunk(writer, f"data: {event}\n\n".encode())
        if script == "broken-off":
            return False
        await _send_chunk(writer, b"data: [DONE]\n\n")
        await _send_chunk(writer, b"")
        return True

    async def _events(
        self, script: str, tokens: list[str], usage: Mapping[str, int] | None
    ) -> AsyncIterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
        """The choices and the usage of each event, as it is "made": one for each token, and an end."""
        unknown: dict[str, Any] = {} if usage is None else {"usage": None}
        for number, token in enumerate(tokens):
            if script == "broken-off" and number == _BREAKS_AFTER:
                return
            if script == "stepped":
                await self._steps.acquire()
            await asyncio.sleep(self.pause_seconds)
            delta = {"content": token} if number else {"role": "assistant", "content": token}
            yield [{"index": 0, "delta": delta, "finish_reason": None}], unknown
        yield [{"index": 0, "delta": {}, "finish_reason": "stop"}], unknown
        if usage is not None:
            yield [], {"usage": usage}

    async def _fetch(self, url: str, headers: Mapping[str, str]) -> str:
        """Call a URL as a zone workload does: through the outward door, with the tag that it was given."""
        if self.outward is None or not url:
            return "there is nothing to fetch, or no outward door to fetch it by"
        host, port = self.outward
        local = (self.outward_from, 0) if self.outward_from else None
        reader, writer = await asyncio.open_connection(host, port, local_addr=local)
        try:
            tag = "".join(f"{name}: {value}\r\n" for name, value in outward_headers(headers).items())
        except LookupError:
            tag = ""
        call = f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{tag}Connection: close\r\n\r\n"
        writer.write(call.encode())
        got = await reader.read()
        writer.close()
        head, _, body = got.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1].decode() if head else "nothing"
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return f"the outward door answered {status} {json.loads(body)['error']['code']}"
        return f"the outward door answered {status} with {len(body)} bytes"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "demo"}


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": None, "param": None}}


def _chat_body(model: str, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    head = {"id": "chatcmpl-demo", "object": kind, "created": _CREATED, "model": model}
    return {**head, "choices": choices, **more}


def _embeddings(request: Mapping[str, Any]) -> dict[str, Any]:
    asked = request.get("input", "")
    texts = [str(text) for text in asked] if isinstance(asked, list) else [str(asked)]
    data = []
    for index, text in enumerate(texts):
        vector: list[float] | str = scripts.embedding(text)
        if request.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    count = sum(len(scripts.words(text)) for text in texts)
    usage = {"prompt_tokens": count, "total_tokens": count}
    return {"object": "list", "model": request.get("model", "echo"), "data": data, "usage": usage}


async def _send_head(writer: asyncio.StreamWriter, status: int, kind: str, framing: str) -> None:
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {kind}\r\n{framing}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()


async def _send(writer: asyncio.StreamWriter, status: int, kind: str, body: bytes) -> bool:
    await _send_head(writer, status, kind, f"content-length: {len(body)}")
    writer.write(body)
    await writer.drain()
    return True


async def _send_json(writer: asyncio.StreamWriter, body: Mapping[str, Any], status: int = 200) -> bool:
    return await _send(writer, status, "application/json", json.dumps(body).encode())


async def _send_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))
    await writer.drain()


@contextlib.contextmanager
def serving(host: str = "127.0.0.1", port: int = 0, **settings: Any) -> Iterator[EchoServer]:
    """Run a server in a thread of its own for as long as the `with` block lasts.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        settings: arguments of `EchoServer`.

    Raises:
        OSError: the address can't be had.
    """
    loop, server = asyncio.new_event_loop(), EchoServer(**settings)
    loop.run_until_complete(server.start(host, port))
    thread = threading.Thread(target=loop.run_forever, name="echo-server", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main() -> None:
    """Serve until standard input ends, so that no server outlives whoever started it."""
    parser = argparse.ArgumentParser(prog="demo.echo_server", description="a scripted model server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seen", type=Path, help="append each request to this file, one JSON line each")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each token of a stream")
    parser.add_argument("--outward", type=_address, help="HOST:PORT of the zone's outward door")
    parser.add_argument("--outward-from", default="", help="address that outward calls are made from")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        remember = stack.enter_context(given.seen.open("a", encoding="utf-8")) if given.seen else None
        settings = {"remember": remember, "outward": given.outward, "outward_from": given.outward_from}
        server = stack.enter_context(serving(given.host, given.port, pause_seconds=given.pause, **settings))
        print(f"ready {server.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
