"""Reading entries by their spelling: one match instead of parsing, encoding again and checking.

An entry of a closed schema in canonical JSON has one spelling, so for each kind one pattern accepts
exactly the bytes that `zoneproxy.trace.entry.parse` accepts, or fewer. Fields that no pattern can tell
(lists of objects, the legs of a decision) are cut out between the fields around them and read the long
way: canonical JSON, then the schema's own check. They repeat from entry to entry, so the last few thousand
that were accepted are remembered by their bytes.

The law of this module: what `Glance.read` accepts, `parse` accepts, with the same values. Where `read`
answers `None`, nothing is said about the entry; `parse` decides.

Worked example: the bytes `{"cause":"stop","mono":5000,"n":"node-1","t":"worker_stop",...}` are matched as a
whole; of a `decision` the parts before and behind `"phases":{...}` are matched, and that object is looked up.

Trust: the bytes may be an enemy's; they can make reading slow (the long way), never lenient.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.facts import VOCABULARY, FactType, FactValue
from zoneproxy.trace import canonical, spelling
from zoneproxy.trace.checks import FIELDS, OPTIONAL, SPELLINGS, Check
from zoneproxy.trace.entry import MAX_BYTES, Entry, parse
from zoneproxy.trace.opening import COMMITMENT
from zoneproxy.trace.schema import PRIVATE, PUBLIC

MOST_REMEMBERED = 4096
"""So many pieces are remembered of each field, at most; then remembering begins anew."""

_MOST_OPTIONAL = 3
_LOOK_CHARS = 6  # tells most kinds apart by the name of their first field
_NAME = spelling.word("[a-z0-9][a-z0-9.-]{0,62}")
_COUNT = r"(?:0|[1-9][0-9]{0,14})"
# An entry with `ws` 0 has no `wp`: there is one of them a worker, and it is read the long way.
_HEADER: Mapping[str, str] = {
    "mono": f"(?P<mono>{_COUNT})",
    "n": f"(?P<n>{_NAME})",
    "ts": "(?P<ts>0|[1-9][0-9]{0,13})",  # what is later is read the long way
    "v": "1",
    "w": f"(?P<w>{_NAME})",
    "wp": '"(?P<wp>[0-9a-f]{64})"',
    "ws": "(?P<ws>[1-9][0-9]{0,14})",
}
_COMMITMENT = f'"(?P<prv>{COMMITMENT})"'
_WHOLE = frozenset(
    (  # noqa: SIM905
        "flow dec verdict by reason rule phase kind facts tok route end bytes eng findings oblig masked "
        "assurance"
    ).split()
)
"""Fields that are cut out as they stand; the others are only checked."""
_REMEMBERED = frozenset({"policy"})
"""Fields that are read the long way although a pattern could tell them: few values, often asked for."""
_NAMES_FACTS: Final = tuple(name for name, spec in VOCABULARY.items() if spec.type is FactType.NAMES)
_SCAN = json.JSONDecoder().raw_decode
"""Reads one JSON value. No pattern matches an escape, or blanks around a value."""
_FEW = frozenset("verdict by reason rule phase kind end eng findings oblig route".split())  # noqa: SIM905
_SHORT = 256
"""Fields that come again and again with the same short values."""
_TENANT, _ROUTE = b'"tenant.id":"', b'"ingress.route":"'


@dataclass(slots=True)
class Seen:
    """An entry as verifiers need it.

    Attributes:
        kind: its kind.
        worker: node and worker, as the entry spells them.
        ws, wp, ts: of its header; `wp` in ASCII.
        prv: its commitment, or empty.
        spelled: fields of the body as they are spelled, values in JSON.
        pieces: fields of the body that were read already.
        entry: the entry, where it was read the long way.
        mono: of its header.
    """

    kind: str
    worker: tuple[bytes, bytes]
    ws: int
    wp: bytes
    ts: int
    prv: str
    spelled: Mapping[str, bytes]
    pieces: Mapping[str, Any]
    entry: Entry | None = None
    mono: int = 0

    def get(self, name: str) -> Any:
        """Return a field of the body; KeyError where it was only checked."""
        if self.entry is not None:
            return self.entry.body[name]
        if name in self.pieces:
            return self.pieces[name]
        spelled = self.spelled[name]
        if name in _FEW and len(spelled) <= _SHORT:
            return _few(spelled)
        text = spelled.decode()
        return text[1:-1] if text[0] == '"' else _SCAN(text, 0)[0]

    def has(self, name: str) -> bool:
        """Tell whether a field of the body that may be absent is there."""
        if self.entry is not None:
            return name in self.entry.body
        return name in self.pieces or name in self.spelled

    def spell(self, name: str) -> bytes:
        """Return a scalar field of the body as it is spelled, texts with their quotes."""
        if self.entry is not None:
            return canonical.encode(self.entry.body[name])
        return self.spelled[name]

    def facts(self) -> dict[str, FactValue]:
        """Return the public facts; the schema's check has shown that all lie in their domains."""
        facts: dict[str, Any] = self.get("facts") if self.entry is None else dict(self.entry.body["facts"])
        for name in _NAMES_FACTS:
            if name in facts:
                facts[name] = frozenset(facts[name])
        return facts

    def tenant(self) -> str:
        """Return the tenant that a decision names, or empty."""
        return self._fact("tenant.id", _TENANT)

    def route(self) -> str:
        """Return the door that a decision names, or empty."""
        return self._fact("ingress.route", _ROUTE)

    def _fact(self, name: str, spelled: bytes) -> str:
        if self.entry is not None:
            return str(self.entry.body["facts"].get(name, ""))
        facts = self.spelled["facts"]
        start = facts.find(spelled) + len(spelled)
        return facts[start : facts.index(b'"', start)].decode() if start >= len(spelled) else ""


