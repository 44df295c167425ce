"""A model server that costs little and keeps nothing, for benchmarks that ask it very often.

`python -m bench.model_server` prints `ready URL` and serves until its standard input ends. Every POST is
a chat request; what it answers stands in its first word:

| the user's message | answer |
| --- | --- |
| `idle ...` | a stream of one token, and then nothing until the caller leaves |
| anything, with `stream` | a stream of 8 tokens, one every 10 ms, with usage where it is asked for |
| anything else | JSON of 2 KB with usage |
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys

from bench.load import words

TOKENS = 8
PAUSE_S = 0.01
_ANSWER_BYTES = 2048
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_STREAMED = re.compile(rb'"stream": ?true')
_IDLE = b'"content": "idle '
_USAGE = {"prompt_tokens": 90, "completion_tokens": TOKENS, "total_tokens": 90 + TOKENS}
_HEAD = {"id": "chatcmpl-bench", "created": 1, "model": "zone-llm-02"}
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _whole() -> bytes:
    message = {"role": "assistant", "content": words(_ANSWER_BYTES, 1)[: _ANSWER_BYTES - 300].strip()}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    made = {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    body = json.dumps(made).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _event(**more: object) -> bytes:
    made = json.dumps({**_HEAD, "object": "chat.completion.chunk", **more}).encode()
    return chunk(b"data: " + made + b"\n\n")


def chunk(data: bytes) -> bytes:
    """Write one chunk of an HTTP/1.1 body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _token(text: str) -> bytes:
    return _event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}])


_WHOLE = _whole()
_SAID = [_token(f"{word} ") for word in words(TOKENS, 2).split()]
_STOP = _event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
_COUNTED = _event(choices=[], usage=_USAGE)
_DONE = chunk(b"data: [DONE]\n\n") + chunk(b"")


def first_request(data: bytes) -> int:
    """Return how many bytes the first request of a connection's bytes has, 0 where it is not whole.

    Raises:
        ValueError: it has no length.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    length = _LENGTH.search(data, 0, end)
    if length is None:
        raise ValueError("a request without a length")
    size = end + 4 + int(length[1])
    return size if len(data) >= size else 0


class ModelConnection(asyncio.Protocol):
    """One connection; requests are answered one after the other."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._streaming: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's form
        """Say nothing more."""
        if self._streaming is not None:
            self._streaming.cancel()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._data += data
        if self._transport is None or self._streaming is not None:
            return
        try:
            size = first_request(self._data)
        except ValueError:
            self._transport.close()
            return
        if size:
            asked, self._data = self._data[:size], self._data[size:]
            self._answer(self._transport, asked)

    def _answer(self, transport: asyncio.Transport, asked: bytes) -> None:
        if not _STREAMED.search(asked):
            transport.write(_WHOLE)
        elif _IDLE in asked:
            transport.write(_STREAM_HEAD + _SAID[0])
        else:
            transport.write(_STREAM_HEAD)
            self._say(0, counted=b"include_usage" in asked)

    def _say(self, number: int, *, counted: bool) -> None:
        if self._transport is None:
            return
        if number < TOKENS:
            self._transport.write(_SAID[number])
            loop = asyncio.get_running_loop()
            self._streaming = loop.call_later(PAUSE_S, lambda: self._say(number + 1, counted=counted))
            return
        self._transport.write(_STOP + (_COUNTED if counted else b"") + _DONE)
        self._streaming = None
        self.data_received(b"")


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(ModelConnection, "127.0.0.1", 0, backlog=2048)
    print(f"ready http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


def main() -> None:
    """Serve until standard input ends, so that no server outlives whoever started it."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())


if __name__ == "__main__":
    main()
