"""Z21: what the operator stops is cut while it is under way, loudly, recorded; what comes next is refused."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from demo.echo_server import EchoServer
from tests.live.test_streaming import Client, chat
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.zone_world import CREDENTIAL
from zoneproxy.meter.turnstile import Allowance, Turnstile
from zoneproxy.origin.tenants import digest_of
from zoneproxy.route.stops import EVERYTHING, NOTHING, Scope, Stops

pytestmark = pytest.mark.live

WORDS = " ".join(f"word{letter}" for letter in "abcdefghij")
OURS = {
    "zone": (Scope.ZONE, "", "control-zone-stopped"),
    "route": (Scope.ROUTE, "cable-sg-1", "control-route-stopped"),
    "tenant": (Scope.TENANT, "toyco-sg", "control-tenant-stopped"),
    "suspended": (Scope.SUSPENDED, "toyco-sg", "control-tenant-suspended"),
    "credential": (Scope.CREDENTIAL, digest_of(CREDENTIAL).hex()[:16], "control-credential-stopped"),
    "model": (Scope.MODEL, "stepped", "control-model-stopped"),
}


def stopped(scope: Scope, target: str) -> Stops:
    return Stops.of([(scope, target)])


async def put(running: Lab, stops: Stops) -> int:
    """Stop as the order book does: the rules first, then what is under way."""
    running.core.rules = replace(running.core.rules, stops=stops)
    assert running.core.on_stops is not None
    return await running.core.on_stops(stops)


async def begun(running: Lab, upstream: EchoServer, model: str = "stepped") -> tuple[Client, bytes]:
    """Begin a stream of which something was delivered and whose server is silent now."""
    client = await Client.ask(running, chat(model, WORDS))
    upstream.step()
    await client.head()
    return client, await anext(client.chunks())


@pytest.mark.parametrize(("scope", "target", "code"), OURS.values(), ids=OURS.keys())
async def test_a_stream_is_cut_loudly_although_its_server_is_silent(
    scope: Scope, target: str, code: str, echo_server: EchoServer
) -> None:
    """Z21: an error event, no end of the message, its own end in the log; and the next request is refused."""
    async with lab(echo_server.port, model="stepped") as running:
        client, first = await begun(running, echo_server)
        assert b"worda" in first
        assert await put(running, stopped(scope, target)) == 1
        rest = await asyncio.wait_for(client.reader.read(), 5)
        client.writer.close()
        assert code.encode() in rest
        assert b"wordb" not in rest
        assert not rest.endswith(b"0\r\n\r\n")
        kind, body, _ = running.journal.entries[-1]
        assert (kind, body["end"], body["reason"], body["by"]) == ("return", "halted", code, "law")
        assert not running.boundary.crossings
        answer = await running.raw(chat("stepped", WORDS))
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == code
        assert running.journal.verdicts()[-1] == ("decision", "deny", code)
        assert len(echo_server.seen) == 1
        assert await put(running, NOTHING) == 0
        echo_server.step(40)
        assert b"[DONE]" in await running.raw(chat("stepped", WORDS))


async def test_orders_that_cannot_be_read_cut_everything(echo_server: EchoServer) -> None:
    """Z22: nobody knows what they say, so nothing goes on."""
    async with lab(echo_server.port, model="stepped") as running:
        client, _ = await begun(running, echo_server)
        assert await put(running, EVERYTHING) == 1
        assert b"control-unreadable" in await asyncio.wait_for(client.reader.read(), 5)
        client.writer.close()
        assert b"HTTP/1.1 503" in await running.raw(chat("stepped", WORDS))


async def test_what_is_not_stopped_goes_on(echo_server: EchoServer) -> None:
    """A stop of somebody else's cuts nobody."""
    async with lab(echo_server.port, model="stepped") as running:
        client, _ = await begun(running, echo_server)
        assert await put(running, stopped(Scope.TENANT, "toyco-my")) == 0
        echo_server.step(40)
        assert b"[DONE]" in await asyncio.wait_for(client.reader.read(), 5)
        client.writer.close()
        assert running.journal.verdicts()[-1] == ("return", "allow", "")


async def test_many_streams_are_cut_at_once(echo_server: EchoServer) -> None:
    """Z21: thirty streams, one stop: each gets its own end, and none waits for another's record."""
    journal = MemoryJournal(delay_s=0.02)
    async with lab(echo_server.port, model="stepped", journal=journal) as running:
        clients = [await Client.ask(running, chat("stepped", WORDS)) for _ in range(30)]
        async with asyncio.timeout(10):
            while len(echo_server.seen) < 30:
                await asyncio.sleep(0.005)
        echo_server.step(30)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert await put(running, stopped(Scope.ZONE, "")) == 30
        took_s = loop.time() - began_s
        answers = await asyncio.gather(*(asyncio.wait_for(one.reader.read(), 5) for one in clients))
        for one in clients:
            one.writer.close()
        assert all(b"control-zone-stopped" in answer for answer in answers)
        ends = [body["end"] for kind, body, _ in journal.entries if kind == "return"]
        assert ends == ["halted"] * 30
        assert took_s < 0.25  # of which 30 records of 20 ms one after the other would be 0.6


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.03, 0.05, 0.08])
async def test_a_stop_at_any_moment_of_an_exchange_lets_nothing_pass_afterwards(
    delay_s: float, echo_server: EchoServer
) -> None:
    """Z13, Z21: before the answer, while records are written, whenever: never a word after the stop holds."""
    journal = MemoryJournal(delay_s=0.03)
    async with lab(echo_server.port, journal=journal) as running:
        asking = asyncio.ensure_future(running.raw(chat("zone-llm-02", WORDS)))
        await asyncio.sleep(delay_s)
        await put(running, stopped(Scope.TENANT, "toyco-sg"))
        answer = await asking
    kinds = [(kind, body["verdict"]) for kind, body, _ in journal.entries]
    if b"[DONE]" in answer:
        assert kinds[-1] == ("return", "allow")
    else:
        assert b"control-tenant-stopped" in answer or not answer
        assert kinds[-1][1] == "deny"


