"""Sessions over WebSocket through the real core: what passes is recorded first, nothing else passes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.boundary_lab import Lab, lab
from tests.support.realtime_lab import PEER, caller, ended, realtime_lab
from tests.support.realtime_server import RealtimeServer, realtime_server, words
from tests.support.realtime_talk import ends, hear, say, settled
from tests.support.realtime_world import PATH, item, open_policies
from tests.support.zone_world import CREDENTIAL
from zoneproxy.assembly import Boundary as Core
from zoneproxy.content.json_seq import encode
from zoneproxy.meter.turnstile import Allowance, Turnstile
from zoneproxy.passage.rules import SessionLimits

pytestmark = pytest.mark.live

RESIDENT_ID = "110101199003074610"


QUIET_S = 0.3


async def test_the_official_sdk_holds_a_conversation() -> None:
    """Z4-Z6, Z13, Z18: a session of OpenAI's SDK; each message an exchange, with tokens and digests."""
    async with realtime_server() as server, realtime_lab(server.port) as running:
        client = AsyncOpenAI(api_key=CREDENTIAL, base_url=f"http://127.0.10.1:{running.port}/v1")
        options: Any = {"local_addr": PEER}
        async with (
            asyncio.timeout(30),
            client.realtime.connect(model="zone-llm-01", websocket_connection_options=options) as session,
        ):
            await session.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            await session.conversation.item.create(item=item("Say hello"))  # type: ignore[arg-type]
            await session.response.create()
            text, kinds = "", []
            async for event in session:
                kinds.append(event.type)
                if event.type == "response.output_text.delta":
                    text += event.delta
                if event.type == "response.done":
                    break
            assert ends(running)[-1] == ("return", "allow", "complete")
        assert text == "Hello from the zone "
        assert kinds[:3] == ["session.created", "session.updated", "conversation.item.added"]
        await settled(running)
        turn = [("decision", "allow", ""), ("return", "allow", "complete")]
        assert ends(running) == [turn[0], *turn * 3, turn[1]]
        entries = running.journal.entries
        own = entries[0][1]["flow"]
        assert [body["parent"] for kind, body, _ in entries if kind == "decision"] == [None, own, own, own]
        assert entries[-1][1]["flow"] == own
        tokens = [body["tok"] for kind, body, _ in entries if kind == "return"]
        assert tokens[:2] == [None, None]
        assert tokens[2] == {
            "prompt": 12,
            "completion": 20,
            "cached": 2,
            "reasoning": 0,
            "source": "upstream",
        }
        digests = [private["request_sha256"] for kind, _, private in entries if kind == "decision"][1:3]
        assert digests == [hashlib.sha256(raw.encode()).hexdigest() for raw in server.raw[:2]]
    assert server.paths == [f"{PATH}?model=zone-llm-01"]
    assert "authorization" not in server.headers[0]
    assert "sec-websocket-extensions" not in server.headers[0]
    assert server.headers[0]["zone-flow"] == own
    heard = [event["type"] for event in server.heard]
    assert heard == ["session.update", "conversation.item.create", "response.create"]


async def test_what_came_back_can_be_checked_against_the_record() -> None:
    """Z13, Z15: the digest of an answer is that of its messages, as a sequence of JSON texts (RFC 7464)."""
    async with realtime_server() as server, realtime_lab(server.port) as running:
        async with caller(running) as session:
            await session.recv()
            await say(session, "response.create", event_id="e1")
            texts: list[str] = []
            while not texts or json.loads(texts[-1])["type"] != "response.done":
                texts.append(str(await asyncio.wait_for(session.recv(), 20)))
        await settled(running)
        private = next(private for kind, _, private in running.journal.entries if kind == "return")
    assert private["response_sha256"] == hashlib.sha256(b"".join(map(encode, texts))).hexdigest()


def opened_by_zone(core: Core) -> None:
    core.rules = replace(core.rules, sessions=SessionLimits())


def opened_by_rules(core: Core) -> None:
    core.rules = replace(core.rules, policies=open_policies())


