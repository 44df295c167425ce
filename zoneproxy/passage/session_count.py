"""What a session asks for counts like requests: each message that wants an answer, and the bytes of all."""

from __future__ import annotations

from zoneproxy.content.realtime import begins
from zoneproxy.meter.turnstile import Turnstile
from zoneproxy.passage.events import Limited
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.session_words import ClientSaid


class SessionCount:
    """Counts a session's messages in, and out again.

    Args:
        turnstile: lets in what is within the limits.
    """

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._entered: dict[str, str] = {}

    def enter(self, turn: Passage, event: ClientSaid, size_bytes: int) -> Limited | None:
        """Count a message in, before anything is decided about it; say which limit it is beyond."""
        tenant = str(turn.exchange.facts.get("tenant.id", ""))
        beyond = None
        if begins(event.text):
            beyond = self._turnstile.enter(tenant, event.mono_ms)
            if beyond is None:
                self._entered[turn.exchange.flow] = tenant
        beyond = beyond or self._turnstile.carry(tenant, size_bytes, event.mono_ms)
        return None if beyond is None else Limited(beyond.limit, beyond.retry_after_s)

    def leave(self, turn: Passage, now_ms: int) -> None:
        """Count a message out that is at its end, with what came back for it, and keep its fingerprints."""
        exchange = turn.exchange
        tenant = self._entered.pop(exchange.flow, "")
        if tenant:
            self._turnstile.leave(tenant, exchange.answer_bytes, now_ms)
        if exchange.returned is not None and exchange.keep is not None:
            exchange.keep(exchange.returned.prints())
            exchange.returned = None
