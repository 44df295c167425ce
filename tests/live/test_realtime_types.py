"""Sessions in the real core: each type of event of OpenAI's SDK, masks and canaries (Z4, Z7, Z11, Z13)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.boundary_lab import Lab
from tests.support.realtime_lab import caller, ended, realtime_lab
from tests.support.realtime_server import realtime_server
from tests.support.realtime_talk import ends, hear, say, settled
from tests.support.realtime_types import CLIENT, OTHER_CLIENT, OTHER_SERVER, SERVER
from tests.support.realtime_world import item, open_altered, open_masking
from zoneproxy.assembly import Boundary as Core
from zoneproxy.content.canary import CUE

pytestmark = pytest.mark.live

RESIDENT_ID = "110101199003074610"
TOKEN = "[masked:cn_resident_id]"
MIXED = ("policy-domestic-data-mixed", 1008)
UNKNOWN = ("content-unknown-type", 1003)
WITHHELD = ("return-unreadable", 1011)


def outcome(kind: str) -> tuple[str, int] | None:
    """Say how a session ends by a caller's event of this type, or that it goes on."""
    if kind not in CLIENT:
        return UNKNOWN
    return MIXED if kind == "input_audio_buffer.append" else None


async def refused(session: Any) -> tuple[str, int | None, str]:
    """Hear to the end; return the error's code, the close's, and its reason."""
    told = (await hear(session, "error"))[-1]["error"]
    with pytest.raises(ConnectionClosed):
        await session.recv()
    return told["code"], *(await ended(session))


async def test_every_type_that_a_caller_may_know_has_its_answer() -> None:
    """Z4, Z11, Z13: passed on between two records, or refused by name with one; the zone serves on."""
    kinds = [*CLIENT, *OTHER_CLIENT]
    async with realtime_server() as server, realtime_lab(server.port) as running:
        for kind in kinds:
            before, heard = len(running.journal.entries), len(server.heard)
            event = {**CLIENT.get(kind, {}), **OTHER_CLIENT.get(kind, {}), "event_id": "own-7"}
            async with caller(running) as session:
                await hear(session, "session.created")
                await session.send(json.dumps(event))
                if (expected := outcome(kind)) is not None:
                    code, close = expected
                    assert await refused(session) == (code, close, code), kind
                else:
                    await say(session, "session.update", session={"type": "realtime"})
                    await hear(session, "session.updated")
            await settled(running)
            told = [one[1:] for one in ends(running)[before + 1 :]]
            if outcome(kind) is not None:
                assert told == [("deny", outcome(kind)[0]), ("allow", "complete")], kind  # type: ignore[index]
                assert len(server.heard) == heard, kind
            else:
                assert told.count(("allow", "")) == 2, (kind, told)
                assert server.heard[heard]["type"] == kind
    assert len(kinds) >= 14


async def test_every_type_that_a_server_may_know_has_its_answer() -> None:
    """Z11, Z13, Z18: passed on, or withheld with a record and loudly; never by halves, never in silence."""
    outside = {kind: event for kind, event in SERVER.items() if not kind.startswith("response.")}
    unknown = {kind: event for kind, event in (SERVER | OTHER_SERVER).items() if kind not in outside}
    next_up: list[dict[str, Any]] = []
    async with (
        realtime_server(extra=lambda _: next_up) as server,
        realtime_lab(server.port) as running,
    ):
        for kind, event in (outside | unknown).items():
            before = len(running.journal.entries)
            next_up[:] = [event]
            async with caller(running) as session:
                await hear(session, "session.created")
                await say(session, "input_audio_buffer.clear")
                if kind in outside:
                    told = (await hear(session, kind))[-1]
                    assert {name: told[name] for name in event} == event, kind
                else:
                    code, close = WITHHELD
                    assert await refused(session) == (code, close, code), kind
            await settled(running)
            last = ends(running)[before:][-1]
            good, bad = ("return", "allow", "complete"), ("return", "deny", "cut")
            assert last == (good if kind in outside else bad), kind
    assert len(outside | unknown) >= 57


def masking(core: Core) -> None:
    core.rules = replace(core.rules, policies=open_masking())


async def test_what_is_found_goes_masked_both_ways() -> None:
    """Z11, Z13: over the wire, letter by letter, and the session goes on."""
    pieces = [*f"he is {RESIDENT_ID} I say"]
    async with (
        realtime_server(says=lambda _: pieces) as server,
        realtime_lab(server.port, alter=masking) as running,
        caller(running) as session,
    ):
        await say(session, "conversation.item.create", item=item(f"who is {RESIDENT_ID}?"))
        await say(session, "response.create")
        heard = await hear(session, "response.done")
        assert "".join(event.get("delta", "") for event in heard) == f"he is {TOKEN} I say"
        assert RESIDENT_ID not in json.dumps(heard)
        assert heard[-1]["response"]["output"][0]["content"][0]["text"] == f"he is {TOKEN} I say"
        await say(session, "input_audio_buffer.clear")
        assert masked_of(running, "return") == [{"cn_resident_id": 3}]
        assert masked_of(running, "decision") == [{"cn_resident_id": 1}]
    assert RESIDENT_ID not in json.dumps(server.heard)
    assert TOKEN in json.dumps(server.heard)


def masked_of(running: Lab, kind: str) -> list[Any]:
    return [body["masked"] for one, body, _ in running.journal.entries if one == kind and "masked" in body]


async def test_each_answer_bears_a_canary_where_that_is_ordered() -> None:
    """Z7: the pieces, the whole and the last event say the same, and the record says that it is there."""

    def planting(core: Core) -> None:
        policies = open_altered(("{retain: P3Y}", "{retain: P3Y, canary: tenant_day}"))
        scan = replace(core.rules.scan, canary_key=bytes(32))
        core.rules = replace(core.rules, policies=policies, scan=scan)

    async with (
        realtime_server() as server,
        realtime_lab(server.port, alter=planting) as running,
        caller(running) as session,
    ):
        await say(session, "response.create")
        heard = await hear(session, "response.done")
        text = "".join(event.get("delta", "") for event in heard)
        assert text.count(CUE) == 1
        assert text.startswith(f"Hello{CUE}")
        whole = next(event["text"] for event in heard if event["type"] == "response.output_text.done")
        assert whole == text
        made = [body["canary"] for kind, body, _ in running.journal.entries if kind == "return"]
        assert made == [True]
