"""What a caller is told: the dialect's own error body, the reason code, the trace index and its ticket."""

from __future__ import annotations

from zoneproxy.content.cut import cut_event, refusal_body
from zoneproxy.passage.commands import Cut, Refuse
from zoneproxy.passage.events import Headers
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.record import obligations
from zoneproxy.terms.ports import Receipt
from zoneproxy.terms.reasons import REASONS
from zoneproxy.trace.ticket import HEADER, Ticket, header_value, sign_ticket

_LONGEST_NAME = 128


def refuse(exchange: Exchange, code: str, receipt: Receipt | None) -> Refuse:
    """Build the refusal for a caller of whom nothing was delivered yet.

    Args:
        exchange: whose dialect and flow the refusal speaks of.
        code: a code of `zoneproxy.terms.reasons.REASONS`.
        receipt: the record's place in the trace log; `None` only when the log can't take records.
    """
    reason = REASONS[code]
    deployment = ordered(exchange, "local_deployment")
    body = refusal_body(
        exchange.dialect,
        reason,
        trace=trace_of(exchange, receipt),
        flow=exchange.flow,
        deployment=deployment,
        culprit=_culprit(exchange),
    )
    headers = (
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        *_retry(exchange),
        *((("link", f'<{deployment}>; rel="alternate"'),) if deployment else ()),
        *named(exchange, receipt),
    )
    return Refuse(reason.status, headers, body)


def ordered(exchange: Exchange, name: str) -> str:
    """Return what the denial of an exchange orders under that name, or empty."""
    for decision in exchange.decisions.values():
        if not decision.allowed and name in (orders := obligations(decision)):
            return orders[name]
    return ""


def _retry(exchange: Exchange) -> Headers:
    """Say whether to come back: a limit says when, everything else says no."""
    if exchange.retry_after_s:
        return ("x-should-retry", "true"), ("retry-after", str(exchange.retry_after_s))
    return (("x-should-retry", "false"),)


def cut(exchange: Exchange, code: str, receipt: Receipt | None) -> Cut:
    """Build the loud end of a stream of which some bytes were delivered already."""
    return Cut(
        cut_event(
            exchange.dialect,
            REASONS[code],
            trace=trace_of(exchange, receipt),
            flow=exchange.flow,
            deployment=ordered(exchange, "local_deployment"),
            culprit=_culprit(exchange),
        )
    )


def _culprit(exchange: Exchange) -> str:
    """Return the name that a caller gave a message of a session, unless something was found in it."""
    reading = exchange.reading
    if exchange.session is None or reading is None or exchange.findings:
        return ""
    return reading.event_id if len(reading.event_id) <= _LONGEST_NAME else ""


def trace_of(exchange: Exchange, receipt: Receipt | None) -> str:
    """Name a record for people and programs: `<log origin>#<index>`."""
    return "" if receipt is None else f"{_origin(exchange, receipt)}#{receipt.index}"


def _origin(exchange: Exchange, receipt: Receipt) -> str:
    return receipt.origin or exchange.rules.log_origin


def named(exchange: Exchange, receipt: Receipt | None) -> Headers:
    """Return the header fields that name an exchange and its record, with the record's ticket.

    The ticket is the log's signed promise; with it a caller can show that its record was left out.
    """
    flow = ("zone-flow", exchange.flow)
    if receipt is None:
        return (flow,)
    trace = ("zone-trace", trace_of(exchange, receipt))
    signer = exchange.rules.tickets
    if signer is None:
        return flow, trace
    promise = Ticket(_origin(exchange, receipt), receipt.index, receipt.leaf, receipt.ts)
    return flow, trace, (HEADER, header_value(sign_ticket(promise, signer)))
