"""`zoneproxy.assembly.doctor.machine`: what would write secrets to a disk."""

from __future__ import annotations

import os

import pytest

from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.machine import _core_limit, _environment, check_clock, check_environment

CASES = {
    "sound": ({}, "0", [b"python", b"-m", b"zoneproxy"], {"key-log": State.OK, "core-dumps": State.OK}),
    "key log": ({"SSLKEYLOGFILE": "/tmp/k"}, "0", [b"x"], {"key-log": State.FAULT, "core-dumps": State.OK}),
    "core": ({}, "unlimited", [b"x"], {"key-log": State.OK, "core-dumps": State.ADVICE}),
    "-O": (
        {}, "0", [b"python", b"-O", b"-m"],
        {"key-log": State.OK, "core-dumps": State.OK, "python-optimised": State.ADVICE},
    ),
    "PYTHONOPTIMIZE": (
        {"PYTHONOPTIMIZE": "1"}, "0", [b"x"],
        {"key-log": State.OK, "core-dumps": State.OK, "python-optimised": State.ADVICE},
    ),
    "debug": (
        {"PYTHONASYNCIODEBUG": "1"}, "0", [b"x"],
        {"key-log": State.OK, "core-dumps": State.OK, "python-debug": State.ADVICE},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("environment", "core", "words", "found"), CASES.values(), ids=CASES.keys())
def test_a_process_is_judged_by_how_it_was_started(
    environment: dict[str, str], core: str, words: list[bytes], found: dict[str, State]
) -> None:
    """Each variable and limit that would leak is told."""
    told = check_environment(environment, core, words, "it")
    assert {one.id: one.state for one in told} == found


def test_a_process_is_read_from_the_system() -> None:
    """The environment and the limit of a running process, here this one's."""
    assert _environment(os.getpid()).get("PATH", "") == os.environ.get("PATH", "")
    assert _core_limit(os.getpid())


def test_the_clock_is_asked_of_the_kernel() -> None:
    """One answer, whatever it is."""
    (one,) = check_clock()
    assert one.id == "clock"
    assert one.state is not State.FAULT
