"""The openings of a log, as a reader finds them: open, sealed for others, or gone, each told apart.

Trust: nothing found here is believed; what opens is checked against its entry's commitment by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from zoneproxy.trace.datakey import FOLDER, MAX_FILE_BYTES, Holder, unwrap_key
from zoneproxy.trace.opening_files import decode_openings, open_path
from zoneproxy.trace.sealed import Place, is_sealed, key_id_of, unseal
from zoneproxy.trace.tiles import WIDTH

MAX_OPENINGS_BYTES = 64 * 1024 * 1024
_MOST_KEYS = 4096

Fetch = Callable[[str, int], bytes | None]
Names = Callable[[str], list[str]]


class Access(StrEnum):
    """What came of looking for an opening."""

    OPEN = "open"
    SEALED = "sealed"
    """It is there, under a key that this reader does not hold."""
    SHREDDED = "shredded"
    """It is there, but its data key is gone: nobody can open it any more."""
    ABSENT = "absent"


class Found(NamedTuple):
    """An opening as found.

    Attributes:
        access: what came of it.
        record: the plain opening record; empty unless it is open.
        key_id: id of the data key that it lies under (hex); empty where it is plain or absent.
    """

    access: Access
    record: bytes = b""
    key_id: str = ""


class OpeningStore:
    """Reads openings, with whatever keys the reader holds.

    Args:
        fetch: returns files of the log.
        names: lists folders; without it data keys can't be found, and sealed openings stay so.
        origin: the log's origin.
        holders: the keys at hand.
    """

    def __init__(
        self, fetch: Fetch, names: Names | None, origin: str, holders: Sequence[Holder] = ()
    ) -> None:
        self._fetch = fetch
        self._names = names
        self._origin = origin
        self._holders = tuple(holders)
        self._bundle: tuple[int, list[bytes]] = (-1, [])
        self._keys: dict[bytes, bytes | None] = {}
        self._paths: dict[str, str] | None = None

    def find(self, index: int) -> Found:
        """Look for the opening of an entry.

        Raises:
            VerificationError: the file of openings, a data key or the opening was changed.
        """
        return self.look(index, self.raw(index))

    def look(self, index: int, record: bytes) -> Found:
        """Look at an opening of an entry, wherever it was found.

        Raises:
            VerificationError: a data key or the opening was changed.
        """
        if not record:
            return Found(Access.ABSENT)
        if not is_sealed(record):
            return Found(Access.OPEN, record)
        key_id = key_id_of(record)
        if self._names is not None and key_id.hex() not in self._key_paths():
            return Found(Access.SHREDDED, key_id=key_id.hex())
        key = self._key(key_id)
        if key is None:
            return Found(Access.SEALED, key_id=key_id.hex())
        return Found(Access.OPEN, unseal(key, Place(self._origin, index), record), key_id.hex())

    def raw(self, index: int) -> bytes:
        """Return an opening as it lies there; empty where there is none."""
        bundle, offset = divmod(index, WIDTH)
        if self._bundle[0] != bundle:
            data = self._fetch(open_path(bundle), MAX_OPENINGS_BYTES)
            self._bundle = (bundle, [] if data is None else decode_openings(data))
        openings = self._bundle[1]
        return openings[offset] if offset < len(openings) else b""

    def key_file(self, key_id: str) -> bytes | None:
        """Return the file of a data key by its id (hex); `None` if it is gone."""
        path = self._key_paths().get(key_id)
        return None if path is None else self._fetch(path, MAX_FILE_BYTES)

    def _key(self, key_id: bytes) -> bytes | None:
        if not self._holders:
            return None
        if key_id not in self._keys:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            data = self.key_file(key_id.hex())
            self._keys[key_id] = (
                None if data is None else unwrap_key(data, key_id, self._origin, self._holders)
            )
        return self._keys[key_id]

    def _key_paths(self) -> dict[str, str]:
        if self._paths is None:
            self._paths = {} if self._names is None else dict(list_keys(self._names))
        return self._paths


def list_keys(names: Names) -> list[tuple[str, str]]:
    """Return id and path of each data key that is still there, by day."""
    days = [day.removesuffix("/") for day in names(FOLDER) if day.endswith("/")]
    return [(name, f"{FOLDER}/{day}/{name}") for day in days for name in names(f"{FOLDER}/{day}")]
