"""Writing a whole file so that a crash leaves the old one, the new one, or none; never half of one."""

from __future__ import annotations

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.files import Files

TEMPORARY = "state/new"
"""Where a file grows before it gets its name: no reader of the public tree ever sees it."""


def folder_of(path: str) -> str:
    """Return the folder that a path lies in; empty for the log's own."""
    return path.rpartition("/")[0]


def replace(
    files: Files, path: str, data: bytes, *, private: bool = False, temporary: str = TEMPORARY
) -> None:
    """Put a file in place of whatever bears its name.

    Two threads that do so at once need different places for `temporary`, both in `state/`.

    A crash before the rename leaves the old file and a stray temporary one, which the next write
    empties; after it, the old or the new file, whole; after the folder's flush, the new one.
    """
    files.make_folder(folder_of(path), private=private)
    files.create(temporary, private=private)
    files.append(temporary, data)
    files.sync(temporary)
    files.rename(temporary, path)
    files.sync_folder(folder_of(path))


def put_once(files: Files, path: str, data: bytes, *, private: bool = False) -> None:
    """Put a file that never changes: create it, or find it there with the same bytes.

    A file that is there already is written again all the same while its durability is unknown to
    this process; the caller asks once a file.

    Raises:
        VerificationError: it is there with other bytes.
    """
    found = files.read(path)
    if found is not None and found != data:
        raise VerificationError("a file that must never change has other bytes", where=path)
    replace(files, path, data, private=private)
