"""`zoneproxy.replay.shardfiles`: `months` and `shards.json` say what the shards say, or are told."""

from __future__ import annotations

import pytest

from zoneproxy.replay.flaws import FlawClass, Flaws
from zoneproxy.replay.shardfiles import check_shard_files, description, months_list

BASE = "zone.example/trace/node-1"
NAMES = ["2026-01", "2026-02", "2026-04"]
ORIGINS = [f"{BASE}/{name}" for name in NAMES]


def told(months: bytes | None, described: bytes | None) -> list[tuple[FlawClass, str]]:
    flaws = Flaws()
    check_shard_files(NAMES, ORIGINS, months, described, flaws)
    return [(flaw.kind, flaw.where) for flaw in flaws.found]


def test_what_agrees_is_not_told() -> None:
    """A folder as the writer makes it holds, and so does a copy without these files."""
    assert told(b"2026-01\n2026-02\n2026-04\n", description(BASE)) == []
    assert months_list(NAMES) == b"2026-01\n2026-02\n2026-04\n"
    assert told(None, None) == []


@pytest.mark.parametrize(
    ("months", "where"),
    [
        (b"2026-01\n2026-02\n", [(FlawClass.MISSING, "months, 2026-04")]),
        (months_list([*NAMES, "2026-05"]), [(FlawClass.MISSING, "months, 2026-05")]),
        (b"", [(FlawClass.MISSING, f"months, {name}") for name in NAMES]),
        (b"2026-02\n2026-01\n2026-04\n", [(FlawClass.INVALID, "months")]),
        (b"2026-01\n2026-02\n2026-04\n2026-04\n", [(FlawClass.INVALID, "months")]),
        (b"2026-01\n2026-02\n2026-04\nx", [(FlawClass.INVALID, "months")]),
    ],
)
def test_a_list_that_conceals_or_invents_a_shard_is_told(
    months: bytes, where: list[tuple[FlawClass, str]]
) -> None:
    """Z14: two readers of one log, one of its folder and one over HTTP, see the same shards."""
    assert told(months, description(BASE)) == where


@pytest.mark.parametrize("described", [b"", b"{}", description("zone.example/other"), description(BASE)[:-1]])
def test_a_description_of_another_log_is_told(described: bytes) -> None:
    """Z14: the next start must not take the shards for those of another log."""
    assert told(None, described) == [(FlawClass.INVALID, "shards.json")]


def test_where_no_shard_can_be_read_nothing_can_be_compared() -> None:
    """That is told already."""
    flaws = Flaws()
    check_shard_files(NAMES, ["", "", ""], None, description(BASE), flaws)
    assert flaws.found == []
