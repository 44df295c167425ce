"""The straight way of a stream leads where the long one does, and is taken only where nothing else is due."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http, options
from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpClient, HTTPMode
from mitmproxy.proxy.layers.http._events import ResponseHeaders
from mitmproxy.test import tflow

from addons import layers, streams
from addons.ends import ZoneHttp1Client, ZoneHttp1Server
from addons.framing import StrictChunks, whole_chunks
from addons.straight import chunk_of, flowing_from
from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import lab
from tests.support.zone_world import CREDENTIAL, STREAMED_CHAT
from zoneproxy.passage.commands import Cut, Deliver, Sever

live = pytest.mark.live


@pytest.fixture
def paced() -> Iterator[EchoServer]:
    """A model server whose events do not come all at once."""
    with serving(pause_seconds=0.01) as server:
        yield server


def flowing() -> tuple[Any, Any]:
    """Return a layer in the midst of a streamed answer, and the server's connection."""
    context = Context(tflow.tclient_conn(), options.Options())
    context.server = tflow.tserver_conn()
    near, end = ZoneHttp1Server(context), HttpClient(context)
    far: Any = ZoneHttp1Client(context)
    near.in_chunks = True
    far.state, far.body_reader = far.read_body, StrictChunks()
    far.stream_id = near.stream_id = 1
    end.child_layer = far
    stream = SimpleNamespace(context=context, flowing=True, stream_id=1)
    layer = SimpleNamespace(
        connections={context.client: near, context.server: end}, streams={1: stream}, context=context
    )
    return layer, context.server


def test_events_that_wait_keep_their_order() -> None:
    """A layer whose place for them is small goes on with what came meanwhile, first come, first served."""
    context = Context(tflow.tclient_conn(), options.Options())
    top = layers.ZoneHttpLayer(context, HTTPMode.transparent)
    near = top.connections[context.client]
    assert not top._paused_event_queue
    assert not near._paused_event_queue
    came: list[Any] = [object(), object(), object()]
    for one in came:
        near._paused_event_queue.append(one)
    assert [near._paused_event_queue.popleft() for _ in came] == came
    with pytest.raises(IndexError):
        near._paused_event_queue.popleft()


def test_an_event_that_waits_already_is_not_lost() -> None:
    """A layer that holds something back keeps it."""
    made = ZoneHttp1Server(Context(tflow.tclient_conn(), options.Options()))
    waiting: Any = object()
    made._paused_event_queue.append(waiting)
    assert list(layers.light(made)._paused_event_queue) == [waiting]


def test_a_stream_in_full_flow_is_found() -> None:
    """Nothing but its pieces is due on this connection."""
    layer, server = flowing()
    assert flowing_from(layer, server) is layer.streams[1]


def _two_streams(layer: Any) -> None:
    layer.streams[3] = layer.streams[1]


def _no_stream(layer: Any) -> None:
    layer.streams.clear()


def _not_flowing(layer: Any) -> None:
    layer.streams[1].flowing = False


def _other_server(layer: Any) -> None:
    layer.streams[1].context = SimpleNamespace(server=tflow.tserver_conn())


def _far(layer: Any) -> Any:
    return layer.connections[layer.context.server].child_layer


def _something_kept(layer: Any) -> None:
    _far(layer).buf += b"5"


def _head_due(layer: Any) -> None:
    _far(layer).state = _far(layer).read_headers


def _within_a_chunk(layer: Any) -> None:
    far = _far(layer)
    far.buf += b"5\r\nab"
    far.body_reader(far.buf)
    assert not far.buf
    assert not far.body_reader.between


def _of_known_length(layer: Any) -> None:
    _far(layer).body_reader = object()


def _far_waits(layer: Any) -> None:
    _far(layer)._paused = True


def _near_waits(layer: Any) -> None:
    layer.connections[layer.context.client]._paused = True


def _not_in_chunks(layer: Any) -> None:
    layer.connections[layer.context.client].in_chunks = False


def _older_answer(layer: Any) -> None:
    _far(layer).stream_id = 3


def _another_layer(layer: Any) -> None:
    layer.connections[layer.context.server] = SimpleNamespace(child_layer=_far(layer), _paused=None)


@pytest.mark.parametrize(
    "change",
    [
        _two_streams,
        _no_stream,
        _not_flowing,
        _other_server,
        _something_kept,
        _head_due,
        _within_a_chunk,
        _of_known_length,
        _far_waits,
        _near_waits,
        _not_in_chunks,
        _older_answer,
        _another_layer,
    ],
)
def test_whatever_stands_otherwise_goes_the_long_way(change: Any) -> None:
    """Z22: the short way is for one state of affairs alone."""
    layer, server = flowing()
    change(layer)
    assert flowing_from(layer, server) is None


