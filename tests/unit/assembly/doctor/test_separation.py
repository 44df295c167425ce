"""`zoneproxy.assembly.doctor.separation`: only a recorded refusal, or silence, counts as closed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.support.ports import free_port
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.separation import (
    Try,
    handshake,
    judge_answer,
    knock,
    request,
    tries_at,
)
from zoneproxy.passage.handshake import read_handshake

REFUSED = b"HTTP/1.1 403 Forbidden\r\nzone-trace: zone.test/log#7\r\n\r\n{}"
CASES = {
    "refused and recorded": (REFUSED, False, State.OK),
    "closed without a word": (b"", False, State.OK),
    "closed where silence is due": (b"", True, State.OK),
    "not reached": (None, False, State.UNCHECKED),
    "refused without a record": (b"HTTP/1.1 403 Forbidden\r\n\r\n", False, State.FAULT),
    "a record in the body only": (b"HTTP/1.1 403 No\r\n\r\nzone-trace: x", False, State.FAULT),
    "answered": (REFUSED.replace(b"403", b"200"), False, State.FAULT),
    "redirected": (REFUSED.replace(b"403", b"302"), False, State.FAULT),
    "another protocol": (b"\x05\x00", False, State.FAULT),
    "HTTP where TLS is due": (REFUSED, True, State.FAULT),
}


@pytest.mark.parametrize(("answer", "silent", "state"), CASES.values(), ids=CASES.keys())
def test_a_path_is_closed_only_by_a_recorded_refusal_or_silence(
    answer: bytes | None,
    silent: bool,  # noqa: FBT001 - a column of the table
    state: State,
) -> None:
    """Z22: anything else is a fault, and says what to do at once."""
    found = judge_answer("cable", Try("a try", b"", silent=silent), answer)
    assert found.state is state
    if state is State.FAULT:
        assert "zoneproxy stop zone" in found.remedy


def refused_by(code: str) -> bytes:
    return REFUSED.replace(b"{}", b'{"error": {"code": "%s"}}' % code.encode())


@pytest.mark.parametrize(
    ("answer", "wide", "state"),
    [
        (refused_by("lane-upgrade"), True, State.OK),
        (refused_by("lane-upgrade"), False, State.OK),
        (refused_by("origin-tenant-unknown"), True, State.FAULT),
        (refused_by("origin-tenant-unknown"), False, State.ADVICE),
        (REFUSED, True, State.FAULT),
        (REFUSED.replace(b"{}", b"[]"), True, State.FAULT),
        (REFUSED.replace(b"{}", b'{"error": {"code": 7}}'), True, State.FAULT),
    ],
)
def test_a_path_that_is_shut_by_something_else_is_not_shut(
    answer: bytes,
    wide: bool,  # noqa: FBT001 - a column of the table
    state: State,
) -> None:
    """Z22: a handshake that is refused for its caller only shows that sessions are open."""
    found = judge_answer("cable", Try("a session", b"", code="lane-upgrade", wide=wide), answer)
    assert found.state is state
    if state is not State.OK:
        assert "reload" in found.remedy


def config(**changes: object) -> SimpleNamespace:
    return SimpleNamespace(**{"outward": [], "networks": [], "realtime": None, **changes})


@pytest.mark.parametrize(
    ("realtime", "what", "code"),
    [
        (None, "a session (/v1/realtime) where none is open", "lane-upgrade"),
        (object(), "a session (/v1/realtime) without a credential", "origin-tenant-unknown"),
    ],
    ids=["shut", "open"],
)
def test_sessions_are_tried_as_zone_yaml_has_them(realtime: object, what: str, code: str) -> None:
    """Z22: the same handshake, and by its refusal one sees whether sessions are open."""
    tried = {one.what: one for one in tries_at(route(), config(realtime=realtime))}  # type: ignore[arg-type]
    assert (tried[what].code, tried[what].wide) == (code, realtime is None)
    assert read_handshake(head_fields(tried[what].data)).key
    assert tried["an upgrade at another path"].code == "lane-upgrade"


def head_fields(data: bytes) -> tuple[tuple[str, str], ...]:
    lines = data.decode().split("\r\n")[1:-2]
    return tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))


def test_a_handshake_has_no_credential_and_no_body() -> None:
    """What is tried holds nothing of anybody."""
    assert b"authorization" not in handshake("/v1/realtime")
    assert handshake("/v1/realtime", "h2c").endswith(b"\r\n\r\n")


def route(**changes: object) -> SimpleNamespace:
    return SimpleNamespace(**{"id": "r", "side": "overseas", "tls": None, "fronts": [], **changes})


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, ("CONNECT", "SOCKS", "credential", "forged", "absolute form", "upgrade", "two lengths")),
        ({"side": "domestic"}, ("CONNECT", "SOCKS", "domestic caller")),
        ({"side": "zone"}, ("CONNECT", "SOCKS", "domestic side", "no exchange", "nobody registered")),
        ({"tls": object()}, ("plain HTTP where TLS is due",)),
        ({"fronts": ["192.0.2.0/24"]}, ("a caller that is no front",)),
    ],
)
def test_each_kind_of_door_has_its_forbidden_paths(
    changes: dict[str, object], least: tuple[str, ...]
) -> None:
    """What a door must refuse depends on whose it is."""
    told = [one.what for one in tries_at(route(**changes), config())]  # type: ignore[arg-type]
    for word in least:
        assert any(word in what for what in told), (word, told)


def test_a_request_is_one_request() -> None:
    """Its length is its body's, and it ends its connection."""
    head, _, body = request("POST", "/x", zone_origin="overseas").partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert b"zone-origin: overseas" in head
    assert b"connection: close" in head


def test_a_door_that_is_not_there_is_not_closed() -> None:
    """Nobody there proves nothing."""
    assert knock("127.0.0.1", free_port(), b"x") is None
