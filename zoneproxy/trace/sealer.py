"""Sealing: the writer's session of data keys.

One sealer serves one session of the log's writer. It draws a data key for each (tenant, day, retention
class) when the first opening of that kind comes, makes its file durable, and only then seals with it.

A crash between the key's file and the group that needs it leaves a key that opens nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.trace.datakey import NOBODY, KeyLabel, Wrapper, encode_key_file
from zoneproxy.trace.durable import replace
from zoneproxy.trace.entry import Draft
from zoneproxy.trace.files import Files
from zoneproxy.trace.retention import class_of
from zoneproxy.trace.sealed import KEY_BYTES, KEY_ID_BYTES, Place, seal

TEMPORARY = "state/newkey"
"""A place of its own: the publisher may be writing a file of its own at the same time."""

MOST_KEYS = 4096
Token = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Sealing:
    """How private parts are to be encrypted, whatever the log.

    Attributes:
        wrappers: whom data keys are wrapped for; never empty.
        token: returns fresh random bytes.
        classes: retention class by entry kind, where it differs from the default.
    """

    wrappers: Sequence[Wrapper]
    token: Token
    classes: Mapping[str, str] = field(default_factory=dict)

    def session(self, files: Files, origin: str, *, temporary: str = TEMPORARY) -> Sealer:
        """Begin a session in one log; two at once need different places for `temporary`, in `state/`."""
        return Sealer(files, origin, self.wrappers, self.token, self.classes, temporary)


@dataclass(slots=True)
class _DataKey:
    label: KeyLabel
    key: bytes
    count: int = 0


@dataclass
class Sealer:
    """Encrypts openings before they are written; one session's, used by one thread.

    Args:
        files: the log's directory.
        origin: the log's origin.
        wrappers: whom data keys are wrapped for; never empty.
        token: returns fresh random bytes.
        classes: retention class by entry kind, where it differs from the default.
        temporary: where a key's file grows before it gets its name.
    """

    files: Files
    origin: str
    wrappers: Sequence[Wrapper]
    token: Token
    classes: Mapping[str, str] = field(default_factory=dict)
    temporary: str = TEMPORARY
    _keys: dict[tuple[str, str, str], _DataKey] = field(default_factory=dict)
    _tenants: dict[int, str] = field(default_factory=dict)  # of admitted exchanges, by their decision

    def seal(self, index: int, kind: str, body: Mapping[str, Any], ts: int, opening: bytes) -> bytes:
        """Encrypt the opening of the entry at `index`; nothing remains nothing.

        Raises:
            OSError: the data key could not be made durable.
        """
        tenant = self._tenant(index, kind, body)
        if not opening:
            return b""
        return self.seal_for(tenant, day_of(ts), class_of(kind, self.classes), index, opening)

    def seal_for(self, tenant: str, day: str, retention: str, index: int, opening: bytes) -> bytes:
        """Encrypt an opening under this session's data key of that tenant, day and class."""
        key = self._keys.get((tenant, day, retention)) or self._draw(tenant, day, retention)
        count, key.count = key.count, key.count + 1
        return seal(key.key, key.label.id, count, Place(self.origin, index), opening)

    def forget(self) -> None:
        """Draw new keys from now on: after some were destroyed, none of them may be used again."""
        self._keys.clear()

    def _draw(self, tenant: str, day: str, retention: str) -> _DataKey:
        label = KeyLabel(self.origin, tenant, day, retention, self.token(KEY_ID_BYTES))
        made = _DataKey(label, self.token(KEY_BYTES))
        data = encode_key_file(label, made.key, self.wrappers)
        replace(self.files, label.path, data, private=True, temporary=self.temporary)
        if len(self._keys) >= MOST_KEYS:
            self._keys.clear()  # they are drawn anew: a key is never taken up again
        self._keys[tenant, day, retention] = made
        return made

    def _tenant(self, index: int, kind: str, body: Mapping[str, Any]) -> str:
        if kind == "decision":
            tenant = str(body["facts"].get("tenant.id", NOBODY))
            if body["verdict"] == "allow":
                self._tenants[index] = tenant
            return tenant
        if kind in {"return", "abort"}:
            return self._tenants.pop(body["dec"], NOBODY)
        return NOBODY


def sealed(sealer: Sealer | None, index: int, made: Draft, ts: int) -> bytes:
    """Return a draft's opening as it is to be written: encrypted, where there is a sealer."""
    return made.opening if sealer is None else sealer.seal(index, made.kind, made.body, ts, made.opening)


def day_of(ts: int) -> str:
    """Return the UTC day of a time in milliseconds since 1970."""
    return dt.datetime.fromtimestamp(ts // 1000, dt.UTC).date().isoformat()
