"""What happens in a session and what it orders, beside the words of the exchanges that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoneproxy.passage.commands import Command
from zoneproxy.passage.events import Event


@dataclass(frozen=True, slots=True)
class ClientSaid(Event):
    """A caller's message in a session was read.

    Attributes:
        text: the message; empty where it could not be read.
        now_ms, mono_ms: milliseconds since 1970 UTC, and of a clock that never goes back.
        trace_writable: the journal takes records.
        state: `ok`, or what is wrong with it: `unknown_type` (it is no text), `unreadable` (no UTF-8),
            `too_large`, or `malformed` (it breaks the protocol).
        detail: what is wrong, in our words, kept privately.
    """

    text: str
    now_ms: int
    mono_ms: int
    trace_writable: bool
    state: str = "ok"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ServerSaid(Event):
    """A server's message in a session was read; `state` is `ok`, `unreadable` or `too_large`."""

    text: str
    now_ms: int
    mono_ms: int
    state: Literal["ok", "unreadable", "too_large"] = "ok"


@dataclass(frozen=True, slots=True)
class Carried(Event):
    """What a session ordered last is done."""


@dataclass(frozen=True, slots=True)
class ClientLeft(Event):
    """The caller closed a session in WebSocket's own way."""


@dataclass(frozen=True, slots=True)
class ServerLeft(Event):
    """The server closed a session, in WebSocket's own way or (not `properly`) without a word."""

    properly: bool


@dataclass(frozen=True, slots=True)
class Expired(Event):
    """A session lasted too long, or nothing was said in it for too long; `detail` is kept privately."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Draining(Event):
    """The boundary stops soon: a session ends as soon as no answer is under way."""


@dataclass(frozen=True, slots=True)
class ToServer(Command):
    """Send this message of a session to the server, then feed `Carried`."""

    text: str


@dataclass(frozen=True, slots=True)
class ToClient(Command):
    """Send this message of a session to the caller."""

    text: str


@dataclass(frozen=True, slots=True)
class CloseBoth(Command):
    """End a session: close both sides in WebSocket's own way.

    Attributes:
        code: what the caller is told, a close code of RFC 6455, section 7.4.1.
        reason: why, a reason code, or empty.
        server_code: what the server is told.
    """

    code: int
    reason: str
    server_code: int
