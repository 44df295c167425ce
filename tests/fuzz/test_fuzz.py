"""Each parser of foreign bytes, under a coverage-guided fuzzer: it accepts, or raises its one error (Z22)."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS
from tests.support.length import sample

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
RUNS = sample(10_000, 500_000)
SLOW_RUNS = sample(2_000, 100_000)
SLOW = frozenset(("body", "policy", "configuration"))


def fuzz(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments, f"-artifact_prefix={folder}/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_bytes_come(name: str, tmp_path: Path) -> None:
    """Z22: no bytes make a parser hang, crash, or raise anything but its own error."""
    runs = SLOW_RUNS if name in SLOW else RUNS
    ended = fuzz(name, f"-runs={runs}", "-seed=1", folder=tmp_path)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]


def test_the_seeds_say_something() -> None:
    """A fuzzer that starts from nothing finds little: most targets take their seeds whole."""
    taken = []
    for name, target in TARGETS.items():
        for seed in target.seeds:
            with contextlib.suppress(*target.errors):
                target.run(seed)
                taken.append(name)
    assert set(TARGETS) - set(taken) <= {"evidence", "ticket", "entry", "configuration", "subtree"}
