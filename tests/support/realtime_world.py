"""A session in the small zone: its rules, its handshake, and the words that both sides say."""

from __future__ import annotations

import functools
import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.masking_policy import masking_texts
from tests.support.zone_world import (
    CREDENTIAL,
    DOORS,
    NOW_MS,
    ROOT,
    Receipts,
    head,
    pin,
    rules,
)
from zoneproxy.meter.turnstile import Allowance, Turnstile
from zoneproxy.passage.commands import Command, Write
from zoneproxy.passage.events import AnswerHead, BodyArrived, Dialled, HeadArrived, Recorded
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.handshake import accept_of, own_fields
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.rules import Rules, SessionLimits
from zoneproxy.passage.session import Session
from zoneproxy.passage.session_words import Carried, ClientSaid, ServerSaid
from zoneproxy.policy.bundle import Policy, load

PATH = "/v1/realtime"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
RULE = "        - {request.method: GET, request.path: /v1/realtime, request.dialect: openai_realtime}\n"
"""The one line that opens sessions in the pilot's operator layer, as docs/realtime.md shows it."""
_BEFORE = "        - {request.method: GET, request.path: /v1/models, request.dialect: openai_models}\n"
HANDSHAKE = (
    ("host", "127.0.10.1:8443"),
    ("authorization", f"Bearer {CREDENTIAL}"),
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", KEY),
    ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
)


def open_rules(text: str) -> str:
    """Let the pilot's operator layer open sessions."""
    if _BEFORE not in text:
        raise AssertionError("the pilot's rule has changed")
    return text.replace(_BEFORE, RULE + _BEFORE)


@functools.cache
def open_policies(more: str = "") -> tuple[Policy, ...]:
    """Return both layers of the pilot with sessions open; `more` are further rules of the operator's."""
    regulator, operator = (
        (ROOT / "policies" / f"shantou-pilot.{layer}.yaml").read_text("utf-8")
        for layer in ("regulator", "operator")
    )
    return load(regulator.encode(), "r"), load((open_rules(operator) + more).encode(), "o")


@functools.cache
def open_altered(*changes: tuple[str, str]) -> tuple[Policy, ...]:
    """Return both layers of the pilot with sessions open, and these words of theirs put otherwise."""
    made = []
    for layer in ("regulator", "operator"):
        text = (ROOT / "policies" / f"shantou-pilot.{layer}.yaml").read_text("utf-8")
        text = open_rules(text) if layer == "operator" else text
        for old, new in changes:
            text = text.replace(old, new)
        made.append(load(text.encode(), layer))
    return tuple(made)


@functools.cache
def open_masking() -> tuple[Policy, ...]:
    """Return both layers of the pilot that masks, with sessions open."""
    regulator, operator = masking_texts()
    return load(regulator.encode(), "r"), load(open_rules(operator).encode(), "o")


def session_rules(**limits: Any) -> Rules:
    return replace(rules(), policies=open_policies(), sessions=SessionLimits(**limits))


def handshake(**changes: Any) -> HeadArrived:
    """Return the head of a well-formed handshake, as the driver reads it."""
    base = {
        "method": "GET",
        "path": PATH,
        "query": "model=zone-llm-01",
        "headers": HANDSHAKE,
        "state": "upgrade",
    }
    return head(**{**base, **changes})


def switched(exchange: Exchange, **changes: Any) -> AnswerHead:
    """Return a server's good answer to the boundary's handshake."""
    key = dict(own_fields(exchange)).get("sec-websocket-key", "")
    headers = (("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", accept_of(key)))
    return replace(AnswerHead(101, headers, pin()), **changes)


@dataclass
class World:
    """Sessions and their exchanges, numbered; all records that were ordered are durable in `durable`."""

    rules: Rules = field(default_factory=session_rules)
    turnstile: Turnstile = field(default_factory=lambda: Turnstile(Allowance(), Allowance(), {}))
    receipts: Receipts = field(default_factory=Receipts)
    durable: list[Write] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(7))

    def begin(self) -> Passage:
        flow = str(uuid.UUID(int=next(self.ids)))
        return Passage(Exchange(flow, "serve", self.rules, DOORS["cable-sg-1"], ("127.0.10.9", 50000), pin()))

    def asked(self) -> Passage:
        """Walk a handshake to where the server's answer is due."""
        own = self.begin()
        if own.receive(handshake()) != []:
            raise AssertionError(f"refused: {own.exchange.refusal}")
        (write,) = own.receive(BodyArrived(b""))
        self.record(own, write)
        own.receive(Dialled("127.0.30.10"))
        return own

    def open(self, **given: Any) -> Session:
        """Open a session."""
        own = self.asked()
        own.receive(switched(own.exchange))
        limits = self.rules.sessions
        assert limits is not None
        return Session(own, **{
            "begin": self.begin, "pin": pin, "turnstile": self.turnstile, "limits": limits, **given
        })  # fmt: skip

    def record(self, passage: Passage | Session, write: Command) -> list[Command]:
        """Make a record durable."""
        if not isinstance(write, Write):
            raise TypeError(f"no record is ordered: {write}")
        self.durable.append(write)
        return passage.receive(Recorded(self.receipts.next()))

    def run(self, session: Session, event: Any) -> list[Command]:
        """Feed an event, write what is ordered, and go on until nothing is: return what crossed."""
        crossed: list[Command] = []
        commands = session.receive(event)
        while commands or session.follows:
            if commands and isinstance(commands[0], Write):
                commands = self.record(session, commands[0])
                continue
            crossed += commands
            commands = session.receive(Carried()) if session.follows else []
        return crossed

    def verdicts(self) -> list[tuple[str, str, str]]:
        """Return kind, verdict and how it ended, or why, of each durable record."""
        return [(w.kind, w.body["verdict"], w.body.get("end") or w.body["reason"]) for w in self.durable]


def said(kind: str, **event: Any) -> ClientSaid:
    """A caller's message."""
    return ClientSaid(json.dumps({"type": kind, **event}), NOW_MS, 1000, trace_writable=True)


def broken(state: str) -> ClientSaid:
    """What a caller sent instead of a message."""
    return ClientSaid("", NOW_MS, 1000, trace_writable=True, state=state)


def told(kind: str, **event: Any) -> ServerSaid:
    """A server's message."""
    return ServerSaid(json.dumps({"type": kind, **event}), NOW_MS, 1000)


def item(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def created(answer: str = "r1") -> ServerSaid:
    return told("response.created", response={"id": answer})


def delta(text: str, answer: str = "r1") -> ServerSaid:
    return told("response.output_text.delta", response_id=answer, item_id="i", content_index=0, delta=text)


def done(answer: str = "r1") -> ServerSaid:
    usage = {"input_tokens": 5, "output_tokens": 7}
    return told("response.done", response={"id": answer, "status": "completed", "usage": usage})


CREATE = said("response.create", event_id="event_c")
