"""`zoneproxy.passage.handshake`: one handshake for each side, and nothing in it that nobody offered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.realtime_world import HANDSHAKE, KEY, World, handshake, session_rules, switched
from tests.support.zone_world import rules
from zoneproxy.content.request import RequestReading
from zoneproxy.passage.commands import Upgrade, Write
from zoneproxy.passage.events import BodyArrived
from zoneproxy.passage.handshake import (
    accept_of,
    answer_fields,
    opened,
    own_fields,
    read_handshake,
    server_flaw,
)
from zoneproxy.passage.state import State


def changed(**fields: str | None) -> tuple[tuple[str, str], ...]:
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    kept = [(name, value) for name, value in HANDSHAKE if name not in given]
    return (*kept, *((name, value) for name, value in given.items() if value is not None))


def test_a_good_handshake_is_read() -> None:
    """RFC 6455, section 4.2.1; the fields' values are lists, in any case of letters."""
    made = read_handshake(changed(connection="Keep-Alive, UPGRADE", upgrade="WebSocket"))
    assert (made.key, made.protocol) == (KEY, "")
    named = read_handshake(changed(sec_websocket_protocol="x, realtime"))
    assert named.protocol == "realtime"
    assert dict(answer_fields(named)) == {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "sec-websocket-protocol": "realtime",
    }


@pytest.mark.parametrize(
    "headers",
    [
        changed(connection="close"),
        changed(upgrade="h2c"),
        changed(upgrade="websocket, h2c"),
        (*HANDSHAKE, ("upgrade", "websocket")),
        changed(sec_websocket_version="12"),
        changed(sec_websocket_version=None),
        changed(sec_websocket_key=None),
        changed(sec_websocket_key="AAAA"),
        changed(sec_websocket_key="*" * 24),
        (*HANDSHAKE, ("sec-websocket-key", KEY)),
    ],
    ids=["connection", "h2c", "two", "twice", "version", "no version", "no key", "short", "base64", "keys"],
)  # fmt: skip
def test_anything_else_is_no_handshake(headers: Any) -> None:
    """Z22: it is malformed, and nothing is dialled."""
    with pytest.raises(ValueError, match="WebSocket"):
        read_handshake(headers)


@pytest.mark.parametrize(
    ("query", "state", "model"),
    [
        ("model=zone-llm-01", "ok", "zone-llm-01"),
        ("model=a%2Fb", "ok", "a/b"),
        ("", "unreadable", None),
        ("model=", "unreadable", None),
        ("model=a&model=b", "unreadable", None),
        ("model=a&call_id=b", "unreadable", None),
        ("intent=transcription", "unreadable", None),
        ("model=a%00b", "unreadable", None),
        ("model", "unreadable", None),
    ],
)
def test_a_session_is_for_one_model_and_its_target_says_nothing_else(
    query: str, state: str, model: str | None
) -> None:
    """Z20: the model that is judged is the model that is asked for."""
    reading = opened(RequestReading("ok"), query)
    assert (reading.state, reading.model) == (state, model)


def test_the_servers_handshake_is_our_own() -> None:
    """Z2, Z22: a fresh key, no extension, no field of the caller's."""
    own = World().asked().exchange
    fields = dict(own_fields(own))
    assert fields["sec-websocket-key"] != KEY
    assert not {"sec-websocket-extensions", "authorization", "sec-websocket-protocol"} & fields.keys()
    assert server_flaw(own, switched(own)) == ""
    assert own_fields(World().begin().exchange) == ()


@pytest.mark.parametrize(
    ("headers", "flaw"),
    [
        ({"sec-websocket-accept": None}, "did not prove"),
        ({"sec-websocket-accept": accept_of(KEY)}, "did not prove"),
        ({"upgrade": "h2c"}, "something else"),
        ({"connection": "close"}, "something else"),
        ({"sec-websocket-extensions": "permessage-deflate"}, "extension"),
        ({"sec-websocket-protocol": "realtime"}, "subprotocol"),
        ({"content-length": "0"}, "has a body"),
    ],
)
def test_a_server_that_answers_otherwise_is_not_believed(headers: dict[str, str | None], flaw: str) -> None:
    """Z6: no session begins; nothing of its answer is delivered, and the end is recorded."""
    world = World()
    own = world.asked()
    good = switched(own.exchange)
    kept = tuple((name, value) for name, value in good.headers if name not in headers)
    more = tuple((name, value) for name, value in headers.items() if value is not None)
    event = switched(own.exchange, headers=kept + more)
    assert flaw in server_flaw(own.exchange, event)
    (write,) = own.receive(event)
    assert isinstance(write, Write)
    assert (own.state, write.body["reason"]) == (State.CLOSING, "return-unreadable")


def test_a_server_that_does_not_switch_failed() -> None:
    """Z6: whatever it says instead goes nowhere."""
    own = World().asked()
    (write,) = own.receive(switched(own.exchange, status=200))
    assert isinstance(write, Write)
    assert (write.body["reason"], write.body["status"]) == ("upstream-failed", 200)


def test_a_session_begins_with_both_handshakes_done() -> None:
    """Z13: the caller's is answered from its own key, with the name of the record."""
    world = World()
    own = world.asked()
    (upgrade,) = own.receive(switched(own.exchange))
    assert isinstance(upgrade, Upgrade)
    assert dict(upgrade.headers)["sec-websocket-accept"] == accept_of(KEY)
    assert dict(upgrade.headers)["zone-trace"] == "zone.test/log#0"


@pytest.mark.parametrize("where", ["off", "another path", "another method"])
def test_where_nothing_is_open_an_upgrade_is_refused_first(where: str) -> None:
    """Z22: before origin or credential are looked at, as without any of this."""
    world = World(rules=rules() if where == "off" else session_rules())
    changes = {"another path": {"path": "/v1/realtime/x"}, "another method": {"method": "POST"}}
    passage = world.begin()
    (write,) = passage.receive(
        handshake(headers=(("host", "x"), ("upgrade", "websocket")), **changes.get(where, {}))
    )
    assert isinstance(write, Write)
    assert (write.body["reason"], write.body["facts"]["request.state"]) == ("lane-upgrade", "upgrade")


def test_the_rules_must_open_sessions_too() -> None:
    """Z22: zone.yaml alone opens nothing."""
    from dataclasses import replace  # noqa: PLC0415 - only here

    world = World(rules=replace(session_rules(), policies=rules().policies))
    passage = world.begin()
    assert passage.receive(handshake()) == []
    (write,) = passage.receive(BodyArrived(b""))
    assert isinstance(write, Write)
    assert (write.body["verdict"], write.body["reason"]) == ("deny", "policy-default")
    assert write.body["facts"]["request.dialect"] == "openai_realtime"
