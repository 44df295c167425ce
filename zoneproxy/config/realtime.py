"""The part of `zone.yaml` that opens sessions over WebSocket, and says how much one may be."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import MEBIBYTE, Bytes, Part, Seconds
from zoneproxy.passage.rules import SessionLimits

Count = Annotated[int, Field(ge=1, le=10_000_000)]


class Realtime(Part):
    """Sessions of OpenAI's Realtime API, `GET /v1/realtime`; the rules of both layers must allow them too."""

    max_message_bytes: Bytes = Field(MEBIBYTE, description="largest message, in either direction")
    max_messages: Count = Field(100_000, description="messages that a caller may send in one session")
    max_waiting: Annotated[int, Field(ge=1, le=10_000)] = Field(
        64, description="messages that may wait for the end of an answer"
    )
    max_fragments: Annotated[int, Field(ge=1, le=100_000)] = Field(
        256, description="pieces that a message may come in"
    )
    idle_timeout_s: Seconds = Field(300.0, description="silence in both directions")
    session_timeout_s: Seconds = Field(3600.0, description="from the handshake to the session's end")
    ping_s: Seconds = Field(20.0, description="how often both sides are asked whether they are there")
    pings_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        120, description="control frames that either side may send"
    )

    def limits(self) -> SessionLimits:
        """Return it as the passage takes it."""
        return SessionLimits(**self.model_dump())
