"""Bytes by a grammar of what has made servers disagree, and any bytes at every door.

One boundary serves all examples. The grammar prefers what is legal: a message that is refused at its first
line teaches nothing about its last.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.live.test_framing import ANSWERS, REQUESTS, post, raw
from tests.support.framing_lab import (
    SECOND,
    FramingLab,
    Request,
    framing_lab,
    plain_answer,
    strict_answers,
)
from tests.support.length import sample
from tests.support.zone_world import CHAT, CREDENTIAL

pytestmark = pytest.mark.live

EXAMPLES = settings(
    max_examples=sample(25, 600),
    phases=(
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ),  # shrinking would take minutes
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)
DOORS = ("127.0.10.1", "127.0.20.1", "127.0.30.1")
PEERS = {"127.0.10.1": "127.0.10.9", "127.0.20.1": "127.0.20.9", "127.0.30.1": "127.0.30.9"}


Draw = Callable[[SearchStrategy[Any]], Any]


class Bench:
    """One boundary for every example of a test."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()

    def open(self) -> FramingLab:
        lab = framing_lab(max_body_bytes=8192, **DEADLINES)
        return self.runner.run(self.stack.enter_async_context(lab))

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def mostly[T](legal: T, *odd: T) -> SearchStrategy[T]:
    """Three times in four what is legal."""
    return st.sampled_from([legal] * (3 * len(odd)) + list(odd))


ENDS = mostly(b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r\n", b" \r\n", b"\x00\r\n", b"")
NAMES = mostly(b"", b" ", b"\t", b"\x0b", b"x-")
LINES = mostly(
    b"POST /v1/chat/completions HTTP/1.1",
    b"GET /v1/models HTTP/1.1",
    b"POST /v1/chat/completions HTTP/1.0",
    b"HEAD /v1/models HTTP/1.1",
    b"POST /v1/chat/completions?a=b HTTP/1.1",
    b"POST http://zone/v1/chat/completions HTTP/1.1",
    b"DELETE /v1/files/file-1 HTTP/1.1",
)
CODINGS = mostly(
    b"chunked", b"CHUNKED", b" chunked ", b"chunked,", b"identity", b"gzip, chunked", b"x", b"\x0cchunked"
)
EXTRA = mostly(b"accept: */*", b"expect: 100-continue", b" folded", b"connection: keep-alive", b"trailer: x",
               b"x: \x00", b"")  # fmt: skip
SIZES = mostly(b"%x", b"0%x", b"%X", b"+%x", b"0x%x", b"%x;a", b"%x ", b"-%x", b"%x\t")


@st.composite
def requests(draw: Draw) -> bytes:
    """One request, and what may stand behind it."""
    credential = draw(mostly(CREDENTIAL.encode(), SECOND.encode(), b"zp-nobody"))
    body = draw(mostly(CHAT, b"", CHAT + b"GET / HTTP/1.1\r\n\r\n", b"0\r\n\r\n", b"{nope"))
    fields = [b"host: zone", b"authorization: Bearer " + credential, b"content-type: application/json"]
    chunked = draw(st.sampled_from((b"", b"", b"yes")))
    if chunked:
        cut = draw(st.integers(1, max(1, len(body))))
        pieces = [piece for piece in (body[:cut], body[cut:]) if piece] + [b""]
        body = b"".join(draw(SIZES) % len(one) + draw(ENDS) + one + draw(ENDS) for one in pieces)
        fields.append(b"transfer-encoding" + draw(NAMES) + b":" + draw(CODINGS))
    if not chunked or draw(mostly(b"", b"both")):
        size = len(body) + draw(mostly(0, 1, -1, -40, 10))
        fields.append(draw(NAMES) + b"content-length: %d" % size)
    extra = (
        b"expect: 100-continue",
        b"x: y",
        b" folded",
        b"connection: keep-alive",
        b"trailer: x",
        b"x: \x00",
        b"",
    )
    fields.insert(draw(st.integers(0, len(fields))), draw(mostly(b"accept: */*", *extra)))
    head = b"".join(line + draw(ENDS) for line in (draw(LINES), *fields))
    behind = draw(mostly(b"", post(SECOND), b"\r\n", b"GET /v1/models HTTP/1.1\r\nx", b"\x16\x03\x01"))
    return b"".join((head, b"\r\n", body, behind))


@st.composite
def mutated(draw: Draw, seeds: list[bytes]) -> bytes:
    """A message of the corpus, some bytes of it changed, doubled, left out or moved in."""
    data = bytearray(seeds[draw(st.integers(0, len(seeds) - 1))][:4096])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at:at] = bytes([draw(st.sampled_from(b"\r\n\x00 \t:,;01aZ\xff\x0b"))])
            case 1:
                del data[at : at + draw(st.integers(1, 4))]
            case 2:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case _:
                data[at:at] = data[at : at + 40]
    return bytes(data)


SEEDS = [raw(one) for one in REQUESTS]
Cuts = st.lists(st.integers(0, 600), max_size=2)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, *(place % (len(data) + 1) for place in places), len(data)})
    return [data[i:j] for i, j in itertools.pairwise(at)] or [b""]