async def test_an_exchange_that_takes_too_long_is_ended(echo_server: EchoServer) -> None:
    """A server that drips for ever holds its caller's place no longer than an exchange may take."""
    async with lab(echo_server.port, model="stepped", exchange_timeout_s=0.2) as running:
        client, _ = await begun(running, echo_server)
        rest = await asyncio.wait_for(client.reader.read(), 5)
        client.writer.close()
        assert b"upstream-truncated" in rest
        assert running.journal.entries[-1][1]["end"] == "upstream_failed"


# ---- limits ---------------------------------------------------------------------------------------


async def test_a_limit_says_when_to_come_back(echo_server: EchoServer) -> None:
    """A tenant beyond its rate gets 429 with `retry-after`, recorded; nothing reaches the model."""
    async with lab(echo_server.port) as running:
        running.core.turnstile = Turnstile(Allowance(), Allowance(requests_per_minute=6, request_burst=1), {})
        assert b"[DONE]" in await running.raw(chat("zone-llm-02", WORDS))
        answer = await running.raw(chat("zone-llm-02", WORDS))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 10" in head
        assert b"x-should-retry: true" in head
        assert json.loads(body)["error"]["type"] == "rate_limit_error"
        assert running.journal.verdicts()[-1] == ("decision", "deny", "limit-tenant-requests")
        assert running.journal.entries[-1][1]["facts"]["control.limit"] == "tenant_requests"
        assert len(echo_server.seen) == 1


async def test_places_are_given_back_whatever_ends_an_exchange(echo_server: EchoServer) -> None:
    """Concurrency: the second one is refused while the first is under way, and let in when it was cut."""
    async with lab(echo_server.port, model="stepped") as running:
        running.core.turnstile = Turnstile(Allowance(concurrent=1), Allowance(), {})
        client, _ = await begun(running, echo_server)
        assert b"HTTP/1.1 503" in await running.raw(chat("stepped", WORDS))
        client.writer.close()
        async with asyncio.timeout(5):
            while running.core.turnstile.under_way():
                await asyncio.sleep(0.005)
        echo_server.step(40)
        assert b"[DONE]" in await running.raw(chat("stepped", WORDS))
        assert running.core.turnstile.under_way() == 0


async def test_bytes_are_bounded(echo_server: EchoServer) -> None:
    """A body beyond the byte rate is refused before it is looked at."""
    async with lab(echo_server.port) as running:
        running.core.turnstile = Turnstile(Allowance(), Allowance(bytes_per_second=10, byte_burst=10), {})
        answer = await running.raw(chat("zone-llm-02", WORDS))
        assert b"limit-tenant-bytes" in answer
        assert echo_server.seen == []
        assert running.core.turnstile.under_way() == 0


async def test_connections_are_bounded_for_each_peer(echo_server: EchoServer) -> None:
    """Of three connections from one address two are served, another address still is; the log tells it."""
    async with lab(echo_server.port, max_connections_per_peer=2) as running:
        held = [
            await asyncio.open_connection("127.0.10.1", running.port, local_addr=("127.0.10.9", 0))
            for _ in range(2)
        ]
        async with asyncio.timeout(5):
            while running.boundary.occupancy().total < 2:
                await asyncio.sleep(0.005)
        assert await running.raw(chat("zone-llm-02", WORDS)) == b""
        assert b"[DONE]" in await running.raw(chat("zone-llm-02", WORDS), peer="127.0.10.8")
        for _, writer in held:
            writer.close()
        async with asyncio.timeout(5):
            while not any(kind == "alarm" for kind, _, _ in running.journal.entries):
                await asyncio.sleep(0.01)
    told = [body for kind, body, _ in running.journal.entries if kind == "alarm"]
    (one,) = told
    assert (one["code"], one["count"]) == ("connections-refused", 1)
    assert (one["turned"]["door"], one["turned"]["reasons"]) == ("cable-sg-1", {"no-room": 1})
    assert running.boundary.occupancy().total == 0


async def flood(client: Client) -> None:
    while True:
        client.writer.write(b"x" * 65_536)
        await client.writer.drain()


async def test_what_comes_ahead_of_its_turn_is_bounded(echo_server: EchoServer) -> None:
    """While an answer is under way a caller can't make the boundary keep what it sends without end."""
    async with lab(echo_server.port, model="stepped", max_header_bytes=16_384) as running:
        client, _ = await begun(running, echo_server)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(flood(client), 5)
        client.writer.close()
        async with asyncio.timeout(5):
            while running.boundary.crossings:
                await asyncio.sleep(0.005)
        assert running.journal.entries[-1][1]["end"] == "client_gone"
