"""`zoneproxy.cli.output`: errors with their remedy; colour on a terminal only."""

from __future__ import annotations

import io

import pytest

from zoneproxy.cli.output import is_coloured, print_error


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_error_and_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """The message and the hint have a line each, on stderr; no hint, no line."""
    print_error("`x` is missing", "make it")
    print_error("broken")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "zoneproxy: `x` is missing\nhint: make it\nzoneproxy: broken\n"


def test_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour stands on a terminal, unless NO_COLOR is set to something."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert is_coloured(Terminal())
    assert not is_coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_coloured(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setattr("sys.stderr", shown := Terminal())
    print_error("broken")
    assert shown.getvalue() == "\x1b[1m\x1b[31mzoneproxy:\x1b[0m broken\n"
