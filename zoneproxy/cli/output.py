"""How the command line speaks: colour on a terminal only, errors with their remedy."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_RED, _BOLD, _RESET = "\x1b[31m", "\x1b[1m", "\x1b[0m"


def is_coloured(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that wants colour (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def print_error(message: str, hint: str = "") -> None:
    """Print an error and its remedy to stderr."""
    name = "zoneproxy:"
    if is_coloured(sys.stderr):
        name = f"{_BOLD}{_RED}{name}{_RESET}"
    print(f"{name} {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
