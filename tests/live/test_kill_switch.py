"""The kill switch on a zone as its operator runs it: at once, on every worker, kept, recorded (Z21, Z22)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from demo.echo_server import EchoServer
from tests.support.shards import newest
from tests.support.worker_zone import workers
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.cli.main import main
from zoneproxy.trace.entry import Entry, parse

pytestmark = pytest.mark.live

WHO = ("--by", "ops", "--why", "a test")
DOOR = "127.0.10.1"
NOWHERE = 65_001


def entries(zone: ZoneFolder) -> list[Entry]:
    return [parse(data) for _, data in open_log(newest(zone.log)).entries()]


class Said(NamedTuple):
    """What a command ended with, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def command(zone: ZoneFolder, *words: str) -> Said:
    """Run a command as the program does, without the second that its start takes."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*words, "--config", str(zone.config)])
    return Said(code, out.getvalue(), err.getvalue())


async def order(zone: ZoneFolder, *words: str) -> str:
    """Carry out an act, which must succeed."""
    done = await asyncio.to_thread(command, zone, *words, *WHO)
    assert done.returncode == 0, done.stderr
    return done.stdout


def question(credential: str, model: str = "zone-llm-02", *, stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": "worda wordb wordc"}]
    body = json.dumps({"model": model, "stream": stream, "messages": messages}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nconnection: close\r\n"
        f"authorization: Bearer {credential}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def answer(zone: ZoneFolder, credential: str, model: str = "zone-llm-02") -> str:
    """Ask once; return the status, and the reason code of a refusal."""
    reader, writer = await asyncio.open_connection(DOOR, zone.port)
    writer.write(question(credential, model))
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    writer.close()
    status = head.split(b" ", 2)[1].decode()
    return status if status == "200" else f"{status} {json.loads(body)['error']['code']}"


async def begin(zone: ZoneFolder, upstream: EchoServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin a stream whose server has said one word and is silent now."""
    reader, writer = await asyncio.open_connection(DOOR, zone.port)
    writer.write(question(zone.credentials["toyco-sg"], "stepped", stream=True))
    upstream.step()
    await asyncio.wait_for(reader.readuntil(b"worda"), 10)
    return reader, writer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ZoneFolder:
    """A zone, made once; each test has a copy."""
    return make_zone(tmp_path_factory.mktemp("made") / "zone", NOWHERE, "stepped")


@pytest.fixture
def zone(made: ZoneFolder, tmp_path: Path, echo_server: EchoServer) -> ZoneFolder:
    shutil.copytree(made.path, tmp_path / "zone")
    copied = replace(made, path=tmp_path / "zone")
    copied.edit("zone.yaml", f"127.0.0.1:{NOWHERE}", f"127.0.0.1:{echo_server.port}")
    return copied


