"""`zoneproxy doctor` on a zone that runs: the separation holds, and a hole in it would be seen (Z22)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.echo_server import EchoServer
from tests.live.test_kill_switch import entries
from tests.support.zone_process import cli, make_zone
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.separation import Try, judge_answer, knock

pytestmark = pytest.mark.live


def test_every_forbidden_path_of_a_running_zone_is_refused_and_recorded(
    tmp_path: Path, echo_server: EchoServer
) -> None:
    """Z22: each try is refused by name of its record, which is there; nothing reached the model."""
    zone = make_zone(tmp_path / "zone", echo_server.port)
    with zone.serving():
        done = cli("doctor", "--config", str(zone.config), "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    tried = [one for one in found if one["id"] == "separation"]
    assert len(tried) > 20
    assert {one["state"] for one in tried} == {"ok"}
    assert done.returncode == 0, done.stderr
    assert all("recorded" in one["what"] for one in tried)
    named = {int(one["what"].partition("#")[2].partition(")")[0]) for one in tried}
    denied = {
        index
        for index, entry in enumerate(entries(zone))
        if entry.kind == "decision" and entry.body["verdict"] == "deny"
    }
    assert named <= denied
    assert echo_server.seen == []
    assert {one["id"] for one in found if one["state"] == "ok"} >= {"door", "server", "key-log", "log"}


def test_sessions_are_found_open_or_shut_as_zone_yaml_says(tmp_path: Path, echo_server: EchoServer) -> None:
    """Z22: open, their handshake is refused for its caller; a zone that runs by an older file is told."""
    zone = make_zone(tmp_path / "zone", echo_server.port)
    before = zone.config.read_text("utf-8")
    zone.config.write_text(before + "\nrealtime: {}\n", "utf-8")
    with zone.serving():
        done = cli("doctor", "--config", str(zone.config), "--json")
        zone.config.write_text(before, "utf-8")
        stale = cli("doctor", "--config", str(zone.config), "--json")
    opened, shut = (
        [one for one in map(json.loads, run.stdout.splitlines()) if "a session (" in one["what"]]
        for run in (done, stale)
    )
    assert {one["state"] for one in opened} == {"ok"}, opened
    assert all("without a credential" in one["what"] and "recorded" in one["what"] for one in opened)
    assert {one["state"] for one in shut} == {"fault"}, shut
    assert stale.returncode != 0
    assert echo_server.seen == []


def test_a_hole_is_seen(echo_server: EchoServer) -> None:
    """The self-test can fail: a server without a boundary before it answers, and that is a fault."""
    answer = knock(
        "127.0.0.1", echo_server.port,
        b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )  # fmt: skip
    assert judge_answer("cable", Try("a try", b""), answer).state is State.FAULT
