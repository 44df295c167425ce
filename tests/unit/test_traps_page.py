"""The page of traps names tests that exist, and every test that springs one is on it."""

from __future__ import annotations

import ast
import json
import re

import pytest

from tests.support.zone_world import ROOT

PAGE = (ROOT / "docs" / "traps.md").read_text("utf-8")
ROW = re.compile(
    r"^\| .+ \| .+ \| `((?:live|unit|property|faults)/[\w/]+\.py)::(test_\w+)(?:\[(.+)\])?` \|$", re.MULTILINE
)
NAMED = [(found[1], found[2], found[3]) for found in ROW.finditer(PAGE)]
WHOLE = (
    "test_both_sides",
    "test_disk_faults",
    "test_framing",
    "test_framing_fuzz",
    "test_hook_faults",
    "test_isolation",
    "test_misbehaving",
    "test_process_faults",
    "test_sigkill",
    "test_swaps",
    "test_traps",
)
WORDS = (
    "interim", "trailers", "empty piece", "bare CR", "NUL", "obs-fold", "hop-by-hop", "Proxy-Authorization",
    "TRACE", "absolute form", "unknown version", "CONNECT", "SOCKS", "101", "h2c", "preface of HTTP/2",
    "TLS at", "header lines", "slowloris", "connections without end", "streams pass by", "two lengths",
    "second answer", "100-continue", "keep-alive", "pipelining", "SSLKEYLOGFILE", "options changed",
    "live reload", "hangs", "half-closed", "vanishes", "reads slowly", "within the body of another",
    "gRPC", "HTTP/3", "compressed messages", "control frames", "switches without proof", "close reasons",
)  # fmt: skip


def found_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in tree.body if isinstance(one, kinds) and one.name.startswith("test_")}


def vectors(name: str) -> set[str]:
    lines = (ROOT / "tests" / "vectors" / "framing" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return {json.loads(line)["name"] for line in lines}


def test_every_row_is_read():
    """A row that this test can't read would be held by nothing."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    heads = sum(line.startswith(("| trap ", "| --- ")) for line in rows)
    assert len(NAMED) == len(rows) - heads


@pytest.mark.parametrize(("path", "test", "vector"), NAMED)
def test_every_named_test_exists(path: str, test: str, vector: str | None) -> None:
    """A test that is renamed takes its row along."""
    assert test in found_in(path)
    if vector and path == "live/test_framing.py":
        assert vector in vectors("answers" if "answer" in test else "requests")
    elif vector:
        assert vector in (ROOT / "tests" / path).read_text("utf-8")


@pytest.mark.parametrize("name", WHOLE)
def test_every_test_of_a_trap_is_named(name: str) -> None:
    """A new trap gets its row."""
    path = f"live/{name}.py"
    assert found_in(path) == {test for where, test, _ in NAMED if where == path}


@pytest.mark.parametrize("word", WORDS)
def test_no_known_trap_is_missing(word: str) -> None:
    """The traps that the design knows of; one that is dropped from the page must be dropped here too."""
    assert word.lower() in PAGE.lower()
