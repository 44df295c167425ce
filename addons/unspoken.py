"""What the zone does not speak: raw TCP and UDP, DNS, WebSocket, protocols within protocols.

The options switch them off already; these hooks refuse them if something ever switches one on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mitmproxy import ctx

if TYPE_CHECKING:
    from mitmproxy import dns, http, tcp, udp
    from mitmproxy.proxy.layer import NextLayer


class Unspoken:
    """Refuses every protocol but plain HTTP requests."""

    name = "unspoken"

    def next_layer(self, data: NextLayer) -> None:
        """The doors speak HTTP/1.1 alone; nothing else may begin."""
        raise PermissionError(f"no protocol may follow: {data!r}")

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """Raw TCP is never forwarded."""
        flow.kill()

    def udp_start(self, flow: udp.UDPFlow) -> None:
        """Raw UDP is never forwarded."""
        flow.kill()

    def dns_request(self, flow: dns.DNSFlow) -> None:
        """Names are not resolved for callers."""
        flow.kill()

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """WebSocket is not open."""
        _sever(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Drop every message; killing the flow would not stop it."""
        if flow.websocket is not None and flow.websocket.messages:
            flow.websocket.messages[-1].drop()
        _sever(flow)


def _sever(flow: http.HTTPFlow) -> None:
    """Close both sides; for an upgraded connection killing the flow has no effect."""
    handler = ctx.master.addons.get("proxyserver").connections.get(flow.client_conn.id)
    if handler is not None:
        handler.sever()
