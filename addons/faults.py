"""What a failed hook leaves: its flow refused and recorded, or its connection severed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mitmproxy import http

from addons.crossing import CROSSING, REFUSAL
from addons.pages import shut
from addons.telling import keep_refusal, tell
from zoneproxy.passage.events import Fault

if TYPE_CHECKING:
    from addons.boundary import Boundary
    from zoneproxy.passage.commands import Command


async def refuse_fault(boundary: Boundary, where: str, data: Any, error: BaseException) -> None:
    """Refuse whatever a failed hook was about, recorded where a flow is known.

    Args:
        boundary: whose hook it was, or before whose hook another addon failed.
        where: the hook.
        data: what it was about.
        error: what it raised.
    """
    client = getattr(data, "client", None) or getattr(data, "client_conn", None)
    crossing = (
        data.metadata.get(CROSSING)
        if isinstance(data, http.HTTPFlow)
        else boundary.crossings.current.get(client.id)
        if client is not None
        else None
    )
    if crossing is None and isinstance(data, http.HTTPFlow) and boundary.ready:
        crossing = boundary.begin(data.client_conn)
        data.metadata[CROSSING] = crossing
    orders: list[Command] = []
    if crossing is not None:
        orders = await crossing.take(Fault(where, f"{type(error).__name__}: {error}"))
    if isinstance(data, http.HTTPFlow):
        inside = where in ("responseheaders", "error", "zone_dialled")
        data.response = data.response if inside else shut()
        tell(data, orders, page=inside)
        if inside and REFUSAL not in data.metadata:
            boundary.sever(data.client_conn)
        if crossing is not None:
            boundary.end(crossing)
        return
    if hasattr(data, "server"):
        data.server.error = "internal error"
        if crossing is not None:
            keep_refusal(crossing, orders)
    if where != "server_connect" and client is not None:
        boundary.sever(client)