async def test_a_stop_cuts_holds_is_recorded_and_outlives_a_restart(
    zone: ZoneFolder, echo_server: EchoServer
) -> None:
    """Z21: the stream is cut within 250 ms of the act being kept; the next start serves no request before."""
    ours, other = zone.credentials["toyco-sg"], zone.credentials["toyco-my"]
    with zone.serving():
        reader, writer = await begin(zone, echo_server)

        async def cut() -> tuple[bytes, int]:
            return await asyncio.wait_for(reader.read(), 30), time.time_ns()

        cutting = asyncio.ensure_future(cut())
        said = await order(zone, "stop", "tenant", "toyco-sg", "--cause", "leak")
        rest, cut_ns = await cutting
        writer.close()
        assert b"control-tenant-stopped" in rest
        assert "1 under way cut" in said
        assert await answer(zone, ours) == "403 control-tenant-stopped"
        kept_ns = (zone.path / "state/orders/orders").stat().st_mtime_ns
        assert abs(cut_ns - kept_ns) < 250_000_000
    with zone.serving():
        assert await answer(zone, ours) == "403 control-tenant-stopped"
        assert await answer(zone, other) != "403 control-tenant-stopped"
        listed = command(zone, "stops", "--json")
        assert (listed.returncode, json.loads(listed.stdout)["target"]) == (1, "toyco-sg")
        await order(zone, "resume", "tenant", "toyco-sg")
        assert await answer(zone, ours) == "200"
    found = entries(zone)
    acts = [(e.kind, e.body["action"], e.body["target"], e.body["cause"]) for e in found if e.kind == "stop"]
    assert acts == [("stop", "stop", "toyco-sg", "leak"), ("stop", "resume", "toyco-sg", "other")]
    assert next(e.body["end"] for e in found if e.kind == "return") == "halted"
    assert b"a test" not in b"".join(data for _, data in open_log(newest(zone.log)).entries())
    replayed = cli("replay", str(zone.log), "--opening-key", str(zone.path / "keys/opening.key"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


async def test_a_zone_that_does_not_run_can_be_stopped(zone: ZoneFolder) -> None:
    """Z21: a stop that was made while the zone was down holds from its first request on."""
    assert "does not answer" in await order(zone, "stop", "zone")
    with zone.serving():
        assert await answer(zone, zone.credentials["toyco-sg"]) == "503 control-zone-stopped"
        await order(zone, "resume", "zone")
        assert await answer(zone, zone.credentials["toyco-sg"]) == "200"
    assert [e.body["action"] for e in entries(zone) if e.kind == "stop"] == ["stop", "resume"]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["torn", "gone", "older"])
async def test_orders_that_are_damaged_while_the_zone_runs_stop_everything(
    damage: str, zone: ZoneFolder, echo_server: EchoServer
) -> None:
    """Z22: a torn, a vanished and an older file each cut the stream that is under way."""
    file = zone.path / "state/orders/orders"
    with zone.serving():
        older = file.read_bytes()
        await order(zone, "stop", "model", "zone-llm-01")
        reader, writer = await begin(zone, echo_server)
        match damage:
            case "torn":
                file.write_bytes(file.read_bytes()[:-3])
            case "gone":
                file.unlink()
            case _:
                fresh = file.with_name("fresh")
                fresh.write_bytes(older)
                fresh.rename(file)
        assert b"control-unreadable" in await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert await answer(zone, zone.credentials["toyco-sg"]) == "503 control-unreadable"
        refused = command(zone, "resume", "model", "zone-llm-01", *WHO)
        if damage != "older":
            assert refused.returncode == 2
            assert "can't be read" in refused.stderr
            await order(zone, "resume", "everything")
            assert await answer(zone, zone.credentials["toyco-sg"]) == "200"


async def test_orders_that_cannot_be_read_at_the_start_stop_everything(zone: ZoneFolder) -> None:
    """Z22: the zone starts, refuses everything with a record, and says why."""
    await order(zone, "stop", "model", "zone-llm-01")
    (zone.path / "state/orders/orders").write_bytes(b"")
    with zone.serving():
        assert await answer(zone, zone.credentials["toyco-sg"]) == "503 control-unreadable"
    listed = command(zone, "stops")
    assert listed.returncode == 1
    assert "everything is stopped" in listed.stdout


async def test_a_stop_holds_although_nobody_can_be_asked(zone: ZoneFolder, echo_server: EchoServer) -> None:
    """Z21: with the control socket gone the file alone cuts, and the zone writes the record it is owed."""
    with zone.serving():
        reader, writer = await begin(zone, echo_server)
        (zone.path / "run/control.sock").unlink()
        done = await asyncio.to_thread(command, zone, "stop", "route", "cable-sg-1", *WHO)
        assert done.returncode == 0, done.stderr
        assert "the log did not take its record yet" in done.stderr
        assert b"control-route-stopped" in await asyncio.wait_for(reader.read(), 10)
        writer.close()
        file = zone.path / "state/orders/orders"
        async with asyncio.timeout(10):
            while b'"owed":[]' not in file.read_bytes():
                await asyncio.sleep(0.02)
    assert [e.body["target"] for e in entries(zone) if e.kind == "stop"] == ["cable-sg-1"]


async def test_a_tenant_comes_and_goes_while_the_zone_runs(zone: ZoneFolder) -> None:
    """A tenant is added, rotated without a gap, suspended and removed, each with its record."""
    with zone.serving():
        said = await order(zone, "tenant", "add", "toyco-id", "--market", "SG", "--audience", "overseas",
            "--network", "127.0.0.0/8",
        )  # fmt: skip
        first = re.findall(r"^    (zp-\S+)$", said, re.MULTILINE)[0]
        # The policy authorises other tenants only: it is known, and refused by the rules.
        assert (await answer(zone, first)).startswith("403 policy-")
        second = re.findall(
            r"^    (zp-\S+)$", await order(zone, "tenant", "rotate", "toyco-id"), re.MULTILINE
        )[0]
        for credential in (first, second):
            assert (await answer(zone, credential)).startswith("403 policy-")
        third = re.findall(
            r"^    (zp-\S+)$", await order(zone, "tenant", "rotate", "toyco-id", "--keep", "0m"), re.MULTILINE
        )[0]
        assert await answer(zone, first) == "403 origin-tenant-unknown"
        await order(zone, "tenant", "suspend", "toyco-id")
        assert await answer(zone, third) == "403 control-tenant-suspended"
        await order(zone, "tenant", "remove", "toyco-id")
        assert await answer(zone, third) == "403 origin-tenant-unknown"
        twice = await asyncio.to_thread(
            command, zone, "tenant", "add", "toyco-sg", "--market", "SG", "--audience", "overseas", *WHO
        )  # fmt: skip
        assert twice.returncode == 2
        assert "registered already" in twice.stderr
    acts = [e.body["action"] for e in entries(zone) if e.kind == "tenant"]
    assert acts == ["add", "rotate", "rotate", "suspend", "remove"]
    assert first.encode() not in (zone.path / "state/orders/orders").read_bytes()


async def test_a_declared_tenant_is_rotated_without_a_gap(zone: ZoneFolder, echo_server: EchoServer) -> None:
    """Z4, Z21: the old credential serves until it is revoked, and stays so after a restart."""
    del echo_server
    old = zone.credentials["toyco-sg"]
    with zone.serving():
        said = await order(zone, "tenant", "rotate", "toyco-sg", "--keep", "12h")
        new = re.findall(r"^    (zp-\S+)$", said, re.MULTILINE)[0]
        assert [await answer(zone, one) for one in (old, new)] == ["200", "200"]
        shown = await asyncio.to_thread(command, zone, "tenant", "show", "toyco-sg", "--json")
        first, second = (one["id"] for one in json.loads(shown.stdout)["credentials"])
        assert first == hashlib.sha256(old.encode()).hexdigest()[:16]
        await order(zone, "tenant", "revoke", "toyco-sg", first)
        assert [await answer(zone, one) for one in (old, new)] == ["403 origin-tenant-unknown", "200"]
        await order(zone, "tenant", "suspend", "toyco-sg")
        assert await answer(zone, new) == "403 control-tenant-suspended"
    with zone.serving():
        assert await answer(zone, new) == "403 control-tenant-suspended"
        await order(zone, "tenant", "resume", "toyco-sg")
        assert [await answer(zone, one) for one in (old, new)] == ["403 origin-tenant-unknown", "200"]
    assert second == hashlib.sha256(new.encode()).hexdigest()[:16]
    acts = [(e.body["action"], e.body["tenant"]) for e in entries(zone) if e.kind == "tenant"]
    assert acts == [(act, "toyco-sg") for act in ("rotate", "revoke", "suspend", "resume")]


@pytest.mark.slow
async def test_every_worker_stops(zone: ZoneFolder, echo_server: EchoServer) -> None:
    """Z21: with two workers streams on both are cut by one act, recorded once, and a new worker knows it."""
    with workers(zone, 2):
        streams = [await asyncio.open_connection(DOOR, zone.port) for _ in range(6)]
        for _, writer in streams:
            writer.write(question(zone.credentials["toyco-sg"], "stepped", stream=True))
        async with asyncio.timeout(20):
            while len(echo_server.seen) < len(streams):
                await asyncio.sleep(0.01)
        said = await order(zone, "stop", "tenant", "toyco-sg")
        assert "6 under way cut" in said
        for reader, writer in streams:
            assert b"control-tenant-stopped" in await asyncio.wait_for(reader.read(), 10)
            writer.close()
        told = {await answer(zone, zone.credentials["toyco-sg"]) for _ in range(8)}
        assert told == {"403 control-tenant-stopped"}
        await order(zone, "resume", "tenant", "toyco-sg")
        assert {await answer(zone, zone.credentials["toyco-sg"]) for _ in range(8)} == {"200"}
    assert [e.body["action"] for e in entries(zone) if e.kind == "stop"] == ["stop", "resume"]
