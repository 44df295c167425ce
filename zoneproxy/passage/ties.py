"""What the exchanges within a session share: each message of a caller is an exchange of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zoneproxy.content.realtime_stream import RealtimeStream
from zoneproxy.content.request import RequestReading
from zoneproxy.route.destination import Destination


@dataclass(slots=True)
class Ties:
    """What ties an exchange to its session.

    Attributes:
        flow: the session's own exchange.
        model: the model that the session was opened for; no message may name another.
        destination: the server that the session is connected to.
        stream: what the server says, in either exchange.
        text_bytes: UTF-8 bytes of all that was said before: a model reads the whole conversation again.
        speech: the answers may be spoken.
    """

    flow: str
    model: str
    destination: Destination
    stream: RealtimeStream
    text_bytes: int = 0
    speech: bool = True

    def fitted(self, reading: RequestReading, flow: str) -> RequestReading:
        """Read a message as one of this session.

        What asks for an answer gets a name of ours where it has none: a server that refuses says so by it.

        Args:
            reading: the message by itself.
            flow: the message's own exchange.
        """
        if reading.model not in (None, self.model):
            return replace(reading, state="unreadable")
        speech = self.speech if reading.speech is None else reading.speech
        if not reading.begins:
            self.speech = speech
        return replace(
            reading,
            model=self.model,
            speech=speech,
            assigned_id=f"event_{flow}" if reading.begins and not reading.event_id else "",
        )
