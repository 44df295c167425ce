"""A zone that opens what is stored: two tenants, three cables, the pilot's policy with storing allowed."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support import zone_world
from tests.support.memory_bindings import MemoryBindings
from tests.support.stored_server import StoredServer
from tests.support.zone_world import ROOT, network
from zoneproxy.origin.evidence import Door
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.passage.commands import (
    Bind,
    Command,
    Cut,
    Deliver,
    Finish,
    LookUp,
    Refuse,
    Release,
    StreamAnswer,
    Write,
)
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    BodyArrived,
    Bound,
    Event,
    Fault,
    HeadArrived,
    LookedUp,
    Recorded,
    StoreFailed,
)
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.rules import Rules
from zoneproxy.passage.state import State
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.route.pin import Pin
from zoneproxy.route.upstream import Upstream, UpstreamTable
from zoneproxy.terms.errors import StoreError
from zoneproxy.terms.networks import NetworkTable
from zoneproxy.terms.phase import Side

CREDENTIALS = {"toyco-sg": "zp-test-storing-sg", "toyco-my": "zp-test-storing-my"}
DOORS = {
    "cable-sg-1": (Door("cable-sg-1", Side.OVERSEAS, "SG"), "127.0.10.1", "127.0.10.9"),
    "cable-sg-2": (Door("cable-sg-2", Side.OVERSEAS, "SG"), "127.0.10.2", "127.0.10.9"),
    "cable-my-1": (Door("cable-my-1", Side.OVERSEAS, "MY"), "127.0.11.1", "127.0.11.9"),
}
"""Each door with the address that it listens on and one that calls from there."""

_DIALECTS = (
    "openai_chat, openai_responses, openai_conversations, openai_files, openai_uploads, openai_batches, "
    "openai_vector_stores, openai_assistants, anthropic_messages, anthropic_files, anthropic_batches"
)
_CHANGES = (
    ("uplinks: [cable-sg-1, cable-my-1]", "uplinks: [cable-sg-1, cable-sg-2, cable-my-1]"),
    (
        "routes:\n",
        "routes:\n  - {id: cable-sg-2, kind: submarine_cable, peer_country: SG, separation: physical}\n",
    ),
    (
        "        - {request.method: GET, request.path: /v1/files, request.dialect: openai_files}\n",
        f"        - {{request.dialect: [{_DIALECTS}]}}\n",
    ),
    ("tool_call, file_retrieval, model_listing]}}", "tool_call, storage, file_retrieval, model_listing]}}"),
    (
        "        - {purpose: file_retrieval, request.dialect: openai_files}\n",
        f"        - {{purpose: [storage, file_retrieval], request.dialect: [{_DIALECTS}]}}\n",
    ),
    ("purpose: [file_retrieval, model_listing]", "purpose: [storage, file_retrieval, model_listing]"),
    (
        "purpose: [inference, embedding, file_retrieval, model_listing]",
        "purpose: [inference, embedding, storage, file_retrieval, model_listing]",
    ),
)


@functools.cache
def policies() -> tuple[Policy, ...]:
    """Return both layers of the pilot, changed to allow what is stored."""
    made = []
    for name in ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml"):
        text = (ROOT / "policies" / name).read_text("utf-8")
        for before, after in _CHANGES:
            text = text.replace(before, after)
        made.append(load(text.encode(), name))
    return tuple(made)


@functools.cache
def rules(upstream_port: int = 8000) -> Rules:
    """Return the rules of the zone; its one server keeps everything."""
    paths = ("/v1",)
    server = Upstream("store", "127.0.0.1", upstream_port, ("zone-llm-01",), paths, "physical")
    return replace(
        zone_world.rules(),
        policies=policies(),
        tenants=TenantRegistry(
            Tenant(name, name[-2:].upper(), "overseas", (hashlib.sha256(secret.encode()).digest(),))
            for name, secret in CREDENTIALS.items()
        ),
        networks=NetworkTable(
            [
                network("127.0.10.0/24", Side.OVERSEAS, "SG"),
                network("127.0.11.0/24", Side.OVERSEAS, "MY"),
                network("127.0.30.0/24", Side.ZONE, "CN"),
            ]
        ),
        upstreams=UpstreamTable([server]),
    )


@dataclass
class Way:
    """What came of one exchange.

    Attributes:
        status: what the caller was told; 0 where nothing was.
        body: all bytes that reached the caller.
        orders: every command that the passage gave, in order.
        walked: the passage, at its end.
    """

    walked: Passage
    status: int = 0
    body: bytes = b""
    orders: list[Command] = field(default_factory=list)

    def stands(self, state: State) -> bool:
        return self.walked.state is state

    @property
    def standing(self) -> object:
        return self.walked.exchange.facts.get("binding.standing")


@dataclass
class StoringZone:
    """The zone without a network: passages against a model server and a binding store in memory.

    Attributes:
        server: keeps everything for everybody.
        bindings: whose it is.
        now_ms: the time.
        chunk_bytes: how streamed answers are cut.
    """

    server: StoredServer = field(default_factory=StoredServer)
    bindings: MemoryBindings = field(default_factory=MemoryBindings)
    now_ms: int = zone_world.NOW_MS
    chunk_bytes: int = 64
    _flows: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _receipts: zone_world.Receipts = field(default_factory=zone_world.Receipts)

    def ask(  # noqa: PLR0917 - a request line, as it is written
        self,
        tenant: str,
        route: str,
        method: str,
        target: str,
        body: bytes | dict[str, Any] = b"",
        content_type: str = "application/json",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Way:
        """Walk one exchange to its end."""
        door, listen, peer = DOORS[route]
        pin = Pin(route, door.side, f"{listen}:8443", "c1")
        flow = str(uuid.UUID(int=next(self._flows)))
        way = Way(Passage(Exchange(flow, "serve", rules(), door, (peer, 50000), pin)))
        path, _, query = target.partition("?")
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        head = HeadArrived(
            method, f"{listen}:8443", 0, path,
            (("host", f"{listen}:8443"), ("content-type", content_type), *headers,
             ("authorization", f"Bearer {CREDENTIALS[tenant]}")),
            self.now_ms, trace_writable=True, query=query,
        )  # fmt: skip
        self._feed(way, head)
        if way.stands(State.READING):
            self._feed(way, BodyArrived(data))
        if way.stands(State.INSIDE):
            anthropic = any(name == "anthropic-version" for name, _ in headers)
            status, told_type, told = self.server.answer(
                method, target, content_type, data, anthropic=anthropic
            )
            self._feed(way, AnswerHead(status, (("content-type", told_type),), pin))
            if way.stands(State.BUFFERING):
                self._feed(way, AnswerBody(told, pin))
            for start in range(0, len(told), self.chunk_bytes):
                if way.stands(State.ANSWERING):
                    self._feed(way, AnswerChunk(told[start : start + self.chunk_bytes]))
            if way.stands(State.ANSWERING):
                self._feed(way, AnswerEnd(pin))
        return way

    def _feed(self, way: Way, event: Event) -> None:
        try:
            orders = way.walked.receive(event)
        except Exception as error:  # noqa: BLE001 - as the driver does
            orders = way.walked.receive(Fault("test", repr(error)))
        way.orders += orders
        for order in orders:
            match order:
                case Write():
                    self._feed(way, Recorded(self._receipts.next()))
                case LookUp(names):
                    self._feed(way, self._asked(lambda: LookedUp(self.bindings.find_now(names))))
                case Bind(made, names):
                    self._feed(way, self._asked(lambda: Bound(self.bindings.bind_now(made, names))))
                case Refuse(status, _, told) | Release(status, _, told):
                    way.status, way.body = status, way.body + told
                case StreamAnswer(status, _):
                    way.status = status
                case Deliver(told) | Finish(told) | Cut(told):
                    way.body += told
                case _:
                    pass

    @staticmethod
    def _asked(ask: Callable[[], Event]) -> Event:
        try:
            return ask()
        except StoreError as error:
            return StoreFailed(error.message)
