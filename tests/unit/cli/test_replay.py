"""`zoneproxy.cli.replay`: what the second walk prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.decided_log import (
    FORGED,
    GOOD,
    MIXED,
    MIXED_ANSWER,
    ROOT,
    write_decided,
    write_decided_shard,
)
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError

OPERATOR = ROOT / "policies" / "shantou-pilot.operator.yaml"


def denied_as_allowed(body: Mapping[str, Any]) -> dict[str, Any]:
    """A record whose rule is said to be another."""
    return dict(body) | ({"rule": "COL-999"} if body["verdict"] == "deny" else {})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_decided(tmp_path / "log", [GOOD, MIXED, MIXED_ANSWER, FORGED], in_force=True)


def test_everything_agrees(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z15: every decision is derived again: exit code 0, and each level says what it saw."""
    assert main(["replay", str(root)]) == 0
    out = capsys.readouterr().out
    assert "L4 decisions      holds: 6 agrees, 0 differs, 0 withheld, 0 fault\n" in out
    assert out.endswith("walked 6 decisions and returns again: 6 agree\nevery decision was derived again\n")


def test_what_differs_is_shown_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z15: a record that can't be derived: exit code 1, with what it says and what comes out."""
    root = write_decided(tmp_path / "log", [GOOD, FORGED], mend=denied_as_allowed, in_force=True)
    assert main(["replay", str(root)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("differs: entry 4 (decision, flow ")
    assert "    recorded: deny origin-tag-forged COL-999\n    derived:  deny origin-tag-forged\n" in out
    assert out.endswith("not every decision can be derived again\n")


@pytest.mark.parametrize(
    ("settings", "code", "last"),
    [
        ({}, 0, "every decision was derived again"),
        ({"mend": denied_as_allowed}, 1, "not every decision can be derived again"),
        ({"openings": False}, 3, "nothing differs in what can be seen"),
    ],
)
async def test_shards_have_the_codes_of_one_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, Any], code: int, last: str
) -> None:
    """Z15: what one log's replay refuses, that of a log in monthly shards refuses too."""
    root = await write_decided_shard(tmp_path, [GOOD, FORGED], **settings)
    assert main(["replay", str(root)]) == code
    assert capsys.readouterr().out.endswith(f"{last}\n")
    assert main(["replay", str(root), "--json"]) == code
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["exit_code"] == code


def test_withheld(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z17: without the private parts nothing differs in what can be seen: exit code 3."""
    root = write_decided(tmp_path / "log", [GOOD, MIXED], openings=False, in_force=True)
    assert main(["replay", str(root)]) == 3
    out = capsys.readouterr().out
    assert out.startswith("withheld: entry 2 (decision, flow ")
    assert out.endswith("nothing differs in what can be seen\n")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line: what does not agree, the levels, the counts."""
    root = write_decided(tmp_path / "log", [GOOD, FORGED], mend=denied_as_allowed, in_force=True)
    assert main(["replay", "--json", str(root), "--processes", "2"]) == 1
    step, *levels, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert (step["index"], step["walk"], step["recorded"]) == (4, "differs", "deny origin-tag-forged COL-999")
    assert [level["result"] for level in levels if level["level"] == "L4"] == ["invalid"]
    assert (summary["agrees"], summary["differs"], summary["exit_code"]) == (2, 1, 1)


def test_a_log_that_does_not_hold_is_not_walked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z14: what is not proven is not judged; the worst flaw is named."""
    bundle = next((root / "tile/entries").rglob("8"))
    bundle.chmod(0o644)
    data = bytearray(bundle.read_bytes())
    data[-5] ^= 1
    bundle.write_bytes(data)
    assert main(["replay", str(root)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "the log does not hold, so nothing in it is walked again: entry 7" in told.err
    assert main(["replay", "--json", str(root)]) == 1
    assert json.loads(capsys.readouterr().out)["where"] == "entry 7"


def test_another_policy(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would turn is listed by rule with its indexes; it is no fault of the log."""
    other = tmp_path / "other.yaml"
    other.write_bytes(OPERATOR.read_bytes().replace(b"allowed: [SG, MY,", b"allowed: [MY,"))
    assert main(["replay", str(root), "--policy", str(other)]) == 0
    out = capsys.readouterr().out
    assert "newly denied: 2 at collect, PRO-900 then, COL-021 now (entries 2, 5)\n" in out
    assert "under the other policy: 0 newly allowed, " in out
    assert main(["replay", str(root), "--policy", str(other), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    turn = next(line for line in lines if "turn" in line and line["phase"] == "collect")
    assert turn == {
        "turn": "newly_denied", "old": "PRO-900", "new": "COL-021", "phase": "collect", "indexes": [2, 5],
    }  # fmt: skip
    assert lines[-1]["whatif"]["judged"] == 6


def test_policies_that_can_not_be_used(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken policy is told with its places, a missing one as usage: exit code 2."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("apiVersion: x\n")
    assert main(["replay", str(root), "--policy", str(broken)]) == 2
    assert "broken.yaml" in capsys.readouterr().err
    assert main(["replay", str(root), "--policy", str(tmp_path / "nowhere")]) == 2
    assert "can't be read" in capsys.readouterr().err


def test_a_bill(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z19: totals are compared while decisions are walked."""
    bill = tmp_path / "bill.csv"
    assert main(["replay", str(root), "--totals", str(bill)]) == 0
    assert "toyco-sg" in bill.read_text()
    bill.write_text("day,tenant,exchanges\n2026-01-01,toyco-sg,99\n")
    assert main(["replay", str(root), "--compare", str(bill)]) == 1
    assert "differs: 2026-01-01, tenant toyco-sg: exchanges: log 2, table 99\n" in capsys.readouterr().out


def test_no_log(tmp_path: Path) -> None:
    """No directory: exit code 2."""
    assert main(["replay", str(tmp_path / "nowhere")]) == 2
    assert ConfigError.exit_code == 2


async def test_a_policy_that_was_never_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z15: a decision under an archived policy that no activation named is told, and is no agreement."""
    root = await write_decided_shard(tmp_path, [GOOD], in_force=("f" * 64, "e" * 64))
    assert main(["replay", str(root)]) == 1
    out = capsys.readouterr().out
    told = "2026-01: invalid: entry 3: it was judged under other policies than entry 2 had put in force\n"
    assert told in out
    assert "L4 decisions      invalid: 1 flaws\n" in out
    assert out.endswith("not every decision can be derived again\n")
