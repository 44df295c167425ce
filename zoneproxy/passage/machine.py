"""The way of one exchange, as a table: state and event to the states that may follow.

    open ──head──▶ reading ──body──▶ admitting ══record durable══▶ inside ──▶ answering / buffering
      │              │ └─▶ asking ─▶─┘                               │              │ └─▶ binding ─▶─┐
      └──refused─────┴──▶ denying ══record══▶ refused                │              ▼               │
                                                                     │   sealing ◀──────────────────┘
                                                                     │   sealing ══record══▶ delivered
                                                                     └──▶ closing ══record══▶ withheld

The law is in the shape of the table: `Forward` is ordered only on the way from `admitting` to
`inside`, on `Recorded`; the last byte of an answer (`Finish`, `Release`) only on the way from
`sealing` to `delivered`, on `Recorded`; `Refuse` and `Cut` only after the denial's own record, or
when the log can take none. A denial that is not to be recorded (`TurnedAway`) is not told either. `asking`
waits for the binding store before anything is decided about a request that names stored objects, or for the
resolver before a workload's call to a name is; `binding` until what an answer names is durably its caller's;
a stream goes back to `answering` from there. Everything unexpected leads to a denial or to `severed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zoneproxy.passage import endings, halting, leg_collect, leg_process, leg_return, outward
from zoneproxy.passage.commands import Command
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    BodyArrived,
    Bound,
    ClientGone,
    Dialled,
    Dialling,
    Event,
    Fault,
    HeadArrived,
    Limited,
    LookedUp,
    Recorded,
    RecordFailed,
    Resolved,
    Stopping,
    StopsChanged,
    StoreFailed,
    TurnedAway,
    UpstreamFailed,
)
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.state import State

Handler = Callable[[Exchange, Event], tuple[State, list[Command]]]
S = State


class IllegalEventError(Exception):
    """An event came that the state does not know: a bug of ours; the driver turns it into a fault."""


def _to(*states: State) -> frozenset[State]:
    return frozenset(states)


_ENDS = {
    UpstreamFailed: _to(S.CLOSING),
    ClientGone: _to(S.CLOSING),
    Stopping: _to(S.CLOSING),
    Fault: _to(S.CLOSING),
}
_CUT = (S.INSIDE, S.ANSWERING, S.BUFFERING, S.BINDING)
_KEPT = (S.OPEN, S.READING, S.ASKING, S.DENYING, S.SEALING, S.CLOSING)
"""What new stops do: an admitted exchange may end; elsewhere they are noted, the next step judges by them."""

TABLE: Mapping[State, Mapping[type[Event], frozenset[State]]] = {
    S.OPEN: {
        HeadArrived: _to(S.READING, S.DENYING),
        StopsChanged: _to(S.OPEN),
        ClientGone: _to(S.SEVERED),
        Stopping: _to(S.SEVERED),
        Fault: _to(S.DENYING),
    },
    S.READING: {
        BodyArrived: _to(S.ADMITTING, S.DENYING, S.ASKING),
        Limited: _to(S.DENYING),
        StopsChanged: _to(S.READING),
        ClientGone: _to(S.SEVERED),
        Stopping: _to(S.SEVERED),
        Fault: _to(S.DENYING),
    },
    S.ASKING: {
        LookedUp: _to(S.ADMITTING, S.DENYING),
        StoreFailed: _to(S.DENYING),
        Resolved: _to(S.ADMITTING, S.DENYING),
        StopsChanged: _to(S.ASKING),
        ClientGone: _to(S.SEVERED),
        Stopping: _to(S.SEVERED),
        Fault: _to(S.DENYING),
    },
    S.ADMITTING: {
        Recorded: _to(S.INSIDE, S.CLOSING),
        RecordFailed: _to(S.REFUSED),
        StopsChanged: _to(S.ADMITTING),
        ClientGone: _to(S.ADMITTING),
        Stopping: _to(S.ADMITTING),
        Fault: _to(S.DENYING),
    },
    S.DENYING: {
        Recorded: _to(S.REFUSED),
        RecordFailed: _to(S.REFUSED),
        TurnedAway: _to(S.SEVERED),
        BodyArrived: _to(S.DENYING),
        LookedUp: _to(S.DENYING),
        StoreFailed: _to(S.DENYING),
        Resolved: _to(S.DENYING),
        StopsChanged: _to(S.DENYING),
        ClientGone: _to(S.DENYING),
        Stopping: _to(S.DENYING),
        Fault: _to(S.SEVERED),
    },
    S.INSIDE: {
        Dialling: _to(S.INSIDE, S.CLOSING),
        Dialled: _to(S.INSIDE, S.CLOSING),
        AnswerHead: _to(S.ANSWERING, S.BUFFERING, S.CLOSING),
        StopsChanged: _to(S.INSIDE, S.CLOSING),
        **_ENDS,
    },
    S.ANSWERING: {
        AnswerChunk: _to(S.ANSWERING, S.BINDING, S.CLOSING),
        AnswerEnd: _to(S.SEALING, S.CLOSING),
        StopsChanged: _to(S.ANSWERING, S.CLOSING),
        **_ENDS,
    },
    S.BUFFERING: {
        AnswerBody: _to(S.BINDING, S.SEALING, S.CLOSING),
        StopsChanged: _to(S.BUFFERING, S.CLOSING),
        **_ENDS,
    },
    S.BINDING: {
        Bound: _to(S.BINDING, S.ANSWERING, S.SEALING, S.CLOSING),
        StoreFailed: _to(S.CLOSING),
        StopsChanged: _to(S.BINDING, S.CLOSING),
        **_ENDS,
    },
    S.SEALING: {
        Recorded: _to(S.DELIVERED, S.SEVERED),
        RecordFailed: _to(S.SEVERED),
        StopsChanged: _to(S.SEALING),
        ClientGone: _to(S.SEALING),
        Stopping: _to(S.SEALING),
        UpstreamFailed: _to(S.SEALING),
        Fault: _to(S.CLOSING),
    },
    S.CLOSING: {
        Recorded: _to(S.WITHHELD),
        RecordFailed: _to(S.SEVERED),
        StopsChanged: _to(S.CLOSING),
        AnswerChunk: _to(S.CLOSING),
        AnswerEnd: _to(S.CLOSING),
        AnswerBody: _to(S.CLOSING),
        AnswerHead: _to(S.CLOSING),
        Bound: _to(S.CLOSING),
        StoreFailed: _to(S.CLOSING),
        Dialling: _to(S.CLOSING),
        Dialled: _to(S.CLOSING),
        ClientGone: _to(S.CLOSING),
        Stopping: _to(S.CLOSING),
        UpstreamFailed: _to(S.CLOSING),
        Fault: _to(S.CLOSING, S.SEVERED),
    },
    S.REFUSED: {},
    S.WITHHELD: {},
    S.DELIVERED: {},
    S.SEVERED: {},
}

FINAL = frozenset(state for state, row in TABLE.items() if not row)

_HANDLERS: Mapping[State, Mapping[type[Event], Handler]] = {
    S.OPEN: {HeadArrived: leg_collect.on_head, Fault: endings.deny_fault},
    S.READING: {
        BodyArrived: leg_collect.on_body,
        Limited: halting.on_limited,
        Fault: endings.deny_fault,
    },
    S.ASKING: {
        LookedUp: leg_collect.on_looked_up,
        StoreFailed: leg_collect.on_looked_up,
        Resolved: outward.on_resolved,
        Fault: endings.deny_fault,
    },
    S.ADMITTING: {
        Recorded: leg_process.on_admitted,
        RecordFailed: endings.refuse_unrecorded,
        Fault: endings.deny_fault,
    },
    S.DENYING: {
        Recorded: endings.refuse_recorded,
        RecordFailed: endings.refuse_unrecorded,
        TurnedAway: endings.turn_away,
    },
    S.INSIDE: {
        Dialling: leg_process.on_dialling,
        Dialled: leg_process.on_dialled,
        AnswerHead: leg_return.on_head,
    },
    S.ANSWERING: {AnswerChunk: leg_return.on_chunk, AnswerEnd: leg_return.on_end},
    S.BUFFERING: {AnswerBody: leg_return.on_body},
    S.BINDING: {Bound: leg_return.on_bound, StoreFailed: leg_return.on_bound},
    S.SEALING: {Recorded: leg_return.on_sealed, Fault: endings.close},
    S.CLOSING: {Recorded: endings.withhold, Fault: endings.close_fault},
}

_ON_STOPS: Mapping[State, Handler] = {
    S.ADMITTING: halting.on_stops_admitting,
    **{state: halting.keep_in(state) for state in _KEPT},
    **{state: halting.cut_in(state) for state in _CUT},
}


class Passage:
    """One exchange's way. Feed it events; carry out what it orders, in order.

    A list of commands is either one `Write` alone, to be followed by `Recorded` or `RecordFailed`
    (or `Fault` where the record was refused before it was written, or `TurnedAway` instead of the record of a
    refusal), or one `LookUp` or `Bind` alone, to be
    followed by `LookedUp` or `Bound` (or `StoreFailed`), or one `Resolve` alone, to be followed by
    `Resolved`, or commands without any of these.

    Args:
        exchange: the exchange's memory, fresh.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.state = State.OPEN

    @property
    def final(self) -> bool:
        """True when nothing can happen any more."""
        return self.state in FINAL

    def receive(self, event: Event) -> list[Command]:
        """Take one event.

        Raises:
            IllegalEventError: the table has no such event in this state.
            Exception: a fault in a room; the state is unchanged, feed `Fault` next.
        """
        row = TABLE[self.state]
        if not row:
            return []
        allowed = row.get(type(event))
        if allowed is None:
            raise IllegalEventError(f"{type(event).__name__} in state {self.state}")
        state, commands = self._handle(event)
        if state not in allowed:
            raise IllegalEventError(f"{type(event).__name__} led from {self.state} to {state}")
        self.state = state
        return commands

    def _handle(self, event: Event) -> tuple[State, list[Command]]:
        handler = _HANDLERS.get(self.state, {}).get(type(event))
        if handler is None and isinstance(event, StopsChanged):
            handler = _ON_STOPS[self.state]
        if handler is not None:
            return handler(self.exchange, event)
        return endings.otherwise(self.state, self.exchange, event)
