"""Where an exchange stands; `zoneproxy.passage.machine.TABLE` says what may follow what."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The states of an exchange, in the order of the way."""

    OPEN = "open"
    READING = "reading"
    ASKING = "asking"
    ADMITTING = "admitting"
    DENYING = "denying"
    REFUSED = "refused"
    INSIDE = "inside"
    ANSWERING = "answering"
    BUFFERING = "buffering"
    BINDING = "binding"
    SEALING = "sealing"
    CLOSING = "closing"
    DELIVERED = "delivered"
    WITHHELD = "withheld"
    SEVERED = "severed"
