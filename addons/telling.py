"""What a caller is told: the passage's orders that end a flow, put where the layers find them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from addons.crossing import REFUSAL
from addons.pages import CLOSE, page_of
from addons.streams import CUT, OUTCOME, SILENT
from zoneproxy.passage.commands import Command, Cut, Refuse, Sever

if TYPE_CHECKING:
    from mitmproxy import http

    from addons.crossing import Crossing


def tell(flow: http.HTTPFlow, orders: list[Command], *, page: bool = False) -> None:
    """Carry out what ends a flow; `page` leaves the refusal for the layer to send."""
    for order in orders:
        if isinstance(order, Refuse):
            if page:
                flow.metadata[REFUSAL] = page_of(order, close=True)
            else:
                flow.response = page_of(order, close=bool(flow.metadata.get(CLOSE)))
        elif isinstance(order, Cut) and flow.metadata.get(OUTCOME):
            flow.metadata[CUT] = order.data
        elif isinstance(order, Sever):
            silence(flow)


def silence(flow: http.HTTPFlow) -> None:
    """Have nothing told of a flow: its connection is closed without a byte."""
    flow.metadata[SILENT] = True
    if flow.killable:
        flow.kill()


def keep_page(flow: http.HTTPFlow, orders: list[Command]) -> None:
    """Leave the refusal of a head for the layer too: its body may break off, or be more than is read."""
    for order in orders:
        if isinstance(order, Refuse):
            flow.metadata[REFUSAL] = page_of(order, close=True)


def keep_refusal(crossing: Crossing, orders: list[Command]) -> None:
    """Keep what the caller is told if its server connection is not opened, or if it is stopped meanwhile."""
    for order in orders:
        if isinstance(order, Refuse):
            crossing.refusal = page_of(order, close=True)
