"""Writing entries by their spelling: a body is encoded once, and checked by one match of its bytes.

`zoneproxy.trace.glance` reads the entries of a closed schema by the one spelling that canonical JSON gives
them; here the frequent kinds are written by it. A body is spelled out, and where its bytes match the pattern
of its kind, they are canonical and hold nothing that the schema refuses. They are kept in the pieces between
which the header's fields will stand, so that stamping an entry is one formatting. Fields that no pattern can
tell are looked at the long way, once for each of their spellings.

The law of this module: what `spell` accepts, the kind's own check accepts, and `Spelled.entry` gives the
bytes that canonical JSON of the whole entry would give. Where `spell` answers `None`, nothing is said about
the body; the schema's check decides.

Worked example: the body `{"a":1,"x":2}` of a kind `k` is kept as the pieces `{"a":1,` and `"x":2`, and with
its header becomes `{"a":1,"mono":5,"n":"node-1","t":"k","ts":7,"v":1,"w":"w1","wp":"","ws":0,"x":2}`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.checks import FIELDS, OPTIONAL, SPELLINGS, Check
from zoneproxy.trace.schema import PRIVATE, PUBLIC

FREQUENT = frozenset({"decision", "return"})
"""Kinds that are written by their spelling: one of each for every exchange."""
MOST_REMEMBERED = 4096
"""So many pieces are remembered of each field, at most; then remembering begins anew."""
_REMEMBERED = frozenset({"phases", "policy"})
"""Fields whose few values are remembered instead of matched."""
_REASON = b',"reason":'
_STANDING: dict[int, tuple[Any, bytes]] = {}
"""Values that come again as the very same objects, by their identity, with their spelling."""
MOST_STANDING = 256


def standing[V](value: V) -> V:
    """Spell a value once that will stand in many bodies as the very same object.

    Args:
        value: a field of a body; it must never change, nor anything in it.
    """
    text = canonical.spell(value)
    if len(_STANDING) >= MOST_STANDING:
        _STANDING.clear()
    # Held here, its identity can't become another's.
    _STANDING[id(value)] = (value, text)
    return value


def _spell(body: Mapping[str, Any]) -> bytes:
    """Spell a body as `canonical.spell` does; what stands is not spelled again."""
    parts: list[bytes] = []
    between: dict[str, Any] = {}
    for name in sorted(body):
        known = _STANDING.get(id(body[name]))
        if known is None:
            between[name] = body[name]
            continue
        if between:
            parts.append(canonical.spell(between)[1:-1])
            between = {}
        parts.append(b'"%b":%b' % (name.encode(), known[1]))
    if between:
        parts.append(canonical.spell(between)[1:-1])
    return b"{%b}" % b",".join(parts)


@dataclass(frozen=True, slots=True)
class Spelled:
    """A body in its canonical spelling, cut where fields of the header will stand.

    Attributes:
        form: an entry of this kind, with a place for each piece and each field of the header.
        pieces: the parts of the body, in order.
    """

    form: _Form
    pieces: tuple[bytes, ...]

    def entry(self, header: Mapping[str, Any]) -> bytes:
        """Write the entry.

        Args:
            header: all fields of the header but `t` and `v`, and `prv` where the kind has it; texts are plain
                words.
        """
        fields = iter(self.pieces)
        values = [next(fields) if name is None else _plain(header[name]) for name in self.form.order]
        return self.form.text % tuple(values)


def _plain(value: Any) -> bytes:
    return str(value).encode("ascii")


class _Form:
    """A kind with a certain choice of its optional fields."""

    def __init__(self, kind: str, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self.segments: list[re.Pattern[bytes]] = []
        self.holes: list[tuple[str, bytes]] = []
        self.order: list[str | None] = []
        text, format_text = r"\{", "%b"
        self.order.append(None)
        names = sorted(checks)
        header = ["mono", "n", "t", "ts", "v", "w", "wp", "ws", *(["prv"] if kind in PRIVATE else [])]
        due = sorted(header)
        for place, name in enumerate(names):
            last = place + 1 == len(names)
            before = [field for field in due if field < name]
            due = due[len(before) :]
            if before:
                text += "()"  # what is kept is cut here
                format_text += "".join(self._field(field, kind) + "," for field in before) + "%b"
                self.order.append(None)
            text += f'"{name}":'
            pattern = None if name in _REMEMBERED else SPELLINGS.get(checks[name])
            if pattern is not None:
                # It has no groups of its own, which would be taken for cuts.
                text += pattern + ("" if last else ",")
                continue
            self.segments.append(re.compile(text.encode()))
            self.holes.append((name, b"}" if last else f',"{names[place + 1]}":'.encode()))
            text = "" if last else ","
        if due:
            text += "()"
            format_text += "".join("," + self._field(field, kind) for field in due) + "%b"
            self.order.append(None)
        self.segments.append(re.compile((text + r"\}").encode()))
        self.text = format_text.encode()
        self._known: dict[str, set[bytes]] = {name: set() for name, _ in self.holes}

    def _field(self, name: str, kind: str) -> str:
        if name == "t":
            return f'"t":"{kind}"'
        if name == "v":
            return '"v":1'
        self.order.append(name)
        return f'"{name}":%b' if name in ("mono", "ts", "ws") else f'"{name}":"%b"'

    def cut(self, data: bytes) -> tuple[bytes, ...] | None:
        """Cut a body where its header will stand; `None` where its spelling tells nothing."""
        cuts: list[int] = []
        place = 0
        for segment, (name, until) in zip(self.segments, self.holes, strict=False):
            match = segment.match(data, place)
            if match is None:
                return None
            cuts += [match.start(number) for number in range(1, segment.groups + 1)]
            start = match.end()
            # The legs of a decision have reasons of their own: the field that follows them is the last.
            place = (
                data.rfind(until, start) if name == "phases" and until == _REASON else data.find(until, start)
            )
            if place < 0 or not self._is_known(name, data[start:place]):
                return None
        segment = self.segments[-1]
        match = segment.fullmatch(data, place)
        if match is None:
            return None
        cuts += [match.start(number) for number in range(1, segment.groups + 1)]
        return tuple(data[here:there] for here, there in zip([0, *cuts], [*cuts, len(data)], strict=True))

    def _is_known(self, name: str, piece: bytes) -> bool:
        known = self._known[name]
        if piece in known:
            return True
        try:
            self._checks[name](canonical.decode(piece), name)
        except (ValueError, VerificationError):
            return False
        if len(known) >= MOST_REMEMBERED:
            known.clear()
        known.add(piece)
        return True


@functools.cache
def _form(kind: str, names: frozenset[str]) -> _Form | None:
    check = PUBLIC[kind]
    fields = FIELDS[check]
    if not fields.keys() - OPTIONAL.get(check, frozenset()) <= names <= fields.keys():
        return None
    return _Form(kind, {name: fields[name] for name in names})


def spell(kind: str, body: Mapping[str, Any]) -> Spelled | None:
    """Spell a body and check it by its spelling; `None` where that tells nothing.

    Args:
        kind: a kind of `zoneproxy.trace.schema`.
        body: its public fields.
    """
    if kind not in FREQUENT:
        return None
    names = frozenset(body)
    if not names <= FIELDS[PUBLIC[kind]].keys():
        return None
    form = _form(kind, names)
    if form is None:
        return None
    try:
        pieces = form.cut(_spell(body))
    except (TypeError, ValueError):
        return None
    return None if pieces is None else Spelled(form, pieces)
