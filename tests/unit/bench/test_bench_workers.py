"""`bench.bench_workers`: which process is which."""

from __future__ import annotations

import pytest

from bench.bench_workers import part_of


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["python", "-m", "zoneproxy", "run", "--config", "z", "--workers", "2"], "supervisor"),
        (["python", "-m", "zoneproxy", "logd", "z", "--supervised"], "sequencer"),
        (["python", "-m", "zoneproxy", "run", "z", "--worker", "{}"], "worker"),
    ],
)
def test_a_part_is_told_by_its_command(command: list[str], part: str) -> None:
    """The CPU of a request is laid to the part that spent it."""
    assert part_of(command) == part
