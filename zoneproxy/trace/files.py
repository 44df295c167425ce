"""The file-system port: the only operations that the log asks of a disk, and what they promise.

Paths are relative to the log's directory, with `/`. Nothing is durable before a `sync` (of a file's
bytes) and a `sync_folder` (of its name) returned. Every method raises `OSError` on failure, after which
the caller must assume nothing and try nothing again: a second flush after a failed one may lie.

Source: `fsyncgate`; Rebello et al., Can Applications Recover from fsync Failures?, ATC 2020.
"""

from __future__ import annotations

from typing import Protocol


class Files(Protocol):
    """A log's directory. Symbolic links are refused everywhere."""

    def names(self, folder: str) -> list[str]:
        """Return the sorted names in a folder, those of folders with a `/` at the end; none if absent."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; `None` if it does not exist."""
        ...

    def make_folder(self, path: str, *, private: bool) -> None:
        """Create a folder and its parents, durably; `private` for the owner alone."""
        ...

    def create(self, path: str, *, private: bool) -> None:
        """Create an empty file, or empty the one that is there."""
        ...

    def append(self, path: str, data: bytes) -> None:
        """Write bytes at the end of a file."""
        ...

    def sync(self, path: str) -> None:
        """Make a file's bytes durable: exactly one flush."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing whatever bears it, in one step."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file's name."""
        ...

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""
        ...

    def free_bytes(self) -> int:
        """Return how many bytes an ordinary user may still write."""
        ...
