"""The domestic side: refused and recorded, but for one lane that every layer opens by name, one-way (Z7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.lane_policy import PATH, SECRET, lanes, opening
from tests.support.outward_lab import lines_of, made, tagged
from tests.support.zone_world import CREDENTIAL
from zoneproxy.assembly import Boundary as Core
from zoneproxy.policy.bundle import Policy

pytestmark = pytest.mark.live

INLAND = "127.0.20.1"


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with serving() as found:
        yield found


def alter(core: Core, *, policies: tuple[Policy, ...] | None = None) -> None:
    """Declare the lane, and put rules in force that open it; without, the pilot's stay."""
    digest = hashlib.sha256(SECRET.encode()).digest()
    chosen = core.rules.policies if policies is None else policies
    core.rules = replace(core.rules, lanes=lanes(digest), policies=chosen)


def request(method: str = "PUT", path: str = PATH, secret: str = SECRET, body: bytes = b"{}") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: z\r\nauthorization: Bearer {secret}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def read(answer: bytes) -> tuple[int, str]:
    """Return status and reason code; the code is empty where the body is."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), json.loads(body)["error"]["code"] if body else ""


async def told(running: Lab, data: bytes, peer: str = "127.0.20.5") -> tuple[int, str]:
    return read(await running.raw(data, host=INLAND, peer=peer, timeout_s=20))


async def test_a_domestic_caller_is_refused_and_recorded(server: EchoServer) -> None:
    """Z7: whatever he brings, a customer's credential included; nothing reaches a server."""
    async with lab(server.port, alter=alter) as running:
        asked = (
            request("POST", "/v1/chat/completions", CREDENTIAL),
            request("GET", "/v1/models", CREDENTIAL, b""),
            request("PUT", PATH, CREDENTIAL),
            request("PUT", PATH + "/1"),
        )
        for count, data in enumerate(asked, 1):
            status, code = await told(running, data.replace(b"content-length: 0\r\n", b""))
            assert (status, code) == (403, "origin-domestic")
            assert running.journal.verdicts() == [("decision", "deny", "origin-domestic")] * count
        assert server.seen == []


async def test_a_lane_that_is_declared_is_closed_until_the_rules_open_it(server: EchoServer) -> None:
    """Z7: the pilot says nothing of maintenance; a rule that allows it without its name opens nothing."""
    for policies in (None, opening("", ""), opening("patches", "")):
        async with lab(server.port, alter=partial(alter, policies=policies)) as running:
            status, code = await told(running, request())
            assert status == 403
            assert code != ""
            assert [one[:2] for one in running.journal.verdicts()] == [("decision", "deny")]
    assert server.seen == []


async def test_an_open_lane_takes_in_and_gives_nothing_out(server: EchoServer) -> None:
    """Z7, Z13: decision, server, end, answer; the server's words are in no byte that leaves."""
    async with lab(server.port, alter=partial(alter, policies=opening())) as running:
        data = request(path=PATH).replace(b"PUT " + PATH.encode(), b"PUT " + PATH.encode())
        answer = await running.raw(data, host=INLAND, peer="127.0.20.5", timeout_s=20)
        # The scripted server knows no such path, and says so: its caller learns that it was not taken.
        assert read(answer) == (502, "upstream-failed")
        assert b"not_found" not in answer
        assert b"no such" not in answer
        assert [one.method for one in server.seen] == ["PUT"]
        assert "authorization" not in server.seen[0].headers
        assert running.journal.verdicts() == [
            ("decision", "allow", ""),
            ("return", "deny", "upstream-failed"),
        ]


async def test_what_the_server_took_is_told_in_one_word(
    server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z7: an empty answer of our own, whatever the server says and however it says it."""

    async def taken(_: EchoServer, writer: object, *__: object) -> bool:
        writer.write(  # type: ignore[attr-defined]
            b"HTTP/1.1 201 Created\r\ncontent-type: text/event-stream\r\nset-cookie: a=b\r\n"
            b"x-secret: of-the-zone\r\ncontent-length: 21\r\n\r\ndata: the zone's own\n\n"[:-1]
            + b"\n"
        )
        return False

    monkeypatch.setattr(EchoServer, "_answer", taken)
    async with lab(server.port, alter=partial(alter, policies=opening())) as running:
        answer = await running.raw(request(), host=INLAND, peer="127.0.20.5", timeout_s=20)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body == b""
        names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
        assert names <= {b"zone-flow", b"zone-trace", b"content-length", b"connection"}
        assert running.journal.verdicts() == [("decision", "allow", ""), ("return", "allow", "")]
        assert running.journal.entries[-1][1]["bytes"]["delivered"] == 0


async def test_a_lane_has_its_callers(server: EchoServer) -> None:
    """Z7: another credential or another address is a domestic caller like any other."""
    async with lab(server.port, alter=partial(alter, policies=opening())) as running:
        assert await told(running, request(secret="other")) == (403, "origin-domestic")
        assert await told(running, request(), peer="127.0.20.55") == (403, "origin-domestic")
        assert await told(running, request(body=b"number 11010519491231002X")) == (403, "lane-mixed")
        assert await told(running, request(body=b"a" * 2000)) == (413, "content-too-large")
        assert server.seen == []


async def test_a_lane_is_no_way_out_of_the_zone(server: EchoServer) -> None:
    """Z5, Z7: an exchange of maintenance is nobody's to work for."""
    async with lab(server.port, alter=partial(alter, policies=opening())) as running:
        await told(running, request())
        flow = running.journal.entries[0][1]["flow"]
        tagged(running.core)
        call = f"GET http://tools.example/ HTTP/1.1\r\nhost: tools.example\r\n{lines_of(made(flow))}\r\n"
        answer = await running.raw(call.encode(), host="127.0.30.1", peer="127.0.30.9", timeout_s=2)
        assert read(answer) == (403, "lane-flow-unknown")
