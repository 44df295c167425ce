"""What the passage orders; the driver carries the commands out, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from zoneproxy.passage.events import Headers
from zoneproxy.terms.objects import Binding, ObjectName


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do."""


@dataclass(frozen=True, slots=True)
class Write(Command):
    """Make this record durable, then feed `Recorded` (or `RecordFailed`); do nothing else first."""

    kind: Literal["decision", "return"]
    body: Mapping[str, Any]
    private: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LookUp(Command):
    """Ask whose these objects are, then feed `LookedUp` (or `StoreFailed`); do nothing else first."""

    names: tuple[ObjectName, ...]


@dataclass(frozen=True, slots=True)
class Resolve(Command):
    """Ask which addresses this registered name has, then feed `Resolved`; do nothing else first."""

    host: str


@dataclass(frozen=True, slots=True)
class Bind(Command):
    """Make these bindings durable, and ask whose other objects are, then feed `Bound` (or `StoreFailed`)."""

    bindings: tuple[Binding, ...]
    names: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class Forward(Command):
    """Send the request to this server, with exactly these headers and this body; over TLS where `tls`."""

    host: str
    port: int
    headers: Headers
    body: bytes
    tls: bool = False


@dataclass(frozen=True, slots=True)
class OpenTunnel(Command):
    """A workload's tunnel may be answered: feed its empty answer, then what comes inside of it.

    Attributes:
        host, port: where it leads, canonical.
        addresses: what every call inside of it is pinned to, in the order in which they are tried.
    """

    host: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamAnswer(Command):
    """Feed the answer's body in chunks; deliver this head first."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class BufferAnswer(Command):
    """Feed the answer's body whole; deliver nothing yet."""


@dataclass(frozen=True, slots=True)
class Deliver(Command):
    """Send these bytes of a streamed answer's body to the caller; never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Finish(Command):
    """Send the rest of a streamed answer's body (it may be empty) and end it properly."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Release(Command):
    """Send this whole answer to the caller."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Refuse(Command):
    """Answer the caller with a refusal instead; nothing of the answer has left."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Cut(Command):
    """End a streamed answer loudly: send these bytes, then close both sides."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Upgrade(Command):
    """Answer the caller's handshake with these fields; from then on a session speaks."""

    headers: Headers


@dataclass(frozen=True, slots=True)
class Sever(Command):
    """Close both sides at once, sending nothing."""