def test_both_sides_find_the_same_requests(bench: Bench) -> None:
    """Z6, Z13, Z22: what reached the server is what was judged, what a caller read is his, nothing hangs."""
    lab = bench.open()

    @EXAMPLES
    @given(st.lists(st.tuples(st.one_of(requests(), mutated(SEEDS)), Cuts), min_size=4, max_size=8))
    def agree(batch: list[tuple[bytes, list[int]]]) -> None:
        async def play() -> None:
            lab.forget()
            calls = await asyncio.gather(*(lab.call(*cut(data, places)) for data, places in batch))
            await lab.settled()
            lab.check(calls)

        bench.runner.run(play())

    agree()


STATUS = mostly(b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 103 Early", b"HTTP/1.1 204 No",
                b"HTTP/1.1 500 X", b"HTTP/1.1  200 OK", b"HTTP/2 200", b"HTTP/1.1 101 Go")  # fmt: skip
BEHIND = mostly(b"x: y", b"trailer: x", b" folded", b"content-length: 3", b"connection: close", b"")
DEADLINES = {"header_timeout_s": 0.12, "idle_timeout_s": 0.12, "body_timeout_s": 0.12, "answer_timeout_s": 1}
JSON = b'{"choices": [], "id": "x"}'


@st.composite
def answers(draw: Draw) -> bytes:
    """What a server might say to one request."""
    body = JSON
    kind = draw(mostly(b"application/json", b"text/event-stream", b"application/json, x"))
    if kind == b"text/event-stream":
        body = b"data: " + JSON + b"\n\ndata: [DONE]\n\n"
    fields = [b"content-type: " + kind]
    match draw(st.integers(0, 3)):
        case 0:
            pieces = [body[:7], body[7:], b""]
            body = b"".join(draw(SIZES) % len(one) + draw(ENDS) + one + draw(ENDS) for one in pieces)
            fields.append(b"transfer-encoding" + draw(NAMES) + b":" + draw(CODINGS))
        case 1:
            fields.append(b"connection: close")
        case _:
            size = len(body) + int(draw(mostly(0, 1, -1, 300)))
            fields.append(draw(NAMES) + b"content-length: %d" % size)
    fields.append(
        draw(mostly(b"x: y", b"trailer: x", b" folded", b"content-length: 3", b"connection: close", b""))
    )
    head = b"".join(line + draw(ENDS) for line in (draw(STATUS), *fields))
    behind = draw(mostly(b"", plain_answer(Request(b"", b"", (), b"")), b"junk"))
    return b"".join((head, b"\r\n", body, behind))


def test_both_sides_find_the_same_answers(bench: Bench) -> None:
    """Z6, Z22: what a caller reads is the whole judged answer, and the next customer reads his own."""
    lab = bench.open()
    scripts: dict[bytes, bytes] = {}
    lab.server.answer = lambda request: scripts.get(request.field(b"user-agent")) or plain_answer(request)
    lab.server.closes = lambda request: request.field(b"user-agent")[-1:] in b"02468"

    @EXAMPLES
    @given(st.lists(st.one_of(answers(), mutated([raw(one) for one in ANSWERS])), min_size=4, max_size=8))
    def agree(batch: list[bytes]) -> None:
        async def play() -> None:
            lab.forget()
            scripts.clear()
            sent = []
            for number, answer in enumerate(batch):
                scripts[b"a%d" % number] = answer or b"\0"
                first = post(close=False).replace(b"host:", b"user-agent: a%d\r\nhost:" % number, 1)
                sent.append(lab.call(first, post((CREDENTIAL, SECOND)[number % 2])))
            calls = await asyncio.gather(*sent)
            await lab.settled()
            lab.check(calls)
            for call in calls:
                for one in strict_answers(call.got, iter(("POST", "POST")))[1:]:
                    assert one.status != 200 or json.loads(one.body)["id"] == one.flow

        bench.runner.run(play())

    agree()


def test_anything_at_any_door(bench: Bench) -> None:
    """Z22: bytes are accepted, refused with a record, or closed; nothing reaches a server unrecorded."""
    lab = bench.open()
    anything = st.one_of(st.binary(max_size=400), mutated(SEEDS), requests())

    @EXAMPLES
    @given(st.lists(st.tuples(st.sampled_from(DOORS), anything, Cuts), min_size=4, max_size=8))
    def survive(batch: list[tuple[str, bytes, list[int]]]) -> None:
        async def play() -> None:
            lab.forget()
            calls = await asyncio.gather(
                *(lab.call(*cut(data, places), host=door, peer=PEERS[door]) for door, data, places in batch)
            )
            await lab.settled()
            lab.check(calls)
            for door, call in zip((door for door, _, _ in batch), calls, strict=True):
                assert door == "127.0.10.1" or b"HTTP/1.1 200 " not in call.got
            assert await serves(lab)

        bench.runner.run(play())

    survive()


async def serves(lab: FramingLab) -> bool:
    """Tell whether a good request is served; one that a stalled machine made late asks again."""
    for _ in range(10):
        if got := (await lab.call(post())).got:
            return got.startswith(b"HTTP/1.1 200 ")
    return False
