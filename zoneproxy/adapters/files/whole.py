"""Files put in place whole, and folders claimed: what lies outside a log's own tree.

(In a log's tree `zoneproxy.trace.durable` does it, through the file-system port.)
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from zoneproxy.adapters.files.flush import flush_names
from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: the disk failed, or it is no folder.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flush_names(handle)
    finally:
        os.close(handle)


def replace_whole(path: Path, data: bytes, *, mode: int) -> None:
    """Put a file in place of whatever bears its name; whoever reads meanwhile gets one of the two, whole.

    A crash before the rename leaves the old file, and a stray one with a dot before its name; after it, the
    old or the new one; once this returned, the new one.

    Args:
        path: where.
        data: all of it.
        mode: its permission bits, whatever the umask says.

    Raises:
        OSError: the disk failed; the old file is there, or the new one.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".new")
    growing = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        growing.replace(path)
    except BaseException:
        growing.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def claim_folder(folder: Path, what: str, *, mode: int = 0o755) -> None:
    """Make the folder of something that is made once, or take an empty one that is there.

    Args:
        folder: absent, or empty.
        what: what goes into it, for the message: `log`.
        mode: its permission bits where it is made, less what the umask takes.

    Raises:
        ConfigError: it holds something already, or can't be made.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        occupied = next(folder.iterdir(), None)
    except OSError as error:
        raise ConfigError(
            f"the {what} directory `{folder}` can't be made: {why(error)}", hint="check its parent folder"
        ) from None
    if occupied is not None:
        raise ConfigError(
            f"the {what} directory `{folder}` is not empty",
            hint=f"a {what} is made once, in a directory of its own",
        )
