"""A record of the trace log: canonical JSON of a closed schema.

Every entry has the header

    v     1, the format's version            t     kind, see `zoneproxy.trace.schema`
    n     node                               w     worker
    ws    the worker's own count, from 0     wp    leaf hash (hex) of the worker's entry before, or empty
    ts    milliseconds since 1970 UTC,       mono  milliseconds since the worker started
          never less than in the entry before

then the public fields of its kind, and `prv`, the commitment to the private ones
(`zoneproxy.trace.opening`), on kinds that have any. Keys are sorted, see `zoneproxy.trace.canonical`.
An entry is at most 8,192 bytes long.

Worked example:

    {"cause":"stop","mono":5000,"n":"node-1","t":"worker_stop","ts":1767225605000,"v":1,"w":"w1",
     "wp":"6e34...a01d","ws":7}        (in one line)

Trust: `ws` and `wp` are the worker's: whoever sequences the log can neither drop nor insert an entry of
a worker without a break in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.moments import MAX_MS
from zoneproxy.trace import canonical
from zoneproxy.trace.canonical import MAX_INT
from zoneproxy.trace.opening import COMMITMENT, commit
from zoneproxy.trace.schema import PRIVATE, PUBLIC, check_body, private_fields
from zoneproxy.trace.spelled import Spelled, spell

VERSION = 1
MAX_BYTES = 8192
_HEADER = frozenset({"v", "t", "n", "w", "ws", "wp", "ts", "mono"})
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}\Z", re.ASCII)
_LEAF = re.compile(r"(?:[0-9a-f]{64})?\Z", re.ASCII)
_COMMITMENT = re.compile(rf"{COMMITMENT}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Header:
    """Who wrote an entry, and when; the fields are those of the module's table."""

    node: str
    worker: str
    ws: int
    wp: str
    ts: int
    mono: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as read: its kind, header, public body and commitment (empty on kinds without)."""

    kind: str
    header: Header
    body: Mapping[str, Any]
    prv: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that was checked and committed to, and waits for its header.

    `opening` is the record that opens `prv`; both are empty on kinds without private fields. `spelled` is the
    body as it will be written, where its spelling told that it is sound.
    """

    kind: str
    body: Mapping[str, Any]
    prv: str
    opening: bytes
    spelled: Spelled | None = None


def draft(kind: str, body: Mapping[str, Any], private: Mapping[str, Any], seed: bytes) -> Draft:
    """Check an entry's body and commit to its private fields.

    Args:
        kind: a kind of `zoneproxy.trace.schema`.
        body: its public fields; they must not change any more.
        private: its private fields; absent ones count as null.
        seed: 32 fresh random bytes.

    Raises:
        ValueError: anything outside the kind's vocabulary (the caller's bug: refuse, don't log).
    """
    if (spelled := spell(kind, body)) is None:
        check_body(kind, body)
    if kind not in PRIVATE and not private:
        return Draft(kind, body, "", b"")
    prv, opening = commit(private_fields(kind, private), seed)
    return Draft(kind, body, prv, opening, spelled)


def encode(made: Draft, header: Header) -> bytes:
    """Write an entry.

    Raises:
        ValueError: it would be longer than 8,192 bytes, or the header is no header.
    """
    value: dict[str, Any] = {
        "v": VERSION,
        "t": made.kind,
        "n": header.node,
        "w": header.worker,
        "ws": header.ws,
        "wp": header.wp,
        "ts": header.ts,
        "mono": header.mono,
    }
    if made.prv:
        value["prv"] = made.prv
    _check_header(value)
    data = canonical.encode({**made.body, **value}) if made.spelled is None else made.spelled.entry(value)
    if len(data) > MAX_BYTES:
        raise ValueError(f"the entry would be {len(data)} bytes long, more than {MAX_BYTES}")
    return data


def parse(data: bytes) -> Entry:
    """Read an entry; only what `encode` could have written is accepted.

    Raises:
        VerificationError: it is not an entry.
    """
    if len(data) > MAX_BYTES:
        raise VerificationError("the entry is too long", where="entry")
    value = canonical.decode(data)
    try:
        return _split(value)
    except ValueError as error:
        raise VerificationError(f"the entry breaks its schema: {error}", where="entry") from None


def _split(value: Any) -> Entry:
    if type(value) is not dict:
        raise ValueError("it is not an object")
    if not value.keys() >= _HEADER:
        raise ValueError(f"it lacks `{min(_HEADER - value.keys())}`")
    _check_header(value)
    kind, prv = value["t"], value.get("prv", "")
    if type(kind) is not str:
        raise ValueError("its kind is not a word")
    if kind not in PUBLIC:
        raise ValueError("this is no kind of entry")
    if ("prv" in value) is not (kind in PRIVATE) or (kind in PRIVATE and not _fits(_COMMITMENT, prv)):
        raise ValueError("`prv` is not one commitment")
    body = {name: item for name, item in value.items() if name not in _HEADER and name != "prv"}
    check_body(kind, body)
    header = Header(value["n"], value["w"], value["ws"], value["wp"], value["ts"], value["mono"])
    return Entry(kind, header, body, prv)


def _check_header(value: Mapping[str, Any]) -> None:
    if type(value["v"]) is not int or value["v"] != VERSION:
        raise ValueError("its version is not known")
    if not (_fits(_NAME, value["n"]) and _fits(_NAME, value["w"])):
        raise ValueError("`n` and `w` are not names of a node and a worker")
    if any(type(value[name]) is not int or not 0 <= value[name] <= MAX_INT for name in ("ws", "ts", "mono")):
        raise ValueError("`ws`, `ts` and `mono` are not counts")
    if value["ts"] > MAX_MS:
        raise ValueError("`ts` is no time of day of our calendar")
    if not _fits(_LEAF, value["wp"]) or (value["wp"] == "") is not (value["ws"] == 0):
        raise ValueError("`wp` is not the hash of an entry before")


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return type(value) is str and pattern.match(value) is not None


def peek(data: bytes) -> Entry:
    """Read an entry that this log itself wrote and a hash protects; its schema is not checked again.

    Raises:
        VerificationError: it is not an entry at all.
    """
    try:
        value = json.loads(data)
        body = {name: item for name, item in value.items() if name not in _HEADER and name != "prv"}
        header = Header(value["n"], value["w"], value["ws"], value["wp"], value["ts"], value["mono"])
        return Entry(value["t"], header, body, value.get("prv", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise VerificationError("this is not an entry", where="entry") from None
