"""`zoneproxy.cli.output`: errors with their remedy; colour on a terminal only."""

from __future__ import annotations

import errno
import io
import os
import sys

import pytest

from zoneproxy.cli.output import drop_output, is_coloured, print_error, stand_on_streams, trouble_of


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


def test_a_closed_stream_is_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed goes nowhere, not into the next file that is opened."""
    monkeypatch.setattr("sys.stdout", None)
    stand_on_streams()
    sys.stdout.write("into nothing")
    assert sys.stdout.name == os.devnull
    sys.stdout.close()


def test_every_character_can_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of ASCII shows others by their numbers."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    stand_on_streams()
    sys.stdout.write("\u4e2d\n")
    drop_output()
    assert raw.getvalue() == b"\\u4e2d\n"


def test_trouble_is_told_by_the_files_name() -> None:
    """A name in any form; a full disk without one; nothing where the fault is ours."""
    assert (
        trouble_of(OSError(errno.EISDIR, "Is a directory", b"a\xff"))
        == "`a\udcff` can't be used: is a directory"
    )
    assert trouble_of(OSError(errno.ENOSPC, "No space")) == "the output can't be written: no space"
    assert trouble_of(OSError(errno.EBADF, "Bad")) == trouble_of(OSError(errno.EMFILE, "Many", "a")) == ""
