"""The pin: the identity of the way a request came by.

It is taken when the request comes and compared when the answer leaves: the result goes back by the
original route, to the same tenant, on the same connection. A route's name alone is not enough: two
customers behind one cable share it.

Trust: every field is the boundary's own observation; none is read from the request's text.
"""

from __future__ import annotations

from dataclasses import dataclass

from zoneproxy.terms.facts import UNDECLARED, FactValue
from zoneproxy.terms.phase import Side


@dataclass(frozen=True, slots=True)
class Pin:
    """One door, one connection, one tenant.

    Attributes:
        route: the declared route's id.
        side: the side that the connection is on.
        listener: the address that it reached, `host:port`.
        connection: an id that no other connection of this process has.
        tenant: the proven tenant's id, or empty where none is proven.
    """

    route: str
    side: Side
    listener: str
    connection: str
    tenant: str = ""


_CONSUMERS = {
    Side.OVERSEAS: "overseas_client",
    Side.ZONE: "zone_workload",
    Side.DOMESTIC: "domestic_system",
}


def return_facts(pin: Pin, now: Pin | None) -> dict[str, FactValue | None]:
    """Compare the way back with the way in.

    Args:
        pin: taken when the request came.
        now: the way that the answer would leave by; `None` if the connection is gone or unknown.

    Returns:
        The facts `egress.route`, `egress.same_connection` and `response.consumer`. Whoever is not
        the tenant that asked is an `unknown` consumer, except on the domestic side, which is named.
    """
    if now is None:
        return {
            "egress.route": UNDECLARED,
            "egress.same_connection": False,
            "response.consumer": "unknown",
        }
    is_same_caller = now.tenant == pin.tenant
    consumer = _CONSUMERS[now.side] if is_same_caller or now.side is Side.DOMESTIC else "unknown"
    return {
        "egress.route": now.route,
        "egress.same_connection": now.connection == pin.connection and now.listener == pin.listener,
        "response.consumer": consumer,
    }
