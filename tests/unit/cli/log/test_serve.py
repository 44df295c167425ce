"""`zoneproxy.cli.log.serve`: a log over HTTP until told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.support.logs import write_log
from zoneproxy.adapters.serving.desk import LogDesk
from zoneproxy.adapters.serving.server import LogServer
from zoneproxy.cli.log import serve
from zoneproxy.cli.main import main


def test_it_serves_and_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The address is told once it can be asked; SIGTERM ends it."""
    root = write_log(tmp_path / "log", [2])

    async def run() -> bytes:
        serving = asyncio.ensure_future(serve._serve(LogServer(LogDesk(root)), "127.0.0.1", 0))
        told = ""
        async with asyncio.timeout(10):
            while "\n" not in told:
                await asyncio.sleep(0)
                told += capsys.readouterr().out
        url = told.split()[-1]
        got = await asyncio.to_thread(lambda: urllib.request.urlopen(f"{url}checkpoint", timeout=10).read())
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await serving
        return bytes(got)

    assert asyncio.run(run()) == (root / "checkpoint").read_bytes()


def test_what_can_not_be_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No address, no log, no key: exit code 2 with a hint."""
    root = write_log(tmp_path / "log", [2])
    assert main(["log", "serve", str(root), "--listen", "nowhere"]) == 2
    assert "hint: give a host and a port" in capsys.readouterr().err
    assert main(["log", "serve", str(tmp_path / "nowhere")]) == 2
