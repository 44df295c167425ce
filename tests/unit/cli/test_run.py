"""`zoneproxy run`: the production door's command; what it serves is tested live."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
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
    assert main(["run", "--config", "zone.yaml"]) == 0
    assert seen == [("zone.yaml", "production"), None]
    assert capsys.readouterr().out == "ready 127.0.10.1:8443 127.0.20.1:8443\n"
