"""What a caller is told: the dialect's own error body, the reason code and the trace index."""

from __future__ import annotations

from zoneproxy.content.cut import cut_event, refusal_body
from zoneproxy.passage.commands import Cut, Refuse
from zoneproxy.passage.exchange import Exchange
from zoneproxy.terms.reasons import REASONS


def refuse(exchange: Exchange, code: str, index: int | None) -> Refuse:
    """Build the refusal for a caller of whom nothing was delivered yet.

    Args:
        exchange: whose dialect and flow the refusal speaks of.
        code: a code of `zoneproxy.terms.reasons.REASONS`.
        index: the record's index in the trace log; `None` only when the log can't take records.
    """
    reason = REASONS[code]
    body = refusal_body(exchange.dialect, reason, trace=trace_of(exchange, index), flow=exchange.flow)
    headers = (
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        ("x-should-retry", "false"),
        ("zone-flow", exchange.flow),
        *((("zone-trace", trace_of(exchange, index)),) if index is not None else ()),
    )
    return Refuse(reason.status, headers, body)


def cut(exchange: Exchange, code: str, index: int | None) -> Cut:
    """Build the loud end of a stream of which some bytes were delivered already."""
    return Cut(
        cut_event(exchange.dialect, REASONS[code], trace=trace_of(exchange, index), flow=exchange.flow)
    )


def trace_of(exchange: Exchange, index: int | None) -> str:
    """Name a record for people and programs: `<log origin>#<index>`."""
    return "" if index is None else f"{exchange.rules.log_origin}#{index}"
