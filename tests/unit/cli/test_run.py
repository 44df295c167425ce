"""`zoneproxy run`: the production door's command; what it serves is tested live."""

from __future__ import annotations

import importlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zoneproxy import assembly
from zoneproxy.adapters.workers import supervisor
from zoneproxy.adapters.workers.supervisor import Patience, Programs
from zoneproxy.cli.main import main
from zoneproxy.config import Limits
from zoneproxy.config.workers import Workers


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Put the process' own logging back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_without_the_proxy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where mitmproxy is not installed, the extra that brings it is named."""

    def missing(name: str) -> None:
        raise ImportError(f"no module named {name}")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert main(["run", "--config", "zone.yaml"]) == 2
    assert "hint: install it: pip install 'zoneproxy[proxy]'" in capsys.readouterr().err


def test_it_serves_what_it_assembled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The zone is assembled for production, session keys go nowhere, and `ready` names the doors."""
    seen: list[Any] = []

    async def serve(core: object, *, ready: Callable[[list[str]], None]) -> None:
        seen.extend([core, os.environ.get("SSLKEYLOGFILE")])
        ready(["127.0.10.1:8443", "127.0.20.1:8443"])

    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setattr(assembly, "assemble", lambda path, assurance: (path, assurance))
    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace(serve=serve))
    monkeypatch.setattr(assembly.Opening, "read", lambda _: SimpleNamespace(config=configured(1)))
    assert main(["run", "--config", "zone.yaml"]) == 0
    assert seen == [("zone.yaml", "production"), None]
    assert capsys.readouterr().out == "ready 127.0.10.1:8443 127.0.20.1:8443\n"
    assert main(["run", "zone.yaml", "--workers", "1"]) == 0
    assert len(seen) == 4


def configured(count: int) -> SimpleNamespace:
    route = SimpleNamespace(id="cable-sg-1", listen="127.0.10.1:8443")
    return SimpleNamespace(
        workers=Workers(count=count),
        limits=Limits(drain_timeout_s=30),
        routes=[route],
        control=SimpleNamespace(socket="run/control.sock"),
    )


@pytest.mark.parametrize("arguments", [[], ["--workers", "2"]])
def test_several_workers_are_supervised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """The number comes from the configuration or the command line; children get the doors, no secrets."""
    seen: list[Any] = []

    class Supervisor:
        def __init__(self, programs: Programs, *, count: int, patience: Patience) -> None:
            seen.extend([programs, count, patience])

        async def run(self, ready: Callable[[list[str]], None]) -> None:
            ready(["127.0.10.1:8443"])

    opening = SimpleNamespace(config=configured(1 if arguments else 2), folder=Path("zone"))
    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace())
    monkeypatch.setattr(assembly.Opening, "read", lambda _: opening)
    monkeypatch.setattr(assembly, "check", lambda _: opening)
    monkeypatch.setattr(supervisor, "Supervisor", Supervisor)
    assert main(["run", "zone.yaml", *arguments]) == 0
    programs, count, patience = seen
    assert (count, patience.drain_s) == (2, 40.0)
    assert programs.logd[1:] == ["-m", "zoneproxy", "logd", "zone.yaml", "--supervised"]
    assert programs.doors == {"cable-sg-1": ("127.0.10.1", 8443)}
    command = programs.worker({"cable-sg-1": 7}, Path("zone/run/control.1.sock"))
    assert command[1:-1] == ["-m", "zoneproxy", "run", "zone.yaml", "--worker"]
    assert json.loads(command[-1]) == {
        "doors": {"cable-sg-1": 7},
        "control": "zone/run/control.1.sock",
        "among": 2,
    }
    assert capsys.readouterr().out == "ready 127.0.10.1:8443\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["zone.yaml", "--config", "zone.yaml"], "the configuration is named twice"),
        (["zone.yaml", "--workers", "0"], "`--workers 0` is not 1 to 64"),
        (["zone.yaml", "--workers", "65"], "`--workers 65` is not 1 to 64"),
    ],
)
def test_what_can_not_be_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """A command line that says two things or nonsense starts nothing."""
    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace())
    assert main(["run", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "hint: " in err
