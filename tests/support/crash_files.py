"""A disk that loses power: the file-system port in memory, with every disk that may be left."""

from __future__ import annotations

import itertools
from collections.abc import Iterator


class PowerLossError(Exception):
    """The power went away."""


class CrashFiles:
    """The file-system port in memory, that knows which disks a power loss may leave.

    Durable are bytes that a `sync` returned for, and names that a `sync_folder` returned for. Names of one
    folder land in order, any number of them; bytes that were not synced are there, absent, cut in half or
    zeroes.

    Args:
        disk: what is on the disk to begin with.
        crash_at: the number of operations after which the power goes; never, if negative.
    """

    def __init__(self, disk: dict[str, bytes] | None = None, crash_at: int = -1) -> None:
        self._names: dict[str, bytearray] = {}
        self._durable_names: dict[str, bytearray] = {}
        self._synced: dict[int, bytes] = {}
        self._keep: list[bytearray] = []  # so that no identity is used twice
        self._pending: list[tuple[str, str, str, bytearray | None]] = []  # folder, what, name, file
        self.crash_at = crash_at
        self.operations = 0
        self.syncs: list[str] = []
        self.free = 1 << 40
        for path, data in (disk or {}).items():
            made = bytearray(data)
            self._keep.append(made)
            self._names[path] = self._durable_names[path] = made
            self._synced[id(made)] = data

    def _tick(self) -> None:
        self.operations += 1
        if 0 <= self.crash_at < self.operations:
            raise PowerLossError

    def names(self, folder: str) -> list[str]:
        prefix = f"{folder}/" if folder else ""
        below = {path[len(prefix) :] for path in self._names if path.startswith(prefix)}
        return sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in below})

    def read(self, path: str) -> bytes | None:
        found = self._names.get(path)
        return None if found is None else bytes(found)

    def read_limited(self, path: str, limit: int | None) -> bytes | None:
        return self.read(path)

    def make_folder(self, path: str, *, private: bool) -> None:
        """Folders are durable at once: the port promises it."""

    def create(self, path: str, *, private: bool) -> None:
        self._tick()
        made = bytearray()
        self._keep.append(made)
        self._synced[id(made)] = b""
        self._names[path] = made
        self._pending.append((folder(path), "link", path, made))

    def append(self, path: str, data: bytes) -> None:
        self._tick()
        self._names[path] += data

    def sync(self, path: str) -> None:
        self._tick()
        self.syncs.append(path)
        made = self._names[path]
        self._synced[id(made)] = bytes(made)

    def rename(self, old: str, new: str) -> None:
        self._tick()
        made = self._names.pop(old)
        self._names[new] = made
        self._pending += [(folder(new), "link", new, made), (folder(old), "unlink", old, made)]

    def remove(self, path: str) -> None:
        self._tick()
        self._pending.append((folder(path), "unlink", path, self._names.pop(path)))

    def sync_folder(self, path: str) -> None:
        self._tick()
        for change in [change for change in self._pending if change[0] == path]:
            _land(self._durable_names, change)
            self._pending.remove(change)

    def free_bytes(self) -> int:
        return self.free

    def disks(self) -> Iterator[dict[str, bytes]]:
        """Yield every disk that a power loss now may leave."""
        folders = sorted({change[0] for change in self._pending})
        changes = [[change for change in self._pending if change[0] == name] for name in folders]
        for landed in itertools.product(*(range(len(some) + 1) for some in changes)):
            names = dict(self._durable_names)
            for some, count in zip(changes, landed, strict=True):
                for change in some[:count]:
                    _land(names, change)
            paths = list(names)
            for datas in itertools.product(*(self._contents(names[path]) for path in paths)):
                yield dict(zip(paths, datas, strict=True))

    def _contents(self, made: bytearray) -> list[bytes]:
        synced, now = self._synced[id(made)], bytes(made)
        if synced == now:
            return [now]
        more = len(now) - len(synced)
        return [synced, now, now[: len(synced) + more // 2], synced + bytes(more)]


def _land(names: dict[str, bytearray], change: tuple[str, str, str, bytearray | None]) -> None:
    _, what, path, made = change
    if what == "link" and made is not None:
        names[path] = made
    elif names.get(path) is made:
        names.pop(path, None)


def folder(path: str) -> str:
    return path.rpartition("/")[0]
