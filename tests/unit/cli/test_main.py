"""`zoneproxy.cli.main`: parse, call, print; every way to fail has its exit code and its words."""

from __future__ import annotations

import argparse
import errno
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.zone_world import ROOT
from zoneproxy import __version__
from zoneproxy.cli.log import verify as log_verify
from zoneproxy.cli.main import PARTS, main
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


def test_every_module_registers_what_the_table_says() -> None:
    """A command that the table forgets would be missed where it is asked for by its name."""
    for part, theirs in PARTS.items():
        commands = argparse.ArgumentParser().add_subparsers()
        import_module(f"zoneproxy.cli.{part}").add_parser(commands)
        assert (part, tuple(commands.choices)) == (part, theirs)


@pytest.mark.parametrize("command", ["run", "logd"])
def test_a_command_loads_no_other(command: str) -> None:
    """What serves for months holds none of the regulator's and the policy engineer's tools."""
    program = (
        "import sys; from zoneproxy.cli.main import build_parser; build_parser(sys.argv[1]); "
        "print(*sorted(name for name in sys.modules if name.startswith('zoneproxy.cli.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, command], capture_output=True, text=True, check=True, timeout=120
    )
    ours = {f"zoneproxy.cli.{name}" for name in ("main", "output", command)}
    assert set(done.stdout.split()) == ours


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


@pytest.mark.parametrize("fault", [errno.ENAMETOOLONG, errno.EACCES, errno.EISDIR, errno.ELOOP, errno.ENOSPC])
def test_a_file_that_can_not_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: int
) -> None:
    """What the system says of a file is told by the file's name, without a traceback."""
    assert fail(monkeypatch, OSError(fault, os.strerror(fault), "some/where")) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"zoneproxy: `some/where` can't be used: {os.strerror(fault).lower()}\nhint: ")


def test_an_os_error_of_ours_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that names no file, or is about none, is ours: it is shown whole."""
    assert fail(monkeypatch, OSError(errno.EBADF, "bad")) == 70
    assert fail(monkeypatch, OSError(errno.EMFILE, "too many", "some/where")) == 70
    assert "Traceback" in capsys.readouterr().err


SURROUNDINGS = {
    "a reader that leaves": ("policy schema | head -c 5", {141}),
    "a full disk": ("policy schema > /dev/full", {2}),
    "no output": ("policy schema >&-", {0}),
    "no stream at all": ("policy check {0} <&- >&- 2>&-", {1}),
    "ASCII alone": ("policy check {0}", {1}),
    "a name that is too long": ("init " + "a" * 300, {2}),
    "a folder's name too long": ("log verify " + "a" * 300, {2}),
    "no name": ("disclosed --new-key ''", {2}),
}


@pytest.mark.parametrize(("words", "codes"), SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
def test_odd_surroundings(words: str, codes: set[int], tmp_path: Path) -> None:
    """Whatever the shell gives us to read from and write to, there is an exit code and no traceback."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        'apiVersion: zoneproxy/v1\nmetadata: {name: "\u4e2d\u6587", versio: "\u201cx\u201d"}\n', "utf-8"
    )
    command = words.format(shlex.quote(str(policy)))
    command = f"set -o pipefail; {shlex.quote(sys.executable)} -m zoneproxy {command}"
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | plain,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in codes, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


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
