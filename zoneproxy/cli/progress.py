"""A progress bar on stderr, and only on a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self, TextIO

_WIDTH = 32
_BLOCK, _GAP = "█", "░"


class Progress:
    """Shows how much of a work is done; redraws only when a whole percent more is.

    Args:
        what: what is done, for people.
        total: how much there is to do, in whatever unit.
        stream: where it is shown; nowhere, if it is no terminal.
    """

    def __init__(self, what: str, total: int, stream: TextIO | None = None) -> None:
        self._what, self._total = what, max(total, 1)
        self._stream = sys.stderr if stream is None else stream
        self._shown = -1
        self._live = self._stream.isatty()

    def __enter__(self) -> Self:
        """Show it empty."""
        self.show(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End its line, so that what is printed next stands by itself."""
        if self._live and self._shown >= 0:
            print(file=self._stream)

    def show(self, done: int) -> None:
        """Show how much is done."""
        percent = min(100, done * 100 // self._total)
        if not self._live or percent == self._shown:
            return
        self._shown = percent
        filled = percent * _WIDTH // 100
        bar = _BLOCK * filled + _GAP * (_WIDTH - filled)
        print(f"\r{self._what} {bar} {percent:3d}%", end="", file=self._stream, flush=True)
