"""The exchanges that are under way, by flow and by connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from addons.crossing import Crossing
from zoneproxy.passage.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from addons.crossing import Records
    from zoneproxy.passage.machine import Passage
    from zoneproxy.terms.ports import Bindings, Journal, Resolver

# A workload may call outward for an exchange only while its model server works on it.
_WORKING = (State.INSIDE, State.ANSWERING, State.BUFFERING)


class Crossings:
    """Keeps each crossing from its first event to its last."""

    def __init__(self) -> None:
        self._by_flow: dict[str, Crossing] = {}
        self._by_connection: dict[str, set[str]] = {}
        self.current: dict[str, Crossing] = {}  # by connection: whose server connection is opened

    def begin(
        self,
        passage: Passage,
        journal: Journal,
        bindings: Bindings | None = None,
        resolver: Resolver | None = None,
        records: Records | None = None,
    ) -> Crossing:
        """Keep a new exchange."""
        crossing = Crossing(passage, journal, bindings, resolver, records)
        exchange = passage.exchange
        self._by_flow[exchange.flow] = crossing
        self._by_connection.setdefault(exchange.pin.connection, set()).add(exchange.flow)
        return crossing

    def end(self, crossing: Crossing) -> bool:
        """Forget an exchange if it is at its end; tell whether it is."""
        if not crossing.passage.final:
            return False
        exchange = crossing.passage.exchange
        if self._by_flow.pop(exchange.flow, None) is not None and exchange.returned and exchange.keep:
            exchange.keep(exchange.returned.prints())
        flows = self._by_connection.get(exchange.pin.connection)
        if flows is not None:
            flows.discard(exchange.flow)
            if not flows:
                del self._by_connection[exchange.pin.connection]
        return True

    def of_connection(self, connection: str) -> list[Crossing]:
        """Return the exchanges under way on a connection."""
        return [self._by_flow[flow] for flow in self._by_connection.get(connection, ())]

    def working(self, flow: str) -> Crossing | None:
        """Return a customer's exchange that a model server works on now, or `None`."""
        crossing = self._by_flow.get(flow)
        if crossing is None or crossing.passage.exchange.kind != "serve":
            return None
        return crossing if crossing.stands(*_WORKING) else None

    def __iter__(self) -> Iterator[Crossing]:
        """All exchanges under way; they may end while they are looked at."""
        return iter(tuple(self._by_flow.values()))

    def __len__(self) -> int:
        """How many exchanges are under way."""
        return len(self._by_flow)
