"""Whose the zone's stored objects are, in one SQLite file that every worker shares.

A claim is one transaction that locks out every other (`BEGIN IMMEDIATE`), and its commit is flushed before
it returns (write-ahead log, synchronous FULL): an answer that names an object leaves only after that. A crash
before the commit returned leaves all of a claim or nothing, and no answer has left.

The first claim of a name stands. A row is kept for as long again as its binding lasted, so that an id that a
server gives out twice does not change hands on the day it expires.

Trust: whoever may write in this file may give objects to another tenant; only the zone's user may. A file
that is lost makes every object unknown, and unknown is refused. One that is taken away, or exchanged, under a
zone that serves is noticed at its next use: nothing is claimed in a file that has no name any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from zoneproxy.adapters.files.whole import sync_folder
from zoneproxy.terms.errors import ConfigError, StoreError
from zoneproxy.terms.objects import Binding, ObjectName

_VERSION = 1
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS bindings (
      kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, route TEXT NOT NULL, side TEXT NOT NULL,
      server TEXT NOT NULL, flow TEXT NOT NULL, made_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
      model TEXT NOT NULL, use TEXT NOT NULL,
      PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS bindings_end ON bindings (2 * expires_ms - made_ms)",
    f"PRAGMA user_version = {_VERSION}",
)
_Found = dict[ObjectName, Binding]
_FIELDS = "kind, id, tenant, route, side, server, flow, made_ms, expires_ms, model, use"
_BUSY_S = 5.0
_MOST_ASKED = 400
_TIDY_EVERY = 500


class SqliteBindings:
    """The binding store; many tasks may use it at once, and many processes the same file.

    Args:
        path: the file; nothing is done to it before `prepare`, or the first use.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._claims = 0
        self._db: sqlite3.Connection | None = None
        self._opened = (0, 0)  # device and inode of the file that it has open
        self._closed = False

    def prepare(self) -> None:
        """Make the file where it is missing, and check it.

        Raises:
            ConfigError: it can't be made, or is no such file.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(mode=0o600)
            with contextlib.closing(_connect(self._path)) as db:
                sound = db.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
            sync_folder(self._path.parent)
        except (OSError, sqlite3.Error, StoreError) as error:
            raise _unusable(self._path, str(error)) from None
        if not sound:
            raise _unusable(self._path, "it is damaged")

    async def find(self, names: Collection[ObjectName]) -> Mapping[ObjectName, Binding]:
        """Return the bindings of these names; see `zoneproxy.terms.ports.Bindings`."""
        return await asyncio.to_thread(self._guarded, lambda db: self._find(db, tuple(names)))

    async def claim(self, bindings: Sequence[Binding]) -> Mapping[ObjectName, Binding]:
        """Bind names that nobody claimed, durably; see `zoneproxy.terms.ports.Bindings`."""
        return await asyncio.to_thread(self._guarded, lambda db: self._claim(db, tuple(bindings)))

    def close(self) -> None:
        """Close the file; whatever is asked from now on fails."""
        with self._lock:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _guarded(self, work: Callable[[sqlite3.Connection], _Found]) -> _Found:
        with self._lock:
            try:
                if self._closed:
                    raise StoreError("the binding store is closed")
                if self._db is not None and self._opened != _identity(self._path):
                    self._drop()
                if self._db is None:
                    self._opened = _identity(self._path)
                    self._db = _connect(self._path)
                return work(self._db)
            except (sqlite3.Error, OSError) as error:
                # What was cut off is undone; the next use begins with a connection of its own.
                with contextlib.suppress(sqlite3.Error):
                    self._drop()
                raise StoreError(
                    f"the binding store `{self._path}` can't be used: {error}",
                    hint="check its disk; what needs it is refused until it works again",
                ) from error

    def _find(self, db: sqlite3.Connection, names: tuple[ObjectName, ...]) -> _Found:
        found = {}
        for start in range(0, len(names), _MOST_ASKED):
            part = names[start : start + _MOST_ASKED]
            places = ", ".join(["(?, ?)"] * len(part))
            query = f"SELECT {_FIELDS} FROM bindings WHERE (kind, id) IN (VALUES {places})"  # noqa: S608
            for row in db.execute(query, [text for name in part for text in (name.kind, name.id)]):
                binding = Binding(ObjectName(row[0], row[1]), *row[2:])
                found[binding.name] = binding
        return found

    def _claim(self, db: sqlite3.Connection, bindings: tuple[Binding, ...]) -> _Found:
        if not bindings:
            return {}
        with _step(db):
            db.executemany(
                f"INSERT INTO bindings ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
                "ON CONFLICT DO NOTHING",
                [
                    (
                        b.name.kind, b.name.id, b.tenant, b.route, b.side, b.server, b.flow, b.made_ms,
                        b.expires_ms, b.model, b.use,
                    )
                    for b in bindings
                ],
            )  # fmt: skip
            standing = self._find(db, tuple(b.name for b in bindings))
            self._claims += 1
            if self._claims % _TIDY_EVERY == 1:
                now_ms = max(b.made_ms for b in bindings)
                db.execute("DELETE FROM bindings WHERE 2 * expires_ms - made_ms < ?", (now_ms,))
        return standing


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file, and make its table where it has none.

    Raises:
        sqlite3.Error: it can't be opened.
        StoreError: it is of another version.
    """
    # A file that has gone is not begun anew here: whoever removed it must start the zone again.
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, autocommit=True,
        check_same_thread=False,
    )  # fmt: skip
    try:
        db.execute("PRAGMA synchronous = FULL")
        if db.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            db.execute("PRAGMA journal_mode = WAL")
        _make_table(db)
    except BaseException:
        db.close()
        raise
    return db


def _make_table(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        with _step(db):
            for statement in _SCHEMA:
                db.execute(statement)
    elif version != _VERSION:
        raise StoreError("it is of another version")


@contextlib.contextmanager
def _step(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        # A crash before the commit returned leaves all of it or nothing: no answer has left yet.
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"the binding store `{path}` can't be used: {why}",
        hint="check the folder; a store that is moved away is begun anew, and what was made before "
        "can't be used any more",
    )
