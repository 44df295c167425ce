"""The zone of a test on the wire: made of what the policy says, and sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.zone_world import ROOT
from zoneproxy.assembly import assemble
from zoneproxy.assembly.trial import Trial, make_trial, together
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.wirefile import Wire, WireCase
from zoneproxy.terms.phase import Side


def case(market: str = "SG", **fields: Any) -> WireCase:
    if (origin := fields.pop("origin", None)) is not None:
        fields["from"] = origin
    wire = {"door": "cable-sg-1", "tenant": "toyco-sg", "expect": {"status": 200}, **fields}
    return WireCase("n", 1, Wire.model_validate(wire), market)


def layers() -> list[tuple[Policy, bytes]]:
    names = ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml")
    read = [(name, (ROOT / "policies" / name).read_bytes()) for name in names]
    return [(load(data, name), data) for name, data in read]


JAPAN = {"side": "overseas", "country": "JP"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder: Path = tmp_path_factory.mktemp("trial")
    return make_trial(folder, [case(), case(origin=JAPAN)], layers(), 9)


def test_tenants_with_two_markets_need_two_zones() -> None:
    """In one zone a tenant is registered once."""
    first, second, third = case(), case("MY"), case(tenant=None)
    assert together([first, second, third, first]) == [[first, third, first], [second]]


def test_such_a_zone_is_sound(trial: Trial) -> None:
    """It is assembled as any other, with every declared route and both other sides."""
    zone = assemble(trial.config, assurance="dev")
    doors = {name: listener.door.side for name, listener in zone.boundary.listeners.items()}
    assert doors == {
        "cable-sg-1": Side.OVERSEAS,
        "cable-my-1": Side.OVERSEAS,
        "inland": Side.DOMESTIC,
        "outward": Side.ZONE,
    }
    assert {zone.boundary.listeners[name].host for name in doors} == {
        host for host, _ in trial.doors.values()
    }


@pytest.mark.parametrize(
    ("origin", "peer"),
    [
        (None, "127.77.1.9"),
        ("unregistered", "127.78.0.9"),
        (JAPAN, "127.77.5.9"),
        ({"side": "overseas", "country": "SG"}, "127.77.1.9"),
    ],
)
def test_where_a_caller_calls_from(trial: Trial, origin: Any, peer: str) -> None:
    """Its door's network, or the one that is registered for what the test says."""
    if isinstance(origin, dict) and origin["country"] == "SG":
        assert trial.places["overseas", "SG"] == peer
    else:
        assert trial.peer(case(origin=origin).wire) == peer


def test_what_is_sent(trial: Trial) -> None:
    """Host, length, credential and the end of the connection are added, unless they are given."""
    sent = trial.request(case(request={"json": {"a": "汕"}}).wire)
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    host, port = trial.doors["cable-sg-1"]
    assert lines[0] == "POST /v1/chat/completions HTTP/1.1"
    assert {f"host: {host}:{port}", "connection: close", f"content-length: {len(body)}"} <= set(lines)
    assert f"authorization: Bearer {trial.credentials['toyco-sg']}" in lines
    assert body.decode() == '{"a": "汕"}'
    own = trial.request(case(request={"headers": {"Authorization": "x", "Host": "y"}}).wire)
    assert b"authorization: x\r\n" in own
    assert b"host: y\r\n" in own
    assert b"content-length" not in own


def test_raw_is_sent_as_it_is(trial: Trial) -> None:
    """Not a byte is added."""
    assert trial.request(case(request={"raw": "GET / HTTP/1.1\r\n\r\n"}).wire) == b"GET / HTTP/1.1\r\n\r\n"
