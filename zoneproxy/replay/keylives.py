"""Who held which key when: the life of every key of a log, each step with the entry that says so.

A log's key signs from the entry that names it (`log_open`, or `key add`) to the one that ends it (`key
retire`, or the shard's `log_close`); it may have been announced before, and destroyed after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.reader import LogReader

_MARKS = (b'"t":"key"', b'"t":"log_')


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a key's life.

    Attributes:
        what: `announced`, `signs`, `retired`, `closed`, `destroyed` or `revoked`.
        origin: the shard that the entry stands in.
        index: the entry.
        ts: its time, milliseconds since 1970 UTC.
    """

    what: str
    origin: str
    index: int
    ts: int


@dataclass(slots=True)
class KeyLife:
    """A key with its steps, in the order of the shards and their entries.

    Attributes:
        vkey: the key.
        role: what it signs: `log`, ...
        steps: its steps.
    """

    vkey: str
    role: str = "log"
    steps: list[Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The key's name and id, as signature lines tell it: `<name>+<8 hex digits>`."""
        name, key_id, _ = self.vkey.split("+", 2)
        return f"{name}+{key_id}"

    @property
    def kind(self) -> str:
        """The signature algorithm, for people."""
        encoded = self.vkey.split("+", 2)[2]
        return {"A": "Ed25519", "B": "ML-DSA-44"}.get(encoded[:1], "unknown")

    def find(self, *what: str) -> Step | None:
        """Return the first step of one of these kinds."""
        return next((step for step in self.steps if step.what in what), None)


_WORDS = {
    "announce": "announced",
    "add": "signs",
    "retire": "retired",
    "destroy": "destroyed",
    "revoke": "revoked",
}


def log_acts(reader: LogReader, found: Sequence[tuple[int, Entry]] | None = None) -> list[tuple[int, Entry]]:
    """Return the entries of a log that speak of keys and shards, with their indexes.

    Args:
        reader: the log.
        found: its rare entries, where an audit has found them all already.

    Raises:
        VerificationError: the log can't be read.
    """
    if found is not None:
        return [
            (index, entry) for index, entry in found if entry.kind == "key" or entry.kind.startswith("log_")
        ]
    return [(index, parse(data)) for index, data in reader.entries() if any(mark in data for mark in _MARKS)]


def key_lives(acts: Iterable[tuple[str, int, Entry]]) -> tuple[KeyLife, ...]:
    """Put together the lives of all keys.

    Args:
        acts: what `log_acts` gave for each shard, oldest first, with the shard's origin before it.
    """
    lives: dict[str, KeyLife] = {}

    for origin, index, entry in acts:
        body, ts = entry.body, entry.header.ts
        if entry.kind == "log_open":
            named, step = body["keys"], Step("signs", origin, index, ts)
        elif entry.kind == "key":
            named, step = body["keys"], Step(_WORDS[body["action"]], origin, index, ts)
        elif entry.kind == "log_close":
            named, step = _signing(lives.values(), origin), Step("closed", origin, index, ts)
        else:
            continue
        for vkey in named:
            lives.setdefault(vkey, KeyLife(vkey, body.get("role", "log"))).steps.append(step)
    return tuple(lives.values())


def _signing(lives: Iterable[KeyLife], origin: str) -> list[str]:
    """Return the keys that sign a shard to its end."""
    found = []
    for life in lives:
        begun = life.find("signs")
        if begun is not None and begun.origin == origin and life.find("retired") is None:
            found.append(life.vkey)
    return found
