"""A workload's call as its head says it: which exchange it works for, and whether it stands in a tunnel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from addons.heads import read_head
from zoneproxy.route.destination import DestinationError, read_destination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mitmproxy import http

    from addons.boundary import Boundary
    from addons.crossing import Crossing
    from zoneproxy.passage.events import HeadArrived

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A workload's tunnel that was answered: all that comes by it is for one host and one exchange.

    Attributes:
        host, port: where it leads, canonical.
        address: what every call inside of it is pinned to.
        flow: the exchange that it works for.
    """

    host: str
    port: int
    address: str
    flow: str

    def leads_to(self, authority: str) -> bool:
        """Tell whether a `Host` names this tunnel's own end."""
        try:
            to = read_destination(authority, default_port=HTTPS_PORT)
        except DestinationError:
            return False
        return (to.host, to.port) == (self.host, self.port)


def parent_of(boundary: Boundary, named: Sequence[str], tunnel: Tunnel | None = None) -> Crossing | None:
    """Return the exchange under way that a call names, once, and as its tunnel does; else `None`."""
    if len(named) != 1 or (tunnel is not None and named[0] != tunnel.flow):
        return None
    return boundary.crossings.working(named[0])


def head_of(boundary: Boundary, crossing: Crossing, flow: http.HTTPFlow) -> HeadArrived:
    """Build the event of a request's head, at whichever door it came in."""
    core, exchange = boundary.assembled(), crossing.passage.exchange
    outward = exchange.kind == "outward"
    tunnel: Tunnel | None = getattr(boundary.handler(exchange.pin.connection), "tunnel", None)
    parent = parent_of(boundary, flow.request.headers.get_all("zone-flow"), tunnel) if outward else None
    if parent is not None:
        exchange.credential = parent.passage.exchange.credential
    head = read_head(
        flow.request,
        forward_proxy=outward and tunnel is None,
        now_ms=core.clock.now_ms(),
        trace_writable=core.journal.writable,
        parent=parent.passage.exchange.facts if parent is not None else None,
        parent_id=parent.passage.exchange.flow if parent is not None else "",
        fault=flow.error.msg if flow.error else "",
    )
    return head if tunnel is None else _inside(tunnel, head)


def _inside(tunnel: Tunnel, head: HeadArrived) -> HeadArrived:
    """Lead what came by a tunnel to the tunnel's end, and nowhere else."""
    hosts = [value for name, value in head.headers if name == "host"]
    strays = head.state == "ok" and not (len(hosts) == 1 and tunnel.leads_to(hosts[0]))
    return replace(
        head,
        target_host=tunnel.host,
        target_port=tunnel.port,
        tunnel="inside",
        pinned=tunnel.address,
        state="other_host" if strays else head.state,
        detail="its host is not that of its tunnel" if strays else head.detail,
    )
