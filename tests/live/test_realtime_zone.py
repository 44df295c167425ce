"""Sessions in a zone as its operator runs it: opened in both files, drained, and judged again."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.support.realtime_server import realtime_server, words
from tests.support.realtime_talk import hear, say
from tests.support.realtime_world import PATH, RULE, item, open_rules
from tests.support.shards import newest
from tests.support.zone_process import ZoneFolder, cli, make_zone
from tests.support.zone_world import ROOT
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.trace.entry import parse

pytestmark = pytest.mark.live

DOOR, POLICY = "127.0.10.1", "policies/shantou-pilot.operator.yaml"
PEER: Any = ("127.0.10.9", 0)
FROM: Any = {"local_addr": PEER}


def opened(path: Path, port: int, *, rules: bool = True, zone: bool = True) -> ZoneFolder:
    """Make a zone whose second server speaks Realtime."""
    made = make_zone(path / "zone", port)
    if rules:
        file = made.path / POLICY
        file.write_text(open_rules(file.read_text("utf-8")), "utf-8")
    if zone:
        with made.config.open("a", encoding="utf-8") as config:
            config.write("realtime: {idle_timeout_s: 60}\n")
    return made


def entries(zone: ZoneFolder) -> list[Any]:
    return [parse(data) for _, data in open_log(newest(zone.log)).entries()]


def key_of(zone: ZoneFolder) -> tuple[str, str, str]:
    return str(zone.log), "--opening-key", str(zone.path / "keys/opening.key")


def caller(zone: ZoneFolder) -> connect:
    return connect(
        f"ws://{DOOR}:{zone.port}{PATH}?model=zone-llm-02",
        additional_headers={"authorization": f"Bearer {zone.credentials['toyco-sg']}"},
        local_addr=PEER,
        compression=None,
        open_timeout=30,
    )


async def test_a_regulator_walks_a_session_again(tmp_path: Path) -> None:
    """Z13-Z15: sessions, refused messages and cut answers of a real zone verify and replay."""
    async with realtime_server() as server:
        zone = await asyncio.to_thread(opened, tmp_path, server.port)
        with zone.serving():
            client = AsyncOpenAI(
                api_key=zone.credentials["toyco-sg"], base_url=f"http://{DOOR}:{zone.port}/v1"
            )
            async with (
                asyncio.timeout(60),
                client.realtime.connect(model="zone-llm-02", websocket_connection_options=FROM) as session,
            ):
                await session.conversation.item.create(item=item("Say hello"))  # type: ignore[arg-type]
                await session.response.create()
                async for event in session:
                    if event.type == "response.done":
                        break
            async with caller(zone) as plain:
                await say(plain, "conversation.item.create", item=item("my number is 110101199003074610"))
                error = (await hear(plain, "error"))[-1]["error"]
                assert error["code"] == "policy-domestic-data-mixed"
            server.says = lambda _: words("id 110101199003074610 there")
            async with caller(zone) as plain:
                await say(plain, "response.create")
                cut = (await hear(plain, "error"))[-1]["error"]
        found = entries(zone)
        index = int(error["trace"].rpartition("#")[2])
        assert (found[index].kind, found[index].body["reason"]) == ("decision", error["code"])
        index = int(cut["trace"].rpartition("#")[2])
        assert (found[index].kind, found[index].body["end"]) == ("return", "cut")
        parents = [one.body["parent"] for one in found if one.kind == "decision"]
        assert sum(parent is None for parent in parents) == 3
        assert len([one for one in found if one.kind == "return"]) == len(
            [one for one in found if one.kind == "decision" and one.body["verdict"] == "allow"]
        )
        assert not [one for one in found if one.kind == "abort"]
        for command in (("replay", *key_of(zone)), ("log", "verify", str(zone.log))):
            done = await asyncio.to_thread(cli, *command)
            assert done.returncode == 0, done.stdout + done.stderr
    assert len(server.heard) == 3


@pytest.mark.parametrize(
    ("rules", "zone_yaml"), [(False, True), (True, False)], ids=["zone.yaml", "the rules"]
)
async def test_one_of_the_two_opens_nothing(rules: bool, zone_yaml: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Z22: a zone whose rules, or whose zone.yaml, say nothing of sessions opens none, and doctor says so."""
    async with realtime_server() as server:
        zone = await asyncio.to_thread(opened, tmp_path, server.port, rules=rules, zone=zone_yaml)
        with zone.serving():
            with pytest.raises(InvalidStatus) as refused:
                async with caller(zone):
                    pass
            assert refused.value.response.status_code == 403
        told = await asyncio.to_thread(cli, "doctor", "--config", str(zone.config))
        assert ("no rule speaks of `openai_realtime`" in told.stdout + told.stderr) is zone_yaml
    assert server.paths == []


async def test_a_stop_of_the_process_ends_sessions_with_their_records(tmp_path: Path) -> None:
    """Z13: SIGTERM closes an idle session with 1001 at once; the log has its end, and nothing is aborted."""
    async with realtime_server() as server:
        zone = await asyncio.to_thread(opened, tmp_path, server.port)
        with zone.serving() as program:
            async with caller(zone) as session:
                await hear(session, "session.created")
                program.process.send_signal(signal.SIGTERM)
                assert await closed(session) == 1001
            await asyncio.to_thread(program.process.wait, 60)
        ends = [one.body["end"] for one in entries(zone) if one.kind == "return"]
        assert ends == ["complete"]
        done = await asyncio.to_thread(cli, "replay", *key_of(zone))
        assert done.returncode == 0, done.stdout + done.stderr


async def test_a_process_that_is_killed_leaves_nothing_that_was_not_recorded(tmp_path: Path) -> None:
    """Z13: after SIGKILL in an answer, the next start ends what was open; what went in is in the log."""
    never = asyncio.Event()
    async with realtime_server(step=never.wait) as server:
        zone = await asyncio.to_thread(opened, tmp_path, server.port)
        with zone.serving() as program:
            async with caller(zone) as session:
                await say(session, "conversation.item.create", item=item("hello"))
                await say(session, "response.create")
                await hear(session, "response.created")
                program.process.kill()
                assert await closed(session) == 1006
        with zone.serving():
            pass
        found = entries(zone)
        admitted = [one for one in found if one.kind == "decision" and one.body["verdict"] == "allow"]
        assert len(admitted) == 1 + len(server.heard)
        assert sum(one.kind == "abort" for one in found) == 2
        done = await asyncio.to_thread(cli, "log", "verify", str(zone.log))
        assert done.returncode == 0, done.stdout + done.stderr


async def closed(session: ClientConnection) -> int | None:
    async with asyncio.timeout(60):
        await session.wait_closed()
    return session.close_code


def test_the_page_shows_the_rule_that_the_tests_use() -> None:
    """What docs/realtime.md tells an operator to write is what opens sessions here."""
    page = (ROOT / "docs" / "realtime.md").read_text("utf-8")
    assert RULE.strip() in page
    assert "realtime: {}" in page
