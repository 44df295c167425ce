"""What may go from a log directory: partial tiles that full ones supersede."""

from __future__ import annotations

import contextlib
from pathlib import Path

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.durable import folder_of
from zoneproxy.trace.partials import superseded


def remove_superseded(directory: Path, published: int, *, dry: bool = False) -> int:
    """Remove the partial tiles that nobody needs; return how many, a log may be running meanwhile.

    A crash in here leaves some of them, which the next call takes.

    Args:
        directory: the log.
        published: size of its published checkpoint, verified.
        dry: only count them.

    Raises:
        ConfigError: one can't be removed.
    """
    files = DiskFiles(directory)
    found = list(superseded(files, published))
    if dry:
        return len(found)
    try:
        for tile in found:
            files.remove(tile.path)
        for folder in sorted({folder_of(tile.path) for tile in found}):
            with contextlib.suppress(OSError):  # another file lies in it: it stays
                (directory / folder).rmdir()
            files.sync_folder(folder_of(folder))
    except OSError as error:
        raise ConfigError(
            f"the log in `{directory}` can't be tidied: {why(error)}", hint="check the folder's owner"
        ) from None
    return len(found)
