"""One growing text of a stream: what of it may go, what must wait, what was found.

Only the open run waits: the trailing characters that could still become an identifier, a digit
and what may stand between digits. At most `MOST_HELD` characters wait; a run that is longer is
no identifier at its beginning, unless it is padded with characters that vanish: such a run can't
be inspected, and the stream is cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from zoneproxy.content.approach import approach_start
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.effort import Effort
from zoneproxy.content.inspect import Inspection
from zoneproxy.content.locate import LONGEST_CUE, Located, has_cue, locate
from zoneproxy.content.normalise import ASTRAL, ASTRAL_START, GAP, digit, invisible
from zoneproxy.content.overlay import ALIKE
from zoneproxy.content.registered.trail import Trail, trail_of
from zoneproxy.content.settings import ScanSettings
from zoneproxy.content.veil import may_be_veiled, veiled_start
from zoneproxy.terms.finding import Segment

MOST_HELD = 160
_CONTEXT = 256
_SLACK = 64
_SURE_CONTEXT = 64
_PADDED_DIGITS = 24
_NUMERAL = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What an open run looks like, for texts with or without characters from U+10000 on."""

    run: re.Pattern[str]
    end: re.Pattern[str]
    last: re.Pattern[str]
    padding: re.Pattern[str]
    digit: re.Pattern[str]


def _patterns(below: int) -> _Patterns:
    vanishing = invisible(below)
    one = f"{digit(below)}{_NUMERAL}"
    between = rf"[{vanishing}]*(?:[{GAP}][{vanishing}]*){{0,4}}"
    return _Patterns(
        run=re.compile(rf"[+{one}](?:{between}[{one}A-Z{ALIKE}x])*{between}"),
        end=re.compile(rf"[+{one}A-Z{ALIKE}x{GAP}{vanishing}]"),
        last=re.compile(rf"[+{one}A-Z{ALIKE}x][{GAP}{vanishing}]*\Z"),
        padding=re.compile(rf"[{vanishing}]{{{_PADDING}}}"),
        digit=re.compile(f"[{one}]"),
    )


_PADDING = 64
_PLAIN = _patterns(ASTRAL_START)
_FULL = _patterns(0x110000)


class Window:
    """The end of one growing text.

    Attributes:
        offset: place of the window's first character in the whole text.
        safe: place in the whole text up to which everything is decided.
        padded: the text can't be inspected.
        begins: its first piece.
        inexact: something was found encoded, of which only the neighbourhood is known.
    """

    def __init__(self, settings: ScanSettings) -> None:
        self._settings = settings
        self._trail = trail_of(settings)
        self._text = ""
        self._cued = False
        self._since = 0
        self._seen: set[tuple[str, int]] = set()
        self._values: set[tuple[str, str]] = set()
        self.offset = 0
        self.safe = 0
        self.padded = False
        self.inexact = False
        self.begins = ""

    @property
    def end(self) -> int:
        """Length of the whole text so far."""
        return self.offset + len(self._text)

    @property
    def held(self) -> int:
        """How many characters wait."""
        return self.end - self.safe

    def grow(self, text: str, *, final: bool = False) -> list[Hit]:
        """Take in more text; return what was found in it, with places in the whole text.

        Args:
            text: what the text grows by.
            final: nothing follows: whatever waits is decided now.
        """
        if not self.begins:
            self.begins = text
        whole = self._text = self._text + text
        found = self._located(len(text), final=final)
        undecided = self.offset + min(found.hold, self._open(), veiled_start(whole), approach_start(whole))
        hits: list[Hit] = []
        if found.hits:
            hits += [
                replace(hit, start=hit.start + self.offset, end=hit.end + self.offset)
                for hit in found.hits
                if self._new(hit)
            ]
        if self._trail is not None:
            registered, held_from = self._registered(self._trail, text, final=final)
            hits += registered
            undecided = min(undecided, held_from)
        self._since = undecided
        if may_be_veiled(whole, len(text)):
            hits.extend(self._veiled())
        end = self.offset + len(whole)
        if final:
            self.safe = end
        else:
            self.safe = max(self.safe, undecided)
            self.padded = self.padded or end - self.safe > MOST_HELD
        surplus = self.safe - _CONTEXT - self.offset
        if surplus > _SLACK:
            self._text = whole[surplus:]
            self.offset += surplus
        return hits

    def _registered(self, trail: Trail, text: str, *, final: bool) -> tuple[list[Hit], int]:
        """Find what owners registered, and from where the text must wait for it."""
        effort = Effort(self._settings.most_steps)
        hits = trail.grow(text, effort)
        if final:
            hits += trail.settle(effort)
        self.padded = self.padded or effort.spent_up
        return hits, trail.held_from()

    def _located(self, grown: int, *, final: bool) -> Located:
        """Look into the window; where it had no cue before, one can only be in its newest part."""
        if not self._cued and self._text.isascii():
            self._cued = has_cue(self._text[-grown - LONGEST_CUE :], self._settings.hosts)
            if not self._cued:
                return Located((), len(self._text))
        found = locate(self._text, self._settings, final=final, since=self._since - self.offset)
        self._cued = found.cued
        return found

    def _veiled(self) -> list[Hit]:
        """Find what stands encoded in the window; it is placed at what is not released yet."""
        seen = Inspection(self._settings)
        seen.veiled(self._text, Segment.OUTPUT, 0, spaced=False)
        found = []
        for hit, _ in seen.hits:
            if (hit.kind, hit.value) not in self._values:
                self._values.add((hit.kind, hit.value))
                found.append(replace(hit, start=min(self.safe, self.end), end=self.end))
                self.inexact = True
        return found

    def stands_bare(self, place: int) -> bool:
        """Tell whether a value begins at a place of the whole text, by the sign before it in JSON."""
        return self._text[: max(0, place - self.offset)].rstrip()[-1:] in (":", ",", "[")

    def _new(self, hit: Hit) -> bool:
        """Tell whether a hit was not reported before; those at a cut left edge were, or are none."""
        key = (hit.kind, self.offset + hit.start)
        if key in self._seen or (self.offset and hit.start < _SURE_CONTEXT):
            return False
        self._seen.add(key)
        self._values.add((hit.kind, hit.value))
        return True

    def _open(self) -> int:
        """Return where the open run begins in the window; its length where there is none."""
        text = self._text
        start = max(self.safe - self.offset, len(text) - _CONTEXT * 4)
        special = not text.isascii()
        patterns = _FULL if special and ASTRAL.search(text, start) else _PLAIN
        if special and patterns.padding.search(text, start):
            self.padded = True
        end = len(text) - 1
        if (
            patterns.end.match(text, end) is None
            or patterns.last.search(text, max(start, end - 2 * _PADDING)) is None
        ):
            return len(text)
        runs = list(patterns.run.finditer(text, start))
        if not runs or runs[-1].end() < len(text):
            return len(text)
        newest = max(runs[-1].start(), len(text) - MOST_HELD)
        if newest > runs[-1].start() and len(patterns.digit.findall(text, newest)) < _PADDED_DIGITS:
            self.padded = True
        return newest
