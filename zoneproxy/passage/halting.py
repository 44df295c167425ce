"""What the operator stops: before an exchange begins, or while it is under way; and what is beyond a limit.

An exchange begins under the stops that hold then, and is told of every later change
(`events.StopsChanged`). What has not been decided is judged by the newest stops; what was admitted ends
at once, recorded as `halted`, by a decision of the law that replay derives again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from zoneproxy.passage.commands import Command
from zoneproxy.passage.endings import close, deny
from zoneproxy.passage.events import Event, Limited, StopsChanged
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.judge import judge, refused
from zoneproxy.passage.law import head_rail
from zoneproxy.passage.state import State
from zoneproxy.route.stops import Traits
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]


def traits_of(exchange: Exchange) -> Traits:
    """Collect what an exchange is known by so far."""
    facts = exchange.facts
    named = exchange.reading.model if exchange.reading else None
    return Traits(
        routes=frozenset({exchange.pin.route, str(facts.get("ingress.route", exchange.pin.route))}),
        tenant=str(facts.get("tenant.id", "")),
        credential=exchange.credential,
        models=frozenset({str(facts.get("model.id", "")), named or ""} - {""}),
    )


def stop_of(exchange: Exchange) -> str:
    """Return what of an exchange is stopped now, a value of the fact `control.stop`."""
    scope = exchange.stops.match(traits_of(exchange))
    return "none" if scope is None else scope.value


def keep_in(state: State) -> Callable[[Exchange, Event], Step]:
    """Make what notes new stops in a state in which nothing is cut: the next step judges by them."""
    return functools.partial(_keep, state)


def _keep(state: State, exchange: Exchange, event: Event) -> Step:
    _note(exchange, event)
    return state, []


def on_stops_admitting(exchange: Exchange, event: Event) -> Step:
    """Note new stops; what they stop ends as soon as its record is durable."""
    _note(exchange, event)
    if exchange.doom is None and stop_of(exchange) != "none":
        exchange.doom = event
    return State.ADMITTING, []


def cut_in(state: State) -> Callable[[Exchange, Event], Step]:
    """Make what ends an admitted exchange in a state, if the new stops stop it."""
    return functools.partial(_cut, state)


def _cut(state: State, exchange: Exchange, event: Event) -> Step:
    _note(exchange, event)
    return (state, []) if stop_of(exchange) == "none" else halt(exchange, event)


def halt(exchange: Exchange, event: Event) -> Step:
    """End an admitted exchange that is stopped: recorded, then told."""
    exchange.facts.set("control.halt", stop_of(exchange))
    decision = judge(exchange.rules.policies, Phase.RETURN, exchange.facts)
    if decision.allowed:  # the law says otherwise; nothing may pass all the same
        decision = refused(Phase.RETURN, "internal-error")
    return close(exchange, event, decision)


def on_limited(exchange: Exchange, event: Event) -> Step:
    """Refuse a request that is beyond a limit, and say when it may come back."""
    if not isinstance(event, Limited):
        raise TypeError("a limit is due")
    exchange.facts.set("control.limit", event.limit)
    exchange.retry_after_s = event.retry_after_s
    reason = head_rail(exchange.facts)
    if not reason:
        return deny(exchange, refused(Phase.COLLECT, "internal-error"))
    return deny(exchange, Decision(Phase.COLLECT, "deny", "law", reason))


def _note(exchange: Exchange, event: Event) -> None:
    if not isinstance(event, StopsChanged):
        raise TypeError("new stops are due")
    exchange.stops = event.stops
