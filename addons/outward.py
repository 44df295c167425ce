"""A workload's call as its head says it: which exchange it works for, and whether it stands in a tunnel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from addons.heads import header_list, read_head
from addons.pages import CLOSE
from zoneproxy.origin.carried import read_carried
from zoneproxy.route.destination import DestinationError, read_destination

if TYPE_CHECKING:
    from mitmproxy import http

    from addons.boundary import Boundary
    from addons.crossing import Crossing
    from zoneproxy.passage.events import HeadArrived, Headers

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A workload's tunnel that was answered: all that comes by it is for one host and one exchange.

    Attributes:
        host, port: where it leads, canonical.
        addresses: what every call inside of it is pinned to, in the order in which they are tried.
        flow: the exchange that it works for.
    """

    host: str
    port: int
    addresses: tuple[str, ...]
    flow: str

    def leads_to(self, authority: str) -> bool:
        """Tell whether a `Host` names this tunnel's own end."""
        try:
            to = read_destination(authority, default_port=HTTPS_PORT)
        except DestinationError:
            return False
        return (to.host, to.port) == (self.host, self.port)


@dataclass(frozen=True, slots=True)
class Service:
    """Which exchange a call works for.

    Attributes:
        tag: how the tag that it carries stands, a value of the fact `request.tag`.
        flow: the exchange that it names, or empty.
        parent: that exchange where the tag is `carried`, else `None`.
    """

    tag: str
    flow: str = ""
    parent: Crossing | None = None

    @property
    def told(self) -> dict[str, Any]:
        """The fields of `HeadArrived` that tell of it."""
        exchange = self.parent.passage.exchange if self.parent is not None else None
        return {
            "tag": self.tag,
            "parent": exchange.facts if exchange is not None else None,
            "parent_id": exchange.flow if exchange is not None else "",
        }


NOBODYS = Service("missing")


def service_of(boundary: Boundary, headers: Headers, tunnel: Tunnel | None = None) -> Service:
    """Compare the tag that a call carries with that of the exchange it names; in a tunnel, with its own.

    A tag that names no exchange of this worker is `over`, or `foreign`: whether another has it is not asked.
    """
    carried, signer = read_carried(headers), boundary.assembled().rules.tags
    if tunnel is not None and carried.flow and carried.flow != tunnel.flow:
        return Service("other", carried.flow)
    parent = boundary.crossings.working(carried.flow) if carried.flow else None
    issued = parent.passage.exchange.issued if parent is not None else None
    standing = carried.against(issued, signer.key_id if signer is not None else "")
    return Service(standing, carried.flow, parent if standing == "carried" else None)


async def head_of(boundary: Boundary, crossing: Crossing, flow: http.HTTPFlow) -> HeadArrived:
    """Build the event of a request's head, at whichever door it came in."""
    core, exchange = boundary.assembled(), crossing.passage.exchange
    outward = exchange.kind == "outward"
    tunnel: Tunnel | None = getattr(boundary.handler(exchange.pin.connection), "tunnel", None)
    served = NOBODYS
    if outward:
        served = service_of(boundary, header_list(flow.request.headers.fields), tunnel)
        others = boundary.neighbours
        if served.tag in ("over", "foreign") and others is not None and await others.knows(served.flow):
            # The connection is no longer at its beginning, and can't be handed over.
            served = replace(served, tag="elsewhere")
            flow.metadata[CLOSE] = True
    if served.parent is not None:
        exchange.credential = served.parent.passage.exchange.credential
    head = read_head(
        flow.request,
        forward_proxy=outward and tunnel is None,
        now_ms=core.clock.now_ms(),
        trace_writable=core.journal.writable,
        fault=flow.error.msg if flow.error else "",
        **served.told,
    )
    return head if tunnel is None else _inside(tunnel, head)


def keep_reached(boundary: Boundary, crossing: Crossing) -> None:
    """Have the next call in a tunnel begin with the address that answered this one."""
    exchange = crossing.passage.exchange
    handler = boundary.handler(exchange.pin.connection)
    tunnel: Tunnel | None = getattr(handler, "tunnel", None)
    reached = str(exchange.reached)
    if tunnel is not None and reached in tunnel.addresses[1:]:
        others = (address for address in tunnel.addresses if address != reached)
        handler.tunnel = replace(tunnel, addresses=(reached, *others))


def _inside(tunnel: Tunnel, head: HeadArrived) -> HeadArrived:
    """Lead what came by a tunnel to the tunnel's end, and nowhere else."""
    hosts = [value for name, value in head.headers if name == "host"]
    strays = head.state == "ok" and not (len(hosts) == 1 and tunnel.leads_to(hosts[0]))
    return replace(
        head,
        target_host=tunnel.host,
        target_port=tunnel.port,
        tunnel="inside",
        pinned=tunnel.addresses,
        state="other_host" if strays else head.state,
        detail="its host is not that of its tunnel" if strays else head.detail,
    )
