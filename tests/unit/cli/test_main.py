"""`zoneproxy.cli.main`: parse, call, print; every way to fail has its exit code and its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zoneproxy import __version__
from zoneproxy.cli.log import verify as log_verify
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError, PolicyError, Problem, TraceError, VerificationError

COMMANDS = [
    ["init"], ["run"], ["inspect"], ["log"], ["log", "verify"], ["replay"], ["policy"], ["policy", "check"],
    ["policy", "test"], ["policy", "prove"], ["policy", "diff"], ["policy", "explain"],
]  # fmt: skip


def fail(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> int:
    """Run a command that fails so."""

    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(log_verify, "open_log", broken)
    return main(["replay", "nowhere"])


@pytest.mark.parametrize("words", [[], *COMMANDS], ids=" ".join)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself on stdout, with exit code 0."""
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr()
    assert told.out.startswith(" ".join(["usage: zoneproxy", *words]))
    assert told.err == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is one line."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"zoneproxy {__version__}\n"


@pytest.mark.parametrize("words", [[], ["nothing"], ["run", "a", "b"], ["log"], ["replay"]], ids=str)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with exit code 2 and says so on stderr."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "error: " in told.err


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ConfigError("not so", hint="do this"), 2),
        (TraceError("not so", hint="do this"), 2),
        (VerificationError("not so", hint="do this"), 1),
    ],
)
def test_our_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Exception, code: int
) -> None:
    """An error of ours is its message, its hint and its exit code, nothing more."""
    assert fail(monkeypatch, fault) == code
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "zoneproxy: not so\nhint: do this\n")


def test_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected exception ends with exit code 70, no verifier's verdict; the last words are ours."""
    assert fail(monkeypatch, RuntimeError("planted")) == 70
    told = capsys.readouterr().err
    assert told.endswith(
        "zoneproxy: internal error\nhint: please report the lines above; nothing was passed on\n"
    )
    assert "planted" in told


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Control-C is no fault: exit code 130, silently."""
    assert fail(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""


def test_each_problem_of_a_policy_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All problems stand at file:line:column with their remedies, also those of a file that is gone."""
    file = tmp_path / "a.yaml"
    file.write_text("one\ntwo wrong\n")
    gone = str(tmp_path / "b.yaml")
    problems = [Problem(gone, 7, 1, "ZP1", "odd"), Problem(str(file), 2, 5, "ZP2", "bad", "mend it", 5)]
    assert fail(monkeypatch, PolicyError(problems)) == 2
    told = capsys.readouterr().err
    assert f"{file}:2:5: error[ZP2]: bad\n" in told
    assert re.search(r"2 \| two wrong\n +\| +\^{5}\n +=", told)
    assert "help: mend it" in told
    assert f"{gone}:7:1: error[ZP1]: odd\n" in told
    assert f"zoneproxy: the policy has 2 problems, first at {file}:2:5\nhint: " in told
