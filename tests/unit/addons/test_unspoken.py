"""What the zone does not speak is refused, also where an option would have switched it on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import ctx
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.test import tflow

from addons.unspoken import Unspoken


class Handler:
    severed = 0

    def sever(self) -> None:
        self.severed += 1


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> dict[str, Handler]:
    """The connections that the proxy serves, by the client's id."""
    held: dict[str, Handler] = {}
    server = SimpleNamespace(connections=held)
    monkeypatch.setattr(ctx, "master", SimpleNamespace(addons={"proxyserver": server}), raising=False)
    return held


def test_no_protocol_follows_http():
    """A connection that wants another layer is a failure, which shuts it."""
    with pytest.raises(PermissionError):
        Unspoken().next_layer(cast("NextLayer", SimpleNamespace()))


@pytest.mark.parametrize(
    ("hook", "flow"),
    [
        ("tcp_start", tflow.ttcpflow()),
        ("udp_start", tflow.tudpflow()),
        ("dns_request", tflow.tdnsflow()),
    ],
)
def test_raw_flows_are_killed(hook: str, flow: Any):
    """Raw TCP, raw UDP and DNS end as they begin."""
    flow.live = True
    getattr(Unspoken(), hook)(flow)
    assert flow.error is not None
    assert not flow.killable


def test_a_websocket_is_severed(connections: dict[str, Handler]):
    """Killing an upgraded flow has no effect, so its connection is closed."""
    flow = tflow.twebsocketflow()
    handler = connections[flow.client_conn.id] = Handler()
    Unspoken().websocket_start(flow)
    assert handler.severed == 1


def test_a_websocket_message_is_dropped(connections: dict[str, Handler]):
    """No message crosses, whether or not its connection is still known."""
    flow = tflow.twebsocketflow()
    Unspoken().websocket_message(flow)
    assert flow.websocket is not None
    assert flow.websocket.messages[-1].dropped
    handler = connections[flow.client_conn.id] = Handler()
    Unspoken().websocket_message(flow)
    assert handler.severed == 1