@pytest.mark.parametrize(
    ("alter", "reason"),
    [(None, "lane-upgrade"), (opened_by_rules, "lane-upgrade"), (opened_by_zone, "policy-default")],
    ids=["nobody", "the rules alone", "zone.yaml alone"],
)
async def test_a_session_is_opened_by_both_or_not_at_all(alter: Any, reason: str) -> None:
    """Z22: zone.yaml and the rules must both open sessions; else it is refused before anything is dialled."""
    async with realtime_server() as server, lab(server.port, alter=alter) as running:
        with pytest.raises(InvalidStatus) as refused:
            async with caller(running):
                pass
        answer = refused.value.response
        told = json.loads(answer.body)
        assert (answer.status_code, told["error"]["code"]) == (403, reason)
        assert told["error"]["trace"] == "zone.test/log#0"
        assert ends(running) == [("decision", "deny", reason)]
    assert server.paths == []


MIXED, UNREADABLE = ("policy-domestic-data-mixed", 1008), ("content-unreadable", 1007)


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, int]]] = {
    "an identifier": ({"type": "conversation.item.create", "item": item(f"id {RESIDENT_ID}")}, MIXED),
    "instructions": ({"type": "session.update", "session": {"instructions": RESIDENT_ID}}, MIXED),
    "sound": ({"type": "input_audio_buffer.append", "audio": "AAEAgP//" * 40}, MIXED),
    "turns by itself": (
        {"type": "session.update", "session": {"audio": {"input": {"turn_detection": {"type": "x"}}}}},
        ("content-unasked", 1008),
    ),
    "another model": ({"type": "session.update", "session": {"model": "zone-llm-02"}}, UNREADABLE),
    "a model that listens": (
        {"type": "session.update", "session": {"audio": {"input": {"transcription": {"model": "w"}}}}},
        UNREADABLE,
    ),
    "an unknown type": ({"type": "response.invent"}, ("content-unknown-type", 1003)),
    "no type": ({"no": "type"}, UNREADABLE),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_message_goes_nowhere_and_ends_the_session(name: str) -> None:
    """Z11, Z13, Z18: dropped, recorded, told in Realtime's own dialect, both sides closed."""
    event, (reason, code) = REFUSED[name]
    async with realtime_server() as server, realtime_lab(server.port) as running:
        async with caller(running) as session:
            await hear(session, "session.created")
            await session.send(json.dumps(event))
            told = (await hear(session, "error"))[-1]["error"]
            assert (told["code"], told["param"]) == (reason, None)
            assert RESIDENT_ID not in json.dumps(told)
            with pytest.raises(ConnectionClosed):
                await session.recv()
            assert await ended(session) == (code, reason)
        await settled(running)
        assert ends(running) == [
            ("decision", "allow", ""),
            ("decision", "deny", reason),
            ("return", "allow", "complete"),
        ]
    assert server.heard == []
    assert server.closed == [1001]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["The number ", "is 1101", "01199003", "074610", " as you know"], "The number "),
        (["clean ", f"and {RESIDENT_ID} in one piece "], "clean "),
    ],
    ids=["across messages", "in one"],
)
async def test_what_may_not_leave_is_held_back_across_messages(pieces: list[str], shown: str) -> None:
    """Z11: an identifier that lies across deltas is found before its first digit has left."""
    async with (
        realtime_server(says=lambda _: pieces) as server,
        realtime_lab(server.port) as running,
        caller(running) as session,
    ):
        await hear(session, "session.created")
        await say(session, "response.create")
        heard = await hear(session, "error")
        text = "".join(event.get("delta", "") for event in heard)
        assert text.startswith(shown)
        assert not any(digit in text for digit in "0123456789")
        assert heard[-1]["error"]["code"].startswith(("policy-", "return-"))
        assert (await ended(session))[0] == 1008
        await settled(running)
        assert ends(running)[-2:] == [("return", "deny", "cut"), ("return", "allow", "complete")]
    assert server.closed == [1001]


async def test_an_answer_that_nobody_asked_for_is_withheld() -> None:
    """Z18: what begins by itself was asked of no quota."""
    created = {"type": "response.created", "response": {"id": "resp_own"}}

    async def hears(server: RealtimeServer, running: Lab) -> None:
        async with caller(running) as session:
            heard = await hear(session, "error")
            assert [event["type"] for event in heard] == ["session.created", "error"]
            assert await ended(session) == (1011, "return-unreadable")
        await settled(running)
        assert ends(running) == [("decision", "allow", ""), ("return", "deny", "cut")]
        assert server.heard == []

    async with (
        realtime_server(greets=[{"type": "session.created", "session": {}}, created]) as server,
        realtime_lab(server.port) as running,
    ):
        await hears(server, running)


