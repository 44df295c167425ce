"""How the command line speaks: colour on a terminal only, errors with their remedy."""

from __future__ import annotations

import errno
import os
import sys
from io import TextIOWrapper
from typing import TextIO

from zoneproxy.adapters.files.trouble import why

_RED, _BOLD, _RESET = "\x1b[31m", "\x1b[1m", "\x1b[0m"


# What a system says of a file that was named, and of a place to write to; a fault of ours it is not.
_NO_PLACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
_NO_FILE = _NO_PLACE | {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP,
    errno.ENXIO, errno.ENODEV, errno.EEXIST, errno.ENOTEMPTY, errno.EXDEV, errno.EBUSY, errno.ESTALE,
}  # fmt: skip


def stand_on_streams() -> None:
    """Make sure that there are three standard streams, and that they take every character.

    A stream that was closed before the start would leave its number to the next file that is opened, and
    whatever is printed would be written into that.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Let go of what could not be printed, or the interpreter would try once more at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def trouble_of(error: OSError) -> str:
    """Say what the system refused, where that is about a file or a disk; nothing where the fault is ours."""
    if error.errno in _NO_FILE and isinstance(error.filename, str | bytes | os.PathLike):
        named = os.fsdecode(error.filename)
        return f"`{named}` can't be used: {why(error)}"
    return f"the output can't be written: {why(error)}" if error.errno in _NO_PLACE else ""


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
