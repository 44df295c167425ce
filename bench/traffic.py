"""Callers of every kind, for as long as a soak lasts: most are served, some leave, some are refused.

What a caller does is chosen by a fixed draw, so that every run meets the same mix; how far it gets in a given
time is the machine's affair.

| of 100 callers | do |
| --- | --- |
| 60 | ask 10 requests of 1 KB on one connection |
| 20 | ask 2 streams on one connection |
| 6 | leave in the middle of a stream |
| 6 | bring a credential that nobody has, on a connection of their own |
| 4 | ask for a model that does not exist |
| 2 | send what is no HTTP |
| 2 | leave in the middle of a request's head |
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from bench.caller import is_whole
from bench.load import LoadError, Target, chat, words

SERVED = 200
_KEPT, _STREAMS = 10, 2
_BODY_BYTES = 1024
_WORDS_ASKED = 80
_CHUNK = 65_536
_ANSWER_S = 60.0
_REFUSED = range(400, 500)


class Line:
    """One caller's connection.

    Args:
        reader, writer: its two ends.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        """Send bytes and wait for nothing."""
        self._writer.write(data)

    async def ask(self, request: bytes) -> bytes:
        """Send a request; return its whole answer.

        Raises:
            LoadError: it is not served, or not whole.
        """
        self._writer.write(request)
        got = await self._until(is_whole)
        if _status(got) != SERVED:
            raise LoadError(got[:500].decode(errors="replace"))
        return got

    async def is_told(self, request: bytes) -> bool:
        """Send what must be refused; return whether that was told, or the connection closed without a byte.

        Beyond what a zone records of them (`limits.refusals`) refusals are closed, and counted.

        Raises:
            LoadError: it is served, or the refusal is not whole.
        """
        self._writer.write(request)
        try:
            got = await self._until(is_whole, or_nothing=True)
        except ConnectionError:
            return False
        if got and _status(got) not in _REFUSED:
            raise LoadError(got[:500].decode(errors="replace"))
        return bool(got)

    async def begin(self, request: bytes) -> None:
        """Send a request for a stream; wait for its first event.

        Raises:
            LoadError: none comes.
        """
        self._writer.write(request)
        await self._until(lambda got: b"data: {" in got)

    async def _until(self, enough: Callable[[bytes], bool], *, or_nothing: bool = False) -> bytes:
        got = b""
        while not enough(got):
            data = await self._reader.read(_CHUNK)
            if not data and not got and or_nothing:
                break
            if not data:
                raise LoadError(f"the connection ended after {got[-300:].decode(errors='replace')!r}")
            got += data
        return got


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@contextlib.asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Line]:
    """Connect; whatever is under way at the end of the block is broken off."""
    reader, writer = await asyncio.open_connection(target.host, target.port, local_addr=(target.source, 0))
    try:
        yield Line(reader, writer)
        await writer.drain()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@dataclass
class Traffic:
    """A crowd of callers.

    Attributes:
        target: where they call.
        credential: what the served ones bring.
        counts: exchanges by what became of them: `served`, `left`, `refused`, and `turned` away unanswered.
    """

    target: Target
    credential: str
    counts: Counter[str] = field(default_factory=Counter)
    _draw: random.Random = field(default_factory=lambda: random.Random(6))
    _seed: int = 0

    @property
    def total(self) -> int:
        """How many exchanges there were."""
        return self.counts.total()

    async def run(self, callers: int, enough: Callable[[], bool]) -> None:
        """Let so many callers call at a time until it is enough.

        Raises:
            LoadError: an answer is not what it must be.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(self._call(enough))

    async def _call(self, enough: Callable[[], bool]) -> None:
        kinds: dict[Callable[[], Awaitable[None]], int] = {
            self._kept: 60,
            self._streamed: 20,
            self._leaving: 6,
            self._stranger: 6,
            self._unknown_model: 4,
            self._no_http: 2,
            self._half_head: 2,
        }
        while not enough():
            [kind] = self._draw.choices(list(kinds), list(kinds.values()))
            async with asyncio.timeout(_ANSWER_S):
                await kind()

    def _text(self) -> str:
        self._seed += 1
        return words(_WORDS_ASKED, self._seed)

    def _chat(self, *, stream: bool = False) -> bytes:
        return chat(self._text(), credential=self.credential, stream=stream, size_bytes=_BODY_BYTES)

    async def _kept(self) -> None:
        async with connected(self.target) as line:
            for _ in range(_KEPT):
                await line.ask(self._chat())
                self.counts["served"] += 1

    async def _streamed(self) -> None:
        async with connected(self.target) as line:
            for _ in range(_STREAMS):
                await line.ask(self._chat(stream=True))
                self.counts["served"] += 1

    async def _leaving(self) -> None:
        async with connected(self.target) as line:
            await line.begin(self._chat(stream=True))
            self.counts["left"] += 1

    async def _stranger(self) -> None:
        await self._refused(chat(self._text(), credential="zp-nobody", size_bytes=_BODY_BYTES))

    async def _unknown_model(self) -> None:
        await self._refused(self._chat().replace(b'"model": "zone-llm-02"', b'"model": "zone-llm-99"'))

    async def _no_http(self) -> None:
        await self._refused(b"\x16\x03\x01 rubbish\r\n\r\n")

    async def _refused(self, request: bytes) -> None:
        async with connected(self.target) as line:
            self.counts["refused" if await line.is_told(request) else "turned"] += 1

    async def _half_head(self) -> None:
        async with connected(self.target) as line:
            line.send(self._chat()[:60])
            self.counts["left"] += 1
