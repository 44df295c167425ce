"""The file-system port on a real disk (`zoneproxy.trace.files.Files`), and the lock on a directory.

Every path is walked folder by folder without following symbolic links, so nobody who may write in the
log's directory can send a write or a read elsewhere. Public files are 0444, private ones 0600 in folders
of 0700. One flush is one `fdatasync`; names are made durable by `fsync` of their folder; neither is believed
unasked (`zoneproxy.adapters.files.flush`).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from zoneproxy.adapters.files.flush import flush, flush_names
from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError, VerificationError

LOCK = "state/lock"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC
_ABSENT = (errno.ENOENT, errno.ENOTDIR)
_READ_ONLY = "the disk takes no writes, as one that failed: see the system's log, mend it, mount it again"


class DiskFiles:
    """A log's directory on disk.

    Args:
        root: the directory; it must exist for anything but reading.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, int] = {}

    def names(self, folder: str) -> list[str]:
        """Return the sorted names in a folder, those of folders with a `/` at the end; none if absent."""
        try:
            with self._folder(folder) as fd, os.scandir(fd) as found:
                return sorted(
                    item.name + ("/" if item.is_dir(follow_symlinks=False) else "") for item in found
                )
        except OSError as error:
            if error.errno in _ABSENT:
                return []
            raise

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; `None` if it does not exist."""
        return self.read_limited(path, None)

    def read_limited(self, path: str, limit: int | None) -> bytes | None:
        """Return a file's bytes; `None` if it does not exist.

        Raises:
            VerificationError: it is longer than `limit` bytes, or no plain file.
        """
        folder, _, name = path.rpartition("/")
        try:
            with self._folder(folder) as fd:
                handle = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FILE, dir_fd=fd)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            if error.errno == errno.ELOOP:
                raise VerificationError("a symbolic link lies in the log", where=path) from None
            raise
        status = os.fstat(handle)
        long = limit is not None and status.st_size > limit
        if long or not stat.S_ISREG(status.st_mode):
            os.close(handle)
            fault = f"the file is longer than {limit} bytes" if long else "this is not a plain file"
            raise VerificationError(fault, where=path)
        with os.fdopen(handle, "rb") as file:
            return file.read()

    def make_folder(self, path: str, *, private: bool) -> None:
        """Create a folder and its parents, durably; `private` for the owner alone."""
        made = ""
        for part in path.split("/") if path else ():
            parent, made = made, f"{made}/{part}".lstrip("/")
            with self._folder(parent) as fd:
                try:
                    os.mkdir(part, 0o700 if private else 0o755, dir_fd=fd)
                except FileExistsError:
                    continue
                # A crash before the parent's flush may lose the folder with all that is put into it.
                flush_names(fd)

    def create(self, path: str, *, private: bool) -> None:
        """Create an empty file, or empty the one that is there."""
        self._forget(path)
        folder, _, name = path.rpartition("/")
        with self._folder(folder) as fd:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=fd)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _FILE
            handle = os.open(name, flags, 0o600, dir_fd=fd)
        self._open[path] = handle
        if not private:
            os.fchmod(handle, 0o444)

    def append(self, path: str, data: bytes) -> None:
        """Write bytes at the end of a file."""
        handle = self._handle(path)
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]

    def sync(self, path: str) -> None:
        """Make a file's bytes durable: exactly one flush."""
        flush(self._handle(path))

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing whatever bears it, in one step."""
        self._forget(old)
        self._forget(new)
        (old_folder, _, old_name), (new_folder, _, new_name) = old.rpartition("/"), new.rpartition("/")
        with self._folder(old_folder) as source, self._folder(new_folder) as target:
            os.rename(old_name, new_name, src_dir_fd=source, dst_dir_fd=target)

    def remove(self, path: str) -> None:
        """Remove a file's name."""
        self._forget(path)
        folder, _, name = path.rpartition("/")
        with self._folder(folder) as fd:
            os.unlink(name, dir_fd=fd)

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""
        with self._folder(path) as fd:
            flush_names(fd)

    def free_bytes(self) -> int:
        """Return how many bytes an ordinary user may still write."""
        status = os.statvfs(self._root)
        return status.f_bavail * status.f_frsize

    def close(self) -> None:
        """Close every file that was kept open."""
        for path in list(self._open):
            self._forget(path)

    def _handle(self, path: str) -> int:
        handle = self._open.get(path)
        if handle is None:
            folder, _, name = path.rpartition("/")
            with self._folder(folder) as fd:
                handle = os.open(name, os.O_WRONLY | os.O_APPEND | _FILE, dir_fd=fd)
            self._open[path] = handle
        return handle

    def _forget(self, path: str) -> None:
        handle = self._open.pop(path, None)
        if handle is not None:
            os.close(handle)

    @contextlib.contextmanager
    def _folder(self, path: str) -> Iterator[int]:
        fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in path.split("/") if path else ():
                below = os.open(part, _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)


class DirectoryLock:
    """Held by the one process that writes a log; the system drops it when the process dies.

    Args:
        root: the log's directory.

    Raises:
        ConfigError: another process holds it.
    """

    def __init__(self, root: Path) -> None:
        # A file of its own: closing any other handle on a locked file would drop some kinds of lock.
        try:
            self._handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | _FILE, 0o600)
        except OSError as error:
            raise ConfigError(
                f"the log directory `{root}` can't be locked: {why(error)}",
                hint=_READ_ONLY
                if error.errno == errno.EROFS
                else "make a log there with `zoneproxy init DIR`, and check the folder's owner",
            ) from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise ConfigError(
                f"the log directory `{root}` is in use by another process",
                hint="one process writes a log: stop the other one, or give this one a directory of its own",
            ) from None

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._handle)

    def __enter__(self) -> Self:
        """Hold the lock for a block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
