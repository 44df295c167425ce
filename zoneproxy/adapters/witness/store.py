"""What a witness must never forget: the newest tree that it cosigned of each log, and its own last time.

One SQLite file. A step that reads the old head and stores the new one is one transaction that locks out
every other (`BEGIN IMMEDIATE`), and its commit is flushed before it returns (write-ahead log, synchronous
FULL). So two requests, in one process or two, can't both follow one head, and an answer that was given is
never contradicted after a crash.

The file is made by `zoneproxy witness init` alone, never by a running witness: a witness that lost its
memory must not begin anew under the same keys.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.witness import Head

MAX_EVIDENCE = 1000
"""So many pieces of evidence are kept of each kind: who can sign for a log can't fill the disk."""

_SCHEMA = """
CREATE TABLE heads (
  origin TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, seconds INTEGER NOT NULL
) STRICT;
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), seconds INTEGER NOT NULL) STRICT;
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, seen INTEGER NOT NULL, data BLOB NOT NULL,
  digest TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO clock VALUES (1, 0);
PRAGMA user_version = 1;
"""
_BUSY_S = 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """A row of what is known: a log's origin, the size cosigned last, and when."""

    origin: str
    size: int
    seconds: int


class WitnessStore:
    """A witness's memory; used by one thread at a time.

    Args:
        path: the file, made by `create`.

    Raises:
        ConfigError: it is missing, or no such file.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ConfigError(
                f"the witness's memory `{path}` is missing",
                hint="restore its newest copy; without one, make a new witness with new keys: "
                "`zoneproxy witness init DIR`",
            )
        self._db = sqlite3.connect(path, timeout=_BUSY_S, autocommit=True, check_same_thread=False)
        try:
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA journal_mode = WAL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            sound = version == 1 and self._db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        except sqlite3.Error as error:
            self._db.close()
            raise _broken(path, error) from None
        if not sound:
            self._db.close()
            raise _broken(path, None)

    @classmethod
    def create(cls, path: Path) -> None:
        """Make the file, mode 0600.

        Raises:
            ConfigError: it exists already, or can't be made.
        """
        try:
            path.touch(mode=0o600, exist_ok=False)
            with contextlib.closing(sqlite3.connect(path, autocommit=True)) as db:
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"`{path}` can't be made: {error}", hint="check the folder") from None

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Hold out every other step until this one is durable, or undone by an exception.

        Raises:
            TraceError: it is not known to be durable.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            # A crash before the commit returned leaves the old head or the new one: nobody was answered.
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise TraceError(
                f"the witness's memory could not be written: {error}",
                hint="check the disk; nothing was cosigned that is not stored",
            ) from error

    def head(self, origin: str) -> Head | None:
        """Return what was cosigned last of a log."""
        return self._head("origin", origin)

    def head_by_digest(self, digest: str) -> Head | None:
        """Return what was cosigned last of the log whose origin has this SHA-256, in hex."""
        return self._head("digest", digest)

    def _head(self, column: str, value: str) -> Head | None:
        query = f"SELECT size, root, note FROM heads WHERE {column} = ?"  # noqa: S608  # one of two words
        row = self._db.execute(query, (value,)).fetchone()
        return None if row is None else Head(*row)

    def store(self, origin: str, digest: str, head: Head, seconds: int) -> None:
        """Store a new head and the time of its cosignature, within a step."""
        self._db.execute(
            "INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
            " size = excluded.size, root = excluded.root, note = excluded.note, seconds = excluded.seconds",
            (origin, digest, head.size, head.root, head.note, seconds),
        )
        self._db.execute("UPDATE clock SET seconds = ?", (seconds,))

    @property
    def seconds(self) -> int:
        """The time of the newest cosignature, seconds since 1970 UTC; 0 if there is none."""
        (seconds,) = self._db.execute("SELECT seconds FROM clock").fetchone()
        return int(seconds)

    def reset_clock(self, seconds: int) -> None:
        """Forget that the clock was ahead."""
        with self.step():
            self._db.execute("UPDATE clock SET seconds = ?", (seconds,))

    def keep(self, kind: str, seen: int, digest: str, data: bytes) -> bool:
        """Keep a piece of evidence, within a step; False if it is known, or there are too many."""
        (count,) = self._db.execute("SELECT count(*) FROM evidence WHERE kind = ?", (kind,)).fetchone()
        if count >= MAX_EVIDENCE:
            return False
        row = (kind, seen, data, digest)
        query = "INSERT OR IGNORE INTO evidence (kind, seen, data, digest) VALUES (?, ?, ?, ?)"
        return self._db.execute(query, row).rowcount == 1

    def evidence(self) -> list[bytes]:
        """Return the files of all evidence, in the order of coming."""
        return [data for (data,) in self._db.execute("SELECT data FROM evidence ORDER BY id")]

    def known(self) -> list[Known]:
        """Return what is known of each log, by origin."""
        rows = self._db.execute("SELECT origin, size, seconds FROM heads ORDER BY origin")
        return [Known(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _broken(path: Path, error: sqlite3.Error | None) -> ConfigError:
    why = f": {error}" if error else ""
    return ConfigError(
        f"`{path}` is no memory of a witness{why}",
        hint="restore its newest copy; an old one could make the witness contradict itself",
    )
