"""How an exchange ends when it does not end well: recorded first, then told or severed."""

from __future__ import annotations

from zoneproxy.passage.commands import Command, Sever
from zoneproxy.passage.events import (
    ClientGone,
    Event,
    Fault,
    Recorded,
    RecordFailed,
    Stopping,
    StopsChanged,
    UpstreamFailed,
)
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.judge import refused
from zoneproxy.passage.record import write_decision, write_fault, write_lost_return, write_return
from zoneproxy.passage.refusal import cut, refuse
from zoneproxy.passage.state import State
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]

# States in which nothing of the request has left yet and no record is outstanding.
_BEFORE = (State.OPEN, State.READING, State.ASKING)
_INSIDE = (State.INSIDE, State.ANSWERING, State.BUFFERING, State.BINDING)


def deny(exchange: Exchange, decision: Decision) -> Step:
    """Record a denial before anything was forwarded."""
    exchange.decisions[decision.phase] = decision
    exchange.refusal = decision.reason
    return State.DENYING, [write_decision(exchange, decision)]


def deny_fault(exchange: Exchange, event: Event) -> Step:
    """Record that a fault of ours refused the request.

    The record holds nothing that the failed step may have left half made: no facts, no findings.
    """
    if isinstance(event, Fault):
        exchange.private["detail"] = f"{event.where}: {event.detail}"[:512]
    exchange.refusal = "internal-error"
    return State.DENYING, [write_fault(exchange)]


def close(exchange: Exchange, event: Event | None = None, decision: Decision | None = None) -> Step:
    """Record that an admitted exchange ends without its whole answer."""
    reason, end = "internal-error", "fault"
    match event:
        case ClientGone():
            reason, end = "client-gone", "client_gone"
        case Stopping():
            reason, end = "upstream-failed", "stopped"
        case StopsChanged() if decision is not None:
            reason, end = decision.reason, "halted"
        case UpstreamFailed(failure, detail):
            reason, end = failure, "upstream_failed"
            exchange.private["detail"] = detail[:512]
        case Fault(where, detail):
            exchange.private["detail"] = f"{where}: {detail}"[:512]
        case _ if decision is not None:
            reason, end = decision.reason, "cut" if exchange.streaming else "withheld"
    made = decision or refused(Phase.RETURN, reason)
    exchange.decisions[Phase.RETURN] = made
    exchange.refusal = reason
    exchange.gone = exchange.gone or isinstance(event, ClientGone)
    return State.CLOSING, [write_return(exchange, made, end)]


def close_fault(exchange: Exchange, event: Event) -> Step:
    """Record the end of an admitted exchange whose own record was refused, from what can't be wrong.

    If that is refused too, nobody is told anything: the exchange stays without an end, which a verifier sees.
    """
    if exchange.bare:
        return State.SEVERED, [Sever()]
    exchange.bare = True
    if isinstance(event, Fault):
        exchange.private["detail"] = f"{event.where}: {event.detail}"[:512]
    exchange.refusal = "internal-error"
    return State.CLOSING, [write_lost_return(exchange)]


def otherwise(state: State, exchange: Exchange, event: Event) -> Step:
    """Handle the events that end an exchange, wherever they come."""
    if state in _BEFORE:
        # Nothing was decided and nothing has passed: there is nothing to record.
        return State.SEVERED, [Sever()]
    if state in _INSIDE:
        return close(exchange, event)
    if state is State.ADMITTING and isinstance(event, ClientGone | Stopping):
        exchange.doom = event
        return state, []
    if state in (State.SEALING, State.CLOSING, State.DENYING) and not isinstance(event, Fault):
        if isinstance(event, Recorded):
            raise TypeError("a record came back that nobody waits for")
        if isinstance(event, ClientGone):
            exchange.gone = True
        if not isinstance(event, RecordFailed):
            return state, []
    return State.SEVERED, [Sever()]


def refuse_recorded(exchange: Exchange, event: Event) -> Step:
    """Tell the caller, now that the denial is durable."""
    receipt = event.receipt if isinstance(event, Recorded) else None
    return State.REFUSED, [refuse(exchange, exchange.refusal, receipt)]


def refuse_unrecorded(exchange: Exchange, _event: Event) -> Step:
    """Tell the caller that nothing passes, because the log takes no record."""
    return State.REFUSED, [refuse(exchange, "trace-unavailable", None)]


def turn_away(_exchange: Exchange, _event: Event) -> Step:
    """Tell the caller nothing: its refusal has no record of its own."""
    return State.SEVERED, [Sever()]


def withhold(exchange: Exchange, event: Event) -> Step:
    """Tell the caller, now that the end is durable: a refusal, a loud cut, or nothing."""
    receipt = event.receipt if isinstance(event, Recorded) else None
    if exchange.gone:
        return State.WITHHELD, [Sever()]
    if exchange.streaming:
        return State.WITHHELD, [cut(exchange, exchange.refusal, receipt)]
    return State.WITHHELD, [refuse(exchange, exchange.refusal, receipt)]
