r"""The file that holds the operator's orders (`zoneproxy.config.orders`), read by every worker.

    line 1    `zoneproxy-orders-1`
    line 2    SHA-256 of all that follows, 64 hex digits
    the rest  one JSON object

Worked example: `zoneproxy-orders-1\n`, `ca3d...`, then `{"revision": 0}`.

It stands in a folder of its own of mode 0700, made with an empty file in it at the zone's first start. Where
the folder is there and the file is not, or is not whole, the orders can't be read, and whoever reads stops
everything: a file that vanished must not lift what it held.

Order of writes: the whole file under another name, flushed, then renamed, then its folder flushed. A crash
leaves the old file or the new one. Writers take turns by a lock on the folder, readers need none.

Trust: whoever may write in this folder may lift every stop. Only the zone's user may write there; the log
holds every act, so that a lift without one shows.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.durable import replace
from zoneproxy.trace.files import Files

FORMAT = b"zoneproxy-orders-1\n"
FILE = "orders"
LOCK = "lock"
MAX_BYTES = 64 * 1024 * 1024
_DIGEST_LINE = 65
_TURN_S = 5.0
_LOOK_AGAIN_S = 0.01

Glance = tuple[int, int, int] | None
"""What tells one version of the file from another without reading it; `None` where it can't be looked at."""


class OrderFile:
    """The orders' file in its folder.

    Args:
        root: the folder.
        files: the file-system port; the folder itself where not given.
    """

    def __init__(self, root: Path, files: Files | None = None) -> None:
        self.root = root
        self._files = files

    @property
    def path(self) -> Path:
        """Where the file stands."""
        return self.root / FILE

    def is_new(self) -> bool:
        """Tell whether no orders were ever kept here."""
        return not os.path.lexists(self.root) if self._files is None else self._files.read(FILE) is None

    def found(self, empty: bytes) -> None:
        """Make the folder with a first file in it, in one step, if it is not there.

        Raises:
            ConfigError: it can't be made.
        """
        if self._files is not None or os.path.lexists(self.root):
            return
        try:
            self.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=".orders-", dir=self.root.parent))
        except OSError as error:
            raise _not_made(self.root, error) from None
        try:
            OrderFile(made, _folder(made)).write(empty)
            _give(self.root.parent, made, *made.iterdir())
            # Who comes second finds the folder of the first: a folder with a file in it is never replaced.
            made.rename(self.root)
            with contextlib.closing(DiskFiles(self.root.parent)) as parent:
                parent.sync_folder("")
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise _not_made(self.root, error) from None
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def read(self) -> bytes:
        """Return the JSON object's bytes.

        Raises:
            ConfigError: there is no such file, or it is not whole.
        """
        try:
            port = self._files or DiskFiles(self.root)
            data = port.read_limited(FILE, MAX_BYTES) if isinstance(port, DiskFiles) else port.read(FILE)
        except VerificationError as error:
            raise _unreadable(self.path, error.message) from None
        except OSError as error:
            raise _unreadable(self.path, why(error)) from None
        if data is None:
            raise _unreadable(self.path, "it is gone")
        return decode(data, self.path)

    def write(self, value: bytes) -> None:
        """Put a JSON object in place of the older one, durably; the caller has the turn.

        Raises:
            OSError: the disk failed; the older one or the new one is there, whole.
        """
        if self._files is not None:
            replace(self._files, FILE, encode(value), private=True)
            return
        with contextlib.closing(_folder(self.root)) as files:
            replace(files, FILE, encode(value), private=True)
        _give(self.root, self.path, self.root / "state")

    def glance(self) -> Glance:
        """Look whether the file has changed, without reading it."""
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the writers' lock; blocks while another process writes.

        Raises:
            ConfigError: another one writes and does not end.
            OSError: the folder can't be made or locked.
        """
        if self._files is not None:
            yield
            return
        handle = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _give(self.root, self.root / LOCK)
            deadline_s = time.monotonic() + _TURN_S
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline_s:
                        raise ConfigError(
                            f"another program is changing `{self.path}`", hint="ask again in a moment"
                        ) from None
                    time.sleep(_LOOK_AGAIN_S)
            yield
        finally:
            os.close(handle)


def _folder(root: Path) -> DiskFiles:
    files = DiskFiles(root)
    files.make_folder("state", private=True)
    return files


def _give(owned: Path, *places: Path) -> None:
    """Let what root writes belong to the zone's user, as its folder does."""
    if os.geteuid() == 0:
        owner = owned.stat()
        for place in places:
            os.chown(place, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _not_made(root: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"the folder of the zone's orders `{root}` can't be made: {why(error)}", hint="check its owner"
    )


def encode(value: bytes) -> bytes:
    """Write the file's bytes."""
    return FORMAT + hashlib.sha256(value).hexdigest().encode() + b"\n" + value


def decode(data: bytes, path: Path) -> bytes:
    """Return the JSON object's bytes of a whole file.

    Raises:
        ConfigError: it is not whole.
    """
    start = len(FORMAT)
    value = data[start + _DIGEST_LINE :]
    if data != encode(value):
        raise _unreadable(path, "it is torn, or not what this program writes")
    return value


def _unreadable(path: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"the zone's orders `{path}` can't be read: {problem}",
        hint="everything is stopped until they can; put the file back, or begin anew with "
        "`zoneproxy resume everything`, which forgets all stops and all changes of tenants",
    )
