"""One end of a session's WebSocket: bytes to whole messages, within limits, and nothing between the lines.

Frames are read by `wsproto` (RFC 6455), without extensions. What a peer says beside its messages goes no
further: pings are answered here, a close's reason is not read, and a message is put together again from its
pieces, so that what leaves on the other side is one text frame of the boundary's own.

    a message       text, in at most so many pieces, of at most so many bytes; binary is none that is spoken
    control frames  so many a minute: each costs an answer
    a break         a mask where none may be or none where one must, a reserved bit or opcode, a piece out of
                    turn, a control frame in pieces or with too much in it, text that is no UTF-8
    after a close   nothing is read any more
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from zoneproxy.meter.bucket import Bucket

MINUTE_MS = 60_000
_REASON_BYTES = 123
_NO_UTF8 = CloseReason.INVALID_FRAME_PAYLOAD_DATA


@dataclass(frozen=True, slots=True)
class Heard:
    """What an end heard.

    Attributes:
        what: a whole message, bytes that must be answered (`reply`), a proper close, or a break.
        text: the message.
        reply: what is to be sent back at once.
        state: of a break, what it is: a value of the fact `request.state`.
        detail: of a break, our words for it.
    """

    what: Literal["said", "asked", "left", "broke"]
    text: str = ""
    reply: bytes = b""
    state: str = "ok"
    detail: str = ""


class End:
    """One end.

    Args:
        server: this end is the server's: its peer is a caller, who masks.
        max_message_bytes: largest message.
        max_fragments: in how many pieces it may come.
        pings_per_minute: how many control frames may come.
    """

    def __init__(
        self, *, server: bool, max_message_bytes: int, max_fragments: int, pings_per_minute: int
    ) -> None:
        kind = ConnectionType.SERVER if server else ConnectionType.CLIENT
        self._connection = Connection(kind)
        self._max_message_bytes, self._max_fragments = max_message_bytes, max_fragments
        self._controls = Bucket(pings_per_minute, MINUTE_MS, pings_per_minute)
        self._pieces: list[str] = []
        self._bytes = self._fragments = 0
        self._deaf = False
        self.heard_something = False

    @property
    def deaf(self) -> bool:
        """True when nothing of this peer's is read any more."""
        return self._deaf

    def read(self, data: bytes, now_ms: int) -> Iterator[Heard]:
        """Take in bytes, cut anywhere; never raises, whatever they are.

        Args:
            data: what came.
            now_ms: milliseconds of a clock that never goes back.
        """
        if self._deaf:
            return
        self.heard_something = True
        self._connection.receive_data(data)
        for event in self._connection.events():
            heard = self._take(event, now_ms)
            if heard is not None:
                self._deaf = heard.what in ("left", "broke")
                yield heard
            if self._deaf:
                return

    def _take(self, event: Event, now_ms: int) -> Heard | None:
        match event:
            case TextMessage():
                return self._piece(event)
            case BytesMessage():
                return Heard("broke", state="unknown_type", detail="a binary message")
            case CloseConnection(code) if self._connection.state is ConnectionState.OPEN:
                # The parser's own word for bytes that break the protocol.
                state = "unreadable" if code == _NO_UTF8 else "malformed"
                return Heard("broke", state=state, detail=(event.reason or "")[:200])
            case CloseConnection():
                return Heard("left")
            case Ping() | Pong():
                if self._controls.wait_ms(1, now_ms):
                    return Heard("broke", state="malformed", detail="a flood of control frames")
                self._controls.take(1, now_ms)
                return Heard("asked", reply=self._send(event.response())) if isinstance(event, Ping) else None
        return None

    def _piece(self, event: TextMessage) -> Heard | None:
        self._bytes += len(event.data) if event.data.isascii() else len(event.data.encode())
        self._fragments += event.frame_finished
        self._pieces.append(event.data)
        if self._bytes > self._max_message_bytes or self._fragments > self._max_fragments:
            self._pieces.clear()
            return Heard(
                "broke", state="too_large", detail="a message that is too large, or in too many pieces"
            )
        if not event.message_finished:
            return None
        text = "".join(self._pieces)
        self._pieces.clear()
        self._bytes = self._fragments = 0
        return Heard("said", text=text)

    def say(self, text: str) -> bytes:
        """Write a message as one text frame; nothing where this end is closed."""
        return self._send(TextMessage(data=text))

    def ask(self) -> bytes:
        """Write a ping, which says nothing."""
        return self._send(Ping())

    def close(self, code: int, reason: str = "") -> bytes:
        """Write a close, once."""
        return self._send(CloseConnection(code=code, reason=reason[:_REASON_BYTES]))

    def answers_close(self, data: bytes) -> bool:
        """Tell whether a peer that was told of the close has answered it; whatever else comes is dropped."""
        if self._connection.state is ConnectionState.CLOSED:
            return True
        self._connection.receive_data(data)
        return any(isinstance(event, CloseConnection) for event in self._connection.events())

    def _send(self, event: Event) -> bytes:
        try:
            return self._connection.send(event)
        except LocalProtocolError:
            return b""