def test_what_the_caller_sends_goes_the_long_way() -> None:
    """Only a server's connection has an answer."""
    layer, _ = flowing()
    assert flowing_from(layer, layer.context.client) is None


@pytest.mark.parametrize(
    ("method", "coding", "in_chunks"),
    [("POST", "chunked", True), ("POST", "", False), ("HEAD", "chunked", False)],
)
def test_an_answer_in_chunks_is_known_by_its_head(method: str, coding: str, in_chunks: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An answer to `HEAD`, or to HTTP/1.0, has no chunks."""
    context = Context(tflow.tclient_conn(), options.Options())
    end = ZoneHttp1Server(context)
    list(end.handle_event(events.Start()))
    head = f"{method} / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n".encode()
    list(end.handle_event(events.DataReceived(context.client, head)))
    fields = [(b"transfer-encoding", coding.encode())] if coding else []
    answer = http.Response(b"HTTP/1.1", 200, b"OK", http.Headers(fields), None, None, 0.0, None)
    list(end.handle_event(ResponseHeaders(1, answer)))
    assert end.in_chunks is in_chunks


def test_an_empty_chunk_is_never_written() -> None:
    """It would be the end of the answer."""
    assert chunk_of(b"") == b""
    assert chunk_of(b"a" * 17) == b"11\r\n" + b"a" * 17 + b"\r\n"


@live
async def test_both_ways_give_the_same_answer(paced: EchoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z11: with the short way closed the caller gets the same bytes, and each event is judged on both."""
    taken: list[int] = []
    step = streams.ZoneStream.step

    def counted(self: streams.ZoneStream, data: bytes) -> Any:
        taken.append(len(data))
        return step(self, data)

    monkeypatch.setattr(streams.ZoneStream, "step", counted)
    body = STREAMED_CHAT.replace(b"hello", b"one two three four five six seven eight")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    answers = []
    async with lab(paced.port) as running:
        answers.append(await running.raw(head.encode() + body))
        assert taken
        monkeypatch.setattr(layers, "flowing_from", lambda *_: None)
        answers.append(await running.raw(head.encode() + body))
        assert running.journal.verdicts()[:2] == running.journal.verdicts()[2:]
    events_of = [answer.partition(b"\r\n\r\n")[2].split(b"data: ")[1:] for answer in answers]
    assert len(events_of[0]) > 8
    assert len(events_of[0]) == len(events_of[1])


def _straight(orders: list[Any], data: bytes) -> tuple[list[Any], list[bytes], list[Any]]:
    """Send data the straight way; return what is sent, what was judged, and what the layers were given."""
    context = Context(tflow.tclient_conn(), options.Options())
    context.server = tflow.tserver_conn()
    layer = layers.ZoneHttpLayer(context, HTTPMode.transparent)
    judged: list[bytes] = []
    given: list[Any] = []
    left = iter(orders)

    def step(piece: bytes) -> Any:
        judged.append(piece)
        return next(left)

    def handle(event: events.Event) -> Iterator[Any]:
        given.append(event)
        yield from ()

    layer._handle_event = handle  # type: ignore[method-assign, assignment]
    stream: Any = SimpleNamespace(step=step)
    happened = events.DataReceived(context.server, data)
    sent = list(layer._go_straight(happened, stream, whole_chunks(data)))
    return sent, judged, given


TWO = b"1\r\na\r\n2\r\nbc\r\n"


@pytest.mark.parametrize("rest", [b"", b"3\r\nd", b"0\r\n\r\n", b"junk"])
def test_chunks_that_came_together_are_judged_one_by_one(rest: bytes) -> None:
    """Z11: each of them is judged by itself, and what is none of them is for the layers to read."""
    sent, judged, given = _straight([[Deliver(b"A")], [Deliver(b"B")]], TWO + rest)
    assert [command.data for command in sent] == [b"1\r\nA\r\n", b"1\r\nB\r\n"]
    assert judged == [b"a", b"bc"]
    assert [event.data for event in given] == ([rest] if rest else [])


@pytest.mark.parametrize("orders", [None, [Cut(b"x")], [Sever()]], ids=["waits", "cut", "severed"])
def test_what_follows_a_pause_or_a_cut_is_not_judged_beside_it(orders: Any) -> None:
    """Z13: behind a chunk that waits for its record, or ends the answer, the layers read on as ever."""
    sent, judged, given = _straight([orders], TWO + b"0\r\n\r\n")
    assert (sent, judged) == ([], [b"a"])
    stepped, behind = given
    assert stepped.orders == orders
    assert behind.data == b"2\r\nbc\r\n0\r\n\r\n"
