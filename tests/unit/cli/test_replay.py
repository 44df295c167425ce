"""`zoneproxy.cli.replay`: what the second walk prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import write_log
from zoneproxy.cli import replay
from zoneproxy.cli.main import main
from zoneproxy.replay.rewalk import Step, Walk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [])


def plant(monkeypatch: pytest.MonkeyPatch, *walks: Walk) -> None:
    """Let the walk find these steps."""
    steps = [
        Step(index, "decision", f"flow-{index}", walk, "deny", "allow", "planted")
        for index, walk in enumerate(walks)
    ]

    class Planted:
        def __init__(self, _: object) -> None: ...

        def walk(self, _: object) -> list[Step]:
            return steps

    monkeypatch.setattr(replay, "Rewalk", Planted)


@pytest.mark.parametrize(
    ("walks", "code", "told"),
    [
        ([Walk.AGREES, Walk.AGREES], 0, "2 decisions and returns again: 2 agree\nevery decision"),
        ([Walk.AGREES, Walk.DIFFERS], 1, "differs: entry 1 (decision, flow flow-1): planted"),
        ([Walk.WITHHELD], 3, "1 can't be told"),
        ([Walk.FAULT], 0, "1 are denials or ends that the law's rooms did not decide"),
        ([Walk.WITHHELD, Walk.DIFFERS], 1, "not every decision can be derived again"),
    ],
)
def test_what_is_found(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    walks: list[Walk],
    code: int,
    told: str,
) -> None:
    """A difference outweighs what is withheld; each has its exit code."""
    plant(monkeypatch, *walks)
    assert main(["replay", str(root)]) == code
    assert told in capsys.readouterr().out


def test_json(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is a JSON object; the last one counts."""
    plant(monkeypatch, Walk.AGREES, Walk.DIFFERS, Walk.FAULT)
    assert main(["replay", "--json", str(root)]) == 1
    *steps, summary = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [step["index"] for step in steps] == [1, 2]
    assert summary["exit_code"] == 1
    assert summary[Walk.AGREES.value] == 1


def test_only_so_many_are_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken policy archive does not flood the terminal; the count is still right."""
    plant(monkeypatch, *[Walk.DIFFERS] * 60)
    assert main(["replay", str(root)]) == 1
    out = capsys.readouterr().out
    assert out.count("differs: entry") == 50
    assert "60 differ" in out


def test_a_log_that_does_not_hold(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed log is not walked: exit code 1, the place, and where to look (Z14)."""
    bundle = next(path for path in sorted((root / "tile/entries").rglob("*")) if path.is_file())
    bundle.chmod(0o644)
    data = bytearray(bundle.read_bytes())
    data[-3] ^= 1
    bundle.write_bytes(data)
    assert main(["replay", str(root)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "the log does not hold, so nothing in it is walked again: entry" in told.err
    assert "hint: run `zoneproxy log verify`" in told.err


def test_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that is not there is wrong usage."""
    assert main(["replay", str(tmp_path / "none")]) == 2
    assert "is no directory\nhint: " in capsys.readouterr().err
