"""`zoneproxy logd`: the command of the log's own process; what it serves is tested live."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zoneproxy import assembly
from zoneproxy.cli.main import main


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Put the process' own logging back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_it_serves_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`ready` names the socket; only a supervisor's child takes its stdin for a lifeline."""
    seen: list[Any] = []

    async def keep_log(path: str, *, ready: Callable[[Path], None], lifeline: int | None) -> None:
        seen.append((path, lifeline))
        ready(Path("run/logd.sock"))

    monkeypatch.setattr(assembly, "keep_log", keep_log)
    monkeypatch.setattr(sys, "stdin", sys.__stdout__)
    assert main(["logd", "zone.yaml"]) == 0
    assert main(["logd", "zone.yaml", "--supervised"]) == 0
    assert seen == [("zone.yaml", None), ("zone.yaml", 1)]
    assert capsys.readouterr().out == "ready run/logd.sock\n" * 2


def test_a_missing_configuration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is told before anything starts, with exit code 2."""
    assert main(["logd", str(tmp_path / "zone.yaml")]) == 2
    assert "is missing" in capsys.readouterr().err
