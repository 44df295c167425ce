r"""The handshake of a WebSocket, twice: the caller's with the boundary, and the boundary's with the server.

Both are the boundary's own: each side is answered from its own key, no extension is ever agreed on (what is
compressed is another text than the one that is looked into), and the one subprotocol that is spoken is
`realtime`. Where the operator opens no sessions an upgrade is what it always was, refused before anything
else of the request is looked at.

    >>> accept_of("dGhlIHNhbXBsZSBub25jZQ==")
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

Source: RFC 6455, sections 4.1, 4.2 and 1.3 (whose example this is).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import urllib.parse
from dataclasses import dataclass, replace

from zoneproxy.content.dialects import recognise_socket
from zoneproxy.content.request import RequestReading
from zoneproxy.passage.events import AnswerHead, HeadArrived, Headers
from zoneproxy.passage.exchange import Exchange, sole

REALTIME = "openai_realtime"
SWITCHING = 101
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"
_PROTOCOL = "realtime"
_KEY_BYTES = 16
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a caller's handshake asks for: `protocol` is empty where it names none that is spoken here."""

    key: str
    protocol: str


def accept_of(key: str) -> str:
    """Return what proves that a handshake with this key was read as one."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def open_socket(exchange: Exchange, event: HeadArrived) -> str:
    """Read an upgrade as the handshake of a session, where the operator opens them.

    Returns:
        The value of the fact `request.state`: `ok`, and the exchange has its endpoint; `malformed`; or
        `upgrade` where nothing is open.
    """
    endpoint = recognise_socket(event.method, event.path)
    if exchange.rules.sessions is None or endpoint is None:
        return "upgrade"
    try:
        exchange.handshake = read_handshake(event.headers)
    except ValueError as error:
        exchange.private["detail"] = str(error)
        return "malformed"
    exchange.endpoint, exchange.private["detail"] = endpoint, None
    return "ok"


def read_handshake(headers: Headers) -> Handshake:
    """Read a caller's handshake.

    Raises:
        ValueError: it is none, with our words for what is wrong.
    """
    if "upgrade" not in _tokens(headers, "connection") or _tokens(headers, "upgrade") != ["websocket"]:
        raise ValueError("an upgrade to something else than WebSocket")
    if sole(headers, "sec-websocket-version") != _VERSION:
        raise ValueError("a version of WebSocket that is not 13")
    key = sole(headers, "sec-websocket-key") or ""
    try:
        size = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        size = 0
    if size != _KEY_BYTES:
        raise ValueError("a key of WebSocket that is none")
    offered = _tokens(headers, "sec-websocket-protocol")
    return Handshake(key, _PROTOCOL if _PROTOCOL in offered else "")


def _tokens(headers: Headers, name: str) -> list[str]:
    values = (value for key, value in headers if key == name)
    return [token.strip().lower() for value in values for token in value.split(",")]


def opened(reading: RequestReading, query: str) -> RequestReading:
    """Read for which model a session is opened; its target names that, and nothing else.

    Args:
        reading: the handshake's body, which is empty.
        query: what followed `?` in the target.
    """
    try:
        named = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        named = []
    if len(named) != 1 or named[0][0] != "model" or not _MODEL.match(named[0][1]):
        return replace(reading, state="unreadable")
    return replace(reading, model=named[0][1], keeps=False)


def own_fields(exchange: Exchange) -> Headers:
    """Return what makes the request that goes inside a handshake of the boundary's own; else nothing."""
    if exchange.handshake is None:
        return ()
    protocol = exchange.handshake.protocol
    return (
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", _VERSION),
        ("sec-websocket-key", _own_key(exchange.flow)),
        *((("sec-websocket-protocol", protocol),) if protocol else ()),
    )


def _own_key(flow: str) -> str:
    """Make the key of a flow: as fresh as its name is, which bears 74 random bits."""
    return base64.b64encode(hashlib.sha256(flow.encode()).digest()[:_KEY_BYTES]).decode()


def server_flaw(exchange: Exchange, event: AnswerHead) -> str:
    """Say what is wrong with a server's answer to the boundary's handshake, or nothing."""
    if event.status != SWITCHING or exchange.handshake is None:
        return f"the server answered the handshake with {event.status}"
    headers = event.headers
    if "upgrade" not in _tokens(headers, "connection") or _tokens(headers, "upgrade") != ["websocket"]:
        return "the server switched to something else than WebSocket"
    if sole(headers, "sec-websocket-accept") != accept_of(_own_key(exchange.flow)):
        return "the server did not prove that it read the handshake"
    if any(name == "sec-websocket-extensions" for name, _ in headers):
        return "the server agreed on an extension that nobody offered"
    if (sole(headers, "sec-websocket-protocol") or "") != exchange.handshake.protocol:
        return "the server chose another subprotocol than was offered"
    if any(name in ("content-length", "transfer-encoding", "content-encoding") for name, _ in headers):
        return "the server's answer to the handshake has a body"
    return ""


def answer_fields(handshake: Handshake) -> Headers:
    """Return the fields that answer a caller's handshake."""
    return (
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", accept_of(handshake.key)),
        *((("sec-websocket-protocol", handshake.protocol),) if handshake.protocol else ()),
    )
