"""`zoneproxy.cli.log.chain`: several shards are told as one log, worst first, each flaw with its shard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import FixedClock, decision, ending
from tests.support.served import served
from tests.support.shards import FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.cli.main import main

SECOND = FIRST.following


@pytest.fixture
async def log(tmp_path: Path) -> Path:
    """Two shards, with an exchange each."""
    make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    made = open_shards(tmp_path, clock)
    for number in (1, 2):
        index = (await made.append("decision", decision(number), {})).index
        await made.append("return", ending(index, number), {})
        clock.now = SECOND.start_ms
        made.tick()
        made.tick()
    await made.close()
    return tmp_path / "log"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_levels_and_totals_are_those_of_all(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a level over all shards; the table of totals holds both months (Z19)."""
    table = tmp_path / "totals.csv"
    assert main(["log", "verify", str(log), "--json", "--totals", str(table), "--processes", "2"]) == 0
    told = {str(one.get("level", one.get("shard"))): one for one in lines(capsys)}
    assert told["L6"]["checked"] == {"returns": 2}
    assert told[str(FIRST)]["closed"] is True
    assert len(table.read_text().splitlines()) == 3
    assert main(["log", "verify", str(log), "--compare", str(table)]) == 0
    table.write_text(table.read_text().replace(",3,", ",4,", 1))
    capsys.readouterr()
    assert main(["log", "verify", str(log), "--compare", str(table)]) == 1
    assert "differs: " in capsys.readouterr().out


def test_the_same_over_http(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A served parent is read as its folder is, and an older copy of a shard fits (Z14)."""
    assert main(["log", "verify", str(log), "--json", "--public"]) == 0
    here = lines(capsys)
    with served(log) as url:
        assert main(["log", "verify", url, "--json", "--public"]) == 0
        assert lines(capsys) == here
        assert main(["log", "verify", url, "--also", str(log), "--also", str(log / str(FIRST))]) == 0
        assert "of one history with checkpoints of" in capsys.readouterr().out


def test_the_five_questions(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is answered over all shards; a shard that is gone was deleted (Z16)."""
    assert main(["log", "examine", str(log), "--json"]) == 0
    told = {one["question"]: one for one in lines(capsys)}
    assert {name: one["answer"] for name, one in told.items()} == {
        "modified": "no", "deleted": "no", "inserted": "no", "amended": "no", "keys": "shown",
    }  # fmt: skip
    assert "destroyed from entry" in "".join(told["keys"]["evidence"])  # type: ignore[arg-type]
    (log / str(FIRST)).rename(log.parent / "elsewhere")
    assert main(["log", "examine", str(log), "--json"]) == 1
    assert {one["question"]: one["answer"] for one in lines(capsys)}["deleted"] == "yes"


def test_what_belongs_to_no_shard_is_told(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Z14: a checkpoint that was given to be compared, and fits no shard, is a flaw and never left out."""
    strange, kept = tmp_path / "strange", tmp_path / "kept"
    strange.write_text("another.example/log\n1\n" + "A" * 43 + "=\n\n")
    kept.write_bytes((log / str(FIRST) / "checkpoint").read_bytes())
    assert main(["log", "verify", str(log), "--also", str(kept), "--also", str(strange)]) == 1
    assert f"invalid: {strange}: this is no checkpoint of any shard of the log\n" in capsys.readouterr().out
    assert main(["log", "verify", str(log), "--also", str(kept)]) == 0


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("months", f"{SECOND}\n".encode(), f"missing: months, {FIRST}: "),
        ("shards.json", b"{}\n", "invalid: shards.json: "),
    ],
)
def test_what_lies_beside_the_shards_is_compared_with_them(
    log: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, told: str
) -> None:
    """Z14: a list that conceals a shard from who reads over HTTP is told to who reads the folder."""
    assert main(["log", "verify", str(log), "--public"]) == 0
    (log / name).chmod(0o644)
    (log / name).write_bytes(data)
    assert main(["log", "verify", str(log), "--public"]) == 1
    assert told in capsys.readouterr().out
    (log / name).unlink()
    (log / name).symlink_to("/dev/zero")
    assert main(["log", "verify", str(log), "--public"]) == 1
    assert f"invalid: {name}: a symbolic link lies in the log" in capsys.readouterr().out