async def test_too_many_messages_end_a_session() -> None:
    """Z22: a session has as many messages as the zone says; the one too many is refused like any other."""
    async with (
        realtime_server() as server,
        realtime_lab(server.port, sessions={"max_messages": 2}) as running,
        caller(running) as session,
    ):
        for _ in range(3):
            await say(session, "input_audio_buffer.clear")
        assert (await hear(session, "error"))[-1]["error"]["code"] == "limit-session"
        assert await ended(session) == (1008, "limit-session")
    assert len(server.heard) == 2


async def test_what_asks_for_an_answer_is_asked_of_the_turnstile_first() -> None:
    """Z18: a tenant's rate holds for answers of one session too, before the model begins."""

    def slow(core: Core) -> None:
        core.turnstile = Turnstile(Allowance(), Allowance(requests_per_minute=1, request_burst=2), {})

    async with (
        realtime_server() as server,
        realtime_lab(server.port, alter=slow) as running,
        caller(running) as session,
    ):
        await say(session, "response.create")  # the handshake was the first
        await hear(session, "response.done")
        await say(session, "response.create")
        assert (await hear(session, "error"))[-1]["error"]["code"] == "limit-tenant-requests"
        assert await ended(session) == (1008, "limit-tenant-requests")
        await settled(running)
        assert running.core.turnstile.under_way() == 0
    assert len(server.heard) == 1


async def test_what_comes_while_an_answer_is_under_way_waits_in_its_order() -> None:
    """Z18: a second `response.create` goes in behind the first one's end; a cancel before it goes at once."""
    gate = asyncio.Semaphore(1)
    async with (
        realtime_server(says=lambda _: words("one two"), step=gate.acquire) as server,
        realtime_lab(server.port) as running,
        caller(running) as session,
    ):
        await say(session, "response.create", event_id="first")
        await hear(session, "response.output_text.delta")
        await say(session, "input_audio_buffer.clear")
        await say(session, "response.create", event_id="second")
        await say(session, "conversation.item.create", item=item("later"))
        async with asyncio.timeout(20):
            while len(server.heard) < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(QUIET_S)
        assert [event["type"] for event in server.heard] == ["response.create", "input_audio_buffer.clear"]
        for _ in range(4):
            gate.release()
        await hear(session, "response.done")
        await hear(session, "response.done")
    assert [event.get("event_id") for event in server.heard if event["type"] == "response.create"] == [
        "first",
        "second",
    ]


async def test_a_server_that_refuses_to_answer_ends_that_exchange_and_no_more() -> None:
    """Z6: an error about what asked is the end of that answer; the session goes on."""

    def refuse(event: dict[str, Any]) -> list[dict[str, Any]]:
        if event["type"] != "input_audio_buffer.commit":
            return []
        return [
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "empty", "event_id": None},
            }
        ]

    class Refusing(RealtimeServer):
        async def _answer(self, connection: Any, said: list[Any]) -> None:
            if len(said) > 1:
                await super()._answer(connection, said)
                return
            error = {"type": "invalid_request_error", "message": "no", "event_id": said[-1]["event_id"]}
            await self._tell(connection, {"type": "error", "error": error})

    server = Refusing(extra=refuse)
    async with serve(server.session, "127.0.0.1", 0) as listening:
        server.port = next(iter(listening.sockets)).getsockname()[1]
        async with realtime_lab(server.port) as running, caller(running) as session:
            await say(session, "response.create")
            assert (await hear(session, "error"))[-1]["error"]["message"] == "no"
            assert ends(running)[-1] == ("return", "allow", "complete")
            await say(session, "input_audio_buffer.commit")
            assert (await hear(session, "error"))[-1]["error"]["message"] == "empty"
            await say(session, "response.create")
            await hear(session, "response.done")


@pytest.mark.parametrize("clean", [True, False], ids=["clean", "with an identifier at its end"])
async def test_a_long_message_is_looked_into_whole(*, clean: bool) -> None:
    """Z11, Z18: it is looked into beside the loop, in both directions, and counted like any other."""
    text = "word " * 40_000 + ("the end" if clean else RESIDENT_ID)
    async with (
        realtime_server() as server,
        realtime_lab(server.port, max_body_bytes=400_000, max_answer_bytes=400_000) as running,
        caller(running) as session,
    ):
        await hear(session, "session.created")
        await say(session, "conversation.item.create", item=item(text))
        last = (await hear(session, "conversation.item.added" if clean else "error"))[-1]
        if clean:
            assert last["item"]["content"][0]["text"] == text
        else:
            assert last["error"]["code"] == "policy-domestic-data-mixed"
            assert server.heard == []
