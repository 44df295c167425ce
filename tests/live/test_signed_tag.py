"""A real model server behind the boundary serves what the boundary tagged, and nothing else."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
import uvicorn

from tests.support.ports import free_port
from tests.support.zone_process import ZoneFolder, make_zone
from zoneproxy import TagMiddleware, read_tag_keys
from zoneproxy.adapters.tag_middleware import Receive, Scope, Send

pytestmark = pytest.mark.live

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "zone-llm-02",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
CHAT = {"model": "zone-llm-02", "messages": [{"role": "user", "content": "hello"}]}


class ModelServer:
    """Answers every request alike, and keeps what the boundary said of it and its headers."""

    def __init__(self) -> None:
        self.served: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await receive()
        self.served.append(scope)
        body = json.dumps(ANSWER).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def listening(app: TagMiddleware, port: int) -> Iterator[None]:
    """Run the server in a thread of its own until the block ends."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ZoneFolder, ModelServer, int]]:
    port = free_port()
    zone = make_zone(tmp_path_factory.mktemp("tagged") / "zone", port)
    model = ModelServer()
    with (
        listening(TagMiddleware(model, read_tag_keys(Path(zone.path, "tag.vkey"))), port),
        zone.serving(),
    ):
        yield zone, model, port


def ask(zone: ZoneFolder, path: str = "/v1/chat/completions", **headers: str) -> httpx.Response:
    authorization = {"authorization": f"Bearer {zone.credentials['toyco-sg']}"}
    transport = httpx.HTTPTransport(local_address="127.0.10.7")
    with httpx.Client(transport=transport) as client:
        return client.post(f"http://127.0.10.1:{zone.port}{path}", json=CHAT, headers=authorization | headers)


def test_what_the_boundary_let_in_is_served(served: tuple[ZoneFolder, ModelServer, int]) -> None:
    """Z2: the server knows tenant, route and record of what it serves, and the caller's trace goes on."""
    zone, model, _ = served
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = ask(zone, traceparent=traceparent)
    assert answer.status_code == 200, answer.text
    origin = model.served[-1]["zone_origin"]
    assert (origin.origin, origin.tenant, origin.market, origin.route) == (
        "overseas", "toyco-sg", "SG", "cable-sg-1",
    )  # fmt: skip
    assert answer.headers["zone-trace"].endswith(f"#{origin.record}")
    assert set(origin.policies) == {"regulator", "operator"}
    headers = dict(model.served[-1]["headers"])
    assert headers[b"traceparent"] == traceparent.encode()
    assert headers[b"zone-flow"].decode() == origin.flow


def test_what_passes_by_the_boundary_is_not_served(served: tuple[ZoneFolder, ModelServer, int]) -> None:
    """Z2, Z7: a request that reaches the server by another way has no tag, a replay neither."""
    zone, model, port = served
    ask(zone)
    before, taken = len(model.served), model.served[-1]
    headers = {name.decode(): value.decode() for name, value in taken["headers"]}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    bare = httpx.post(url, json=CHAT)
    again = httpx.post(url, content=httpx.Request("POST", url, json=CHAT).content, headers=headers)
    assert (bare.status_code, bare.json()["error"]["code"]) == (403, "missing")
    assert (again.status_code, again.json()["error"]["code"]) == (403, "replayed")
    assert len(model.served) == before


def test_a_tag_of_the_callers_own_never_arrives(served: tuple[ZoneFolder, ModelServer, int]) -> None:
    """Z2: a client that writes its own tag is refused, and nothing of it reaches the server."""
    zone, model, _ = served
    before = len(model.served)
    answer = ask(zone, **{"zone-origin": 'overseas;flow="a";record=1'})
    assert answer.status_code == 403, answer.text
    assert len(model.served) == before


def test_what_stands_in_a_query_is_looked_into(served: tuple[ZoneFolder, ModelServer, int]) -> None:
    """Z11: an identifier in the target crosses no more than one in the body."""
    zone, model, _ = served
    before = len(model.served)
    answer = ask(zone, "/v1/chat/completions?note=%31%31010519491231002X")
    assert answer.status_code == 403, answer.text
    assert len(model.served) == before
    assert ask(zone, "/v1/chat/completions?beta=true").status_code == 200
