"""New rules under traffic: nothing is dropped, the record comes first, and replay agrees (Z13, Z15)."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path

import pytest

from demo.echo_server import EchoServer
from tests.support.bundles import name_bundles, pilot_bundle
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.entry import Entry, parse

RATE_HZ = 100
SECONDS = 3.0
QUESTION = {"role": "user", "content": "one two " * 80}
BODY = json.dumps({"model": "zone-llm-02", "messages": [QUESTION]}).encode()
NO_LARGE = """rules:
  - {id: COL-040, phase: collect, effect: deny, when: {request.bytes: {gt: 500}}, reason: request_too_large}
"""
TOO_LARGE = ("rules:\n", NO_LARGE)


def signed_zone(path: Path, upstream_port: int) -> ZoneFolder:
    """A zone that starts with signed bundles of both layers, and knows whose signatures count."""
    zone = make_zone(path, upstream_port)
    name_bundles(zone.path)
    return zone


def offer(zone: ZoneFolder, name: str, data: bytes) -> str:
    path = zone.path / name
    path.write_bytes(data)
    return str(path)


async def ask_once(zone: ZoneFolder) -> int:
    """Ask one question on a connection of its own; return the status."""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nconnection: close\r\n"
        f"authorization: Bearer {zone.credentials['toyco-sg']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.10.1", zone.port)
    writer.write(head.encode() + BODY)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1])


Answer = dict[str, object] | str
"""What the boundary said: its result, or the words of its refusal."""


def activate(zone: ZoneFolder, *bundles: bytes, shadow: bool = False) -> Answer:
    """Ask the running boundary as `zoneproxy policy activate` does."""
    listed = [{"file": "offer.zpb", "data": base64.b64encode(data).decode()} for data in bundles]
    try:
        return ask(zone.path / "run/control.sock", "activate", {"bundles": listed, "shadow": shadow})
    except RefusedError as error:
        return error.message


async def traffic(zone: ZoneFolder, acts: Awaitable[list[Answer]]) -> tuple[Counter[int], list[Answer]]:
    """Ask 100 times a second until the acts are done; return the statuses and what the acts gave."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    acting = asyncio.ensure_future(acts)
    asking: list[asyncio.Task[int]] = []
    for number in itertools.count():
        if number >= RATE_HZ * SECONDS and acting.done():
            break
        await asyncio.sleep(max(0.0, began + number / RATE_HZ - loop.time()))
        asking.append(asyncio.ensure_future(ask_once(zone)))
    return Counter(await asyncio.gather(*asking)), await acting


def entries(zone: ZoneFolder) -> list[Entry]:
    return [parse(data) for _, data in open_log(zone.shard).entries()]


def test_rules_change_under_traffic(tmp_path: Path, echo_server: EchoServer) -> None:
    """Z13, Z15: no request is dropped, each is judged by the rules that were in force, replay agrees."""
    zone = signed_zone(tmp_path / "zone", echo_server.port)
    two, three = pilot_bundle("operator", 2), pilot_bundle("operator", 3)
    floor = pilot_bundle("regulator", 2)

    async def acts() -> list[Answer]:
        await asyncio.sleep(0.5)  # some exchanges begin under the first rules
        met = await asyncio.gather(
            asyncio.to_thread(activate, zone, two),
            asyncio.to_thread(activate, zone, three, shadow=True),
        )
        return [*met, await asyncio.to_thread(activate, zone, three, floor)]

    with zone.serving():
        statuses, answers = asyncio.run(traffic(zone, acts()))
        back = activate(zone, two)
    assert set(statuses) == {200}
    assert sum(statuses.values()) >= RATE_HZ * SECONDS
    # Of the two that met, one was done; then both layers were put in force; the last would have gone back.
    met = [answer for answer in answers[:2] if isinstance(answer, dict)]
    assert met
    refusals = [answer for answer in answers[:2] if isinstance(answer, str)]
    assert set(refusals) <= {"another activation is under way"}
    assert isinstance(answers[2], dict)
    assert [one["revision"] for one in answers[2]["in_force"]] == [2, 3]  # type: ignore[attr-defined]
    assert "is not above 3" in str(back)
    found = entries(zone)
    used: list[Counter[str]] = []
    in_force: list[str] = []
    for entry in found:
        if entry.kind == "activation":
            in_force.append(next(one["digest"] for one in entry.body["policy"] if one["layer"] == "operator"))
            used.append(Counter())
        elif entry.kind == "decision":
            digest = next(one["digest"] for one in entry.body["policy"] if one["layer"] == "operator")
            # An exchange that began before keeps what it began with: no other rules are ever seen.
            assert digest in in_force[-2:]
            used[-1][digest] += 1
    assert used[-1][in_force[-1]]
    kinds = Counter(entry.kind for entry in found)
    assert kinds["decision"] == kinds["return"] == sum(statuses.values())
    assert kinds["activation_refused"] == 1
    verified = cli("log", "verify", str(zone.log))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    replayed = cli("replay", str(zone.log), "--opening-key", str(zone.path / "keys/opening.key"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def test_a_restart_takes_up_what_was_activated(tmp_path: Path, echo_server: EchoServer) -> None:
    """The last good bundle comes back, whatever zone.yaml names, and what is older never does."""
    zone = signed_zone(tmp_path / "zone", echo_server.port)
    with zone.serving():
        done = cli("policy", "activate", offer(zone, "two.zpb", pilot_bundle("operator", 2)), *at(zone))
    with zone.serving():
        status = cli("policy", "status", *at(zone))
        again, older = activate(zone, pilot_bundle("operator", 2)), activate(zone, pilot_bundle("operator"))
    assert done.returncode == 0, done.stderr
    assert "in force: operator `shantou-pilot` revision 2, signed by" in done.stdout
    assert "in force: operator `shantou-pilot` revision 2, signed by" in status.stdout
    assert isinstance(again, dict)
    assert again["changed"] is False
    assert "is not above 2" in str(older)


def at(zone: ZoneFolder) -> list[str]:
    return ["--config", str(zone.config)]


def test_what_a_shadow_would_stop_passes_and_is_told(tmp_path: Path, echo_server: EchoServer) -> None:
    """A shadow that would stop everything stops nothing; the report says what it would have stopped."""
    zone = signed_zone(tmp_path / "zone", echo_server.port)
    with zone.serving():
        assert isinstance(activate(zone, pilot_bundle("operator", 2, TOO_LARGE), shadow=True), dict)
        assert [asyncio.run(ask_once(zone)) for _ in range(3)] == [200] * 3
        assert isinstance(activate(zone, shadow=True), dict)
        assert asyncio.run(ask_once(zone)) == 200
    told = cli("policy", "shadow-report", str(zone.log))
    assert told.returncode == 0, told.stderr
    assert "3 records newly denied" in told.stdout
    replayed = cli("replay", str(zone.log), "--opening-key", str(zone.path / "keys/opening.key"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def test_a_zone_without_a_signature_does_not_start(tmp_path: Path, echo_server: EchoServer) -> None:
    """One layer unsigned: nothing starts, and the words say which."""
    zone = signed_zone(tmp_path / "zone", echo_server.port)
    zone.edit("zone.yaml", "policies/operator.zpb", "policies/shantou-pilot.operator.yaml")
    ended = cli("run", "--config", str(zone.config))
    assert ended.returncode == 2
    assert "the operator's layer" in ended.stderr
    assert "nobody signed" in ended.stderr
    with pytest.raises(ConfigError, match="no boundary listens"):
        ask(zone.path / "run/control.sock", "policy-status", {})