@functools.lru_cache(maxsize=4096)
def _few(spelled: bytes) -> Any:
    """Read a value that comes again and again; nobody changes what is read of an entry."""
    text = spelled.decode()
    return text[1:-1] if text[0] == '"' else _SCAN(text, 0)[0]


class _Kind:
    """One kind: patterns of the parts between the pieces that are read the long way.

    A field that may be absent makes a kind of its own, with it and without it.
    """

    def __init__(self, kind: str, fields: Mapping[str, Check]) -> None:
        self.kind = kind
        self.checks = fields
        parts: dict[str, str | None] = {name: SPELLINGS.get(check) for name, check in fields.items()}
        parts |= dict.fromkeys(_REMEMBERED & parts.keys())
        for name, pattern in parts.items():
            if pattern is not None and name in _WHOLE:
                parts[name] = f"(?P<{name}>{pattern})"
        parts |= {**_HEADER, "t": f'"{kind}"'}
        if kind in PRIVATE:
            parts["prv"] = _COMMITMENT
        self.segments: list[re.Pattern[bytes]] = []
        self.holes: list[tuple[str, bytes]] = []
        names = sorted(parts)
        text = r"\{"
        for number, name in enumerate(names):
            last = number + 1 == len(names)
            text += f'"{name}":'
            if (pattern := parts[name]) is not None:
                text += pattern + ("" if last else ",")
                continue
            self.segments.append(re.compile(text.encode()))
            # The next field's name ends a piece. Where it stands inside of the piece, too, the cut is wrong,
            # what is cut out is no JSON, and the long way decides.
            self.holes.append((name, b"}" if last else f',"{names[number + 1]}":'.encode()))
            text = "" if last else ","
        self.segments.append(re.compile((text + r"\}").encode()))
        self.known: Mapping[str, dict[bytes, Any]] = {}
        self.begins = f'{{"{names[0]}":'.encode()[:_LOOK_CHARS]


class Glance:
    """Reads entries by their spelling, and remembers pieces that it has read."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, list[_Kind]] = {}
        self._known: dict[tuple[str, str], dict[bytes, Any]] = {}
        for kind, check in sorted(PUBLIC.items(), key=lambda pair: pair[0] not in PRIVATE):  # frequent first
            fields, optional = FIELDS.get(check), sorted(OPTIONAL.get(check, ()))
            if fields is None or len(optional) > _MOST_OPTIONAL:
                continue
            for there in range(1 << len(optional)):
                absent = {name for place, name in enumerate(optional) if not there >> place & 1}
                made = _Kind(kind, {name: fields[name] for name in fields if name not in absent})
                made.known = {name: self._known.setdefault((kind, name), {}) for name, _ in made.holes}
                self._kinds.setdefault(made.begins, []).append(made)

    def see(self, data: bytes) -> Seen:
        """Read an entry, by its spelling or the long way.

        Raises:
            VerificationError: it is not an entry.
        """
        seen = self.read(data)
        return long_way(data) if seen is None else seen

    def read(self, data: bytes) -> Seen | None:
        """Read an entry by its spelling; `None` where that tells nothing."""
        if len(data) > MAX_BYTES:
            return None
        for kind in self._kinds.get(data[:_LOOK_CHARS], ()):
            seen = self._try(kind, data)
            if seen is not None:
                return seen
        return None

    def _try(self, kind: _Kind, data: bytes) -> Seen | None:
        spelled: dict[str, bytes] = {}
        pieces: dict[str, Any] = {}
        place = 0
        for segment, (name, until) in zip(kind.segments, kind.holes, strict=False):
            match = segment.match(data, place)
            if match is None:
                return None
            if match.lastindex:
                spelled.update(match.groupdict())
            start = match.end()
            place = data.find(until, start)
            piece = data[start:place]
            known = kind.known[name]
            if piece not in known and (place < 0 or not self._learn(kind, name, piece, known)):
                return None
            pieces[name] = known[piece]
        match = kind.segments[-1].fullmatch(data, place)
        if match is None:
            return None
        spelled.update(match.groupdict())
        return Seen(
            kind.kind,
            (spelled["n"], spelled["w"]),
            int(spelled["ws"]),
            spelled["wp"],
            int(spelled["ts"]),
            spelled["prv"].decode() if "prv" in spelled else "",
            spelled,
            pieces,
            None,
            int(spelled["mono"]),
        )

    def _learn(self, kind: _Kind, name: str, piece: bytes, known: dict[bytes, Any]) -> bool:
        """Read a piece the long way and remember it; False where it is not what may stand there."""
        try:
            value = canonical.decode(piece)
            kind.checks[name](value, name)
        except (ValueError, VerificationError):
            return False
        if len(known) >= MOST_REMEMBERED:
            known.clear()
        known[piece] = value
        return True


def long_way(data: bytes) -> Seen:
    """Read an entry as `zoneproxy.trace.entry.parse` does.

    Raises:
        VerificationError: it is not an entry.
    """
    entry = parse(data)
    header = entry.header
    return Seen(
        entry.kind,
        (canonical.encode(header.node), canonical.encode(header.worker)),
        header.ws,
        header.wp.encode(),
        header.ts,
        entry.prv,
        {},
        {},
        entry,
        header.mono,
    )
