"""The progress bar: on a terminal only."""

from __future__ import annotations

import io

from zoneproxy.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_is_drawn_on_a_terminal() -> None:
    """It shows what is done, redraws by whole percents, and ends its line."""
    stream = Terminal()
    with Progress("registering", 1000, stream) as progress:
        for done in range(1001):
            progress.show(done)
    text = stream.getvalue()
    assert text.count("\r") == 101
    assert text.endswith("100%\n")
    assert "registering" in text


def test_nothing_is_drawn_elsewhere() -> None:
    """A pipe or a file gets no bar."""
    stream = io.StringIO()
    with Progress("registering", 10, stream) as progress:
        progress.show(5)
    assert not stream.getvalue()


def test_more_than_all_is_all() -> None:
    """A file that grows meanwhile, or an empty one, draws no nonsense."""
    stream = Terminal()
    with Progress("x", 0, stream) as progress:
        progress.show(7)
    assert stream.getvalue().endswith("100%\n")
