"""The developer's door is the same boundary, says what it is, and proves nothing (house, section 1)."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from demo.programs import ROOT
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.trace.entry import parse

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("live")]


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


@contextlib.contextmanager
def mitmdump(config: Path) -> Iterator[subprocess.Popen[str]]:
    command = [
        str(Path(sys.executable).with_name("mitmdump")),
        "--set", "listen_port=0",
        "-s", "addons/zone_boundary.py",
        "--set", f"zone_config={config}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def ask(zone: ZoneFolder) -> int:
    """Ask for the models until the door answers; return its status."""
    request = urllib.request.Request(
        f"http://127.0.10.1:{zone.port}/v1/models",
        headers={"authorization": f"Bearer {zone.credentials['toyco-sg']}"},
    )
    for _ in range(200):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            time.sleep(0.05)  # the process is starting: there is no event of it to wait for
    raise AssertionError("the developer's door did not open")


def test_it_serves_warns_and_marks_its_records(tmp_path: Path, upstream: EchoServer) -> None:
    """A request passes, the warning is said, and every decision is marked `dev`."""
    zone = make_zone(tmp_path / "zone", upstream.port)
    with mitmdump(zone.config) as process:
        assert ask(zone) == 200
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert "developer's door" in said
    assert "assurance=dev" in said
    verified = cli("log", "verify", str(zone.log))
    assert (verified.returncode, "of a developer's door" in verified.stdout) == (3, True)
    entries = [parse(data) for _, data in open_log(zone.shard).entries()]
    marks = {entry.body["assurance"] for entry in entries if "assurance" in entry.body}
    assert marks == {"dev"}
    assert [entry.body["verdict"] for entry in entries if entry.kind == "decision"] == ["allow"]


def test_it_opens_loopback_listeners_only(tmp_path: Path, upstream: EchoServer) -> None:
    """A door that others could reach is refused, and the process stops."""
    zone = make_zone(tmp_path / "zone", upstream.port)
    zone.edit("zone.yaml", "127.0.11.1", "0.0.0.0")
    with mitmdump(zone.config) as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "loopback" in said


def test_without_a_configuration_nothing_is_served(tmp_path: Path) -> None:
    """A missing configuration stops it with a clear word."""
    with mitmdump(tmp_path / "nothing.yaml") as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "nothing.yaml` is missing" in said
