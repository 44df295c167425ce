"""What a detector sees of a text, and what it says about it.

A text may be a piece of a stream. A detector that asks for context beyond the end of an unfinished
text gets what there is, and its candidate is marked undecided: the stream holds it back and asks
again when more has come, so that the answer is the same as for the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from zoneproxy.content import overlay
from zoneproxy.content.effort import CANDIDATE, Effort
from zoneproxy.content.normalise import GAP_SIGNS

PERSONAL = "cn_personal_info"
IMPORTANT = "cn_important_data"
# Between the digits of an identifier there may stand up to four of these.
SEPARATOR = f"[{re.escape(GAP_SIGNS)}]"
GAP = rf"{SEPARATOR}{{0,4}}"
_HAN = re.compile("[\u4e00-\u9fff]")
# Seven digits with gaps: less is in no identifier that begins or ends with digits.
DIGIT_RUN = re.compile(rf"\d(?:{GAP}\d){{6,}}+", re.ASCII)
# Before such a run an identifier may have letters, a country code and an area code in brackets;
# behind it a gap, a check letter, and one sign that tells whether it ends there.
_BEFORE_RUN, _BEHIND_RUN = 40, 6
_MOST_PIECES = 4
# A number may be broken over three lines, or spelt out sign by sign; in between, commas and line ends
# are those of a table.
_MOST_BROKEN, _SPELT_OUT = 2, 10
_OF_TABLES = ",\n\r\t|;"
# A country code and the longest number there is.
MOST_DIGITS = 4 + 19
_LIST = re.compile(rf"\d{{1,2}}({SEPARATOR}{{1,4}})(?:\d{{1,2}}\1)*\d{{1,2}}", re.ASCII)
_GAP_SIGNS = 4
_SHORT_LIST, _FULL_LIST = 12, (MOST_DIGITS + 1) * (_GAP_SIGNS + 1)
PARANOID = 3
_PIECE = 4096
# No candidate is longer, gaps and the sign behind it included.
_LONGEST = 128
Places = tuple[tuple[int, int], ...]
Networks = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing located and validated; `value` is its canonical text and never leaves `scan`."""

    kind: str
    start: int
    end: int
    level: int
    score: int
    category: str
    value: str


class View:
    """A normalised text with the context questions that detectors may ask.

    Args:
        text: the normalised text.
        final: nothing follows the text.
        since: no number that begins before this place is of interest.
        networks, networks6: first and last address of the domestic networks, ascending, as integers.
        hosts: domains that count as domestic besides.
        effort: the steps that closer looks may take.
        level: detectors up to this level are asked.
    """

    def __init__(
        self,
        text: str,
        *,
        final: bool = True,
        since: int = 0,
        networks: Networks = (),
        networks6: Networks = (),
        hosts: frozenset[str] = frozenset(),
        effort: Effort | None = None,
        level: int = 2,
    ) -> None:
        self.text = overlay.latin(text)
        self.final = final
        self.since = since
        self.networks, self.networks6, self.hosts = networks, networks6, hosts
        self.undecided = len(text)
        self.effort = Effort() if effort is None else effort
        self.level = level

    @cached_property
    def numerals(self) -> str:
        """The text with Chinese numerals read as digits; same length."""
        return overlay.numerals(self.text)

    @cached_property
    def digits(self) -> str:
        """The text with numerals and letters that look like digits read as digits; same length."""
        return overlay.digits(self.numerals)

    @cached_property
    def lower(self) -> str:
        """The text in lower case, for words; lengths may differ, so it tells no places."""
        return self.text.lower()

    @cached_property
    def han(self) -> bool:
        """True where the text has Chinese characters."""
        return not self.text.isascii() and _HAN.search(self.text) is not None

    @cached_property
    def runs(self) -> Places:
        """Where digits stand close enough together to be an identifier, with what may belong to them."""
        return self.places(DIGIT_RUN, self.digits, _BEFORE_RUN, _BEHIND_RUN)

    def places(self, cue: re.Pattern[str], text: str, before: int, behind: int) -> Places:
        """Return the places around a cue, ascending and apart, in one linear pass.

        Args:
            cue: what must be there; cheap to search for.
            text: a reading of the text.
            before: how many characters before the cue belong to a place.
            behind: how many after it.
        """
        joined: list[tuple[int, int]] = []
        for found in cue.finditer(text, max(0, self.since - before - _FULL_LIST)):
            if found.end() - found.start() > _SHORT_LIST and self._is_list(found, text):
                continue
            start, end = max(0, found.start() - before), min(len(text), found.end() + behind)
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return tuple(joined)

    def _is_list(self, found: re.Match[str], text: str) -> bool:
        """Tell whether a run is a list of small numbers, all with the same gap, too long to be one number.

        Dice, bits and bytes are written so; a number in such a list is as hidden as in a longer number.
        A list that may still grow past the bound is left undecided.
        """
        if self.level >= PARANOID or _LIST.fullmatch(text, *found.span()) is None:
            return False
        if sum(map(str.isdigit, found.group())) > MOST_DIGITS:
            return True
        if not self.final and found.end() + _GAP_SIGNS >= len(text):
            self.undecided = min(self.undecided, found.start())
        return False

    def candidates(
        self,
        pattern: re.Pattern[str],
        text: str,
        places: Places | None = None,
        lead: re.Pattern[str] | None = None,
    ) -> Iterator[re.Match[str]]:
        """Go through a pattern's candidates in a reading of the text, within the body's effort.

        Args:
            pattern: what a candidate looks like; it may look one character past a place.
            text: a reading of the text.
            places: where candidates may stand; where digits do, unless said otherwise.
            lead: the first sign of a candidate; a class of signs is many times faster to search for than
                what may or may not stand before a number.
        """
        effort = self.effort
        for start, end in self.runs if places is None else places:
            at = max(start, self.since)
            if at >= end:
                continue
            # Piece by piece, so that a run without end is left as soon as the steps are used up.
            for piece in range(at, end, _PIECE):
                if not effort.spend(min(_PIECE, end - piece)):
                    return
                last = min(piece + _PIECE, end)
                stop = min(last + _LONGEST, end)
                for found in (lead or pattern).finditer(text, piece, stop):
                    if found.start() >= last:
                        break
                    if not effort.spend(CANDIDATE):
                        return
                    candidate = pattern.match(text, found.start(), stop) if lead else found
                    if candidate:
                        yield candidate

    def before(self, start: int, width: int) -> str:
        """Return up to `width` characters before `start`."""
        return self.text[max(0, start - width) : start]

    def after(self, start: int, end: int, width: int) -> str:
        """Return up to `width` characters after `end`, for a candidate that begins at `start`."""
        if not self.final and end + width > len(self.text):
            self.undecided = min(self.undecided, start)
        return self.text[end : end + width]


Detector = Callable[[View], Iterator[Hit]]


def is_han(text: str) -> bool:
    """Tell whether a text has Chinese characters."""
    return _HAN.search(text) is not None


def plausible_gaps(gaps: list[str]) -> bool:
    """Tell whether the gaps in an identifier are those of one number.

    One number is written in at most two pieces, with one and the same gap all along, or in a few
    groups; a table of numbers that happens to add up is none of these.
    """
    if len(gaps) <= 1:
        return True
    if len(gaps) <= _MOST_BROKEN and not any(sign in gap for gap in gaps for sign in _OF_TABLES):
        return True  # two gaps within a line, even if they differ: a person wrote it so
    if _MOST_BROKEN < len(gaps) < _SPELT_OUT and any("," in gap or "\n" in gap or "|" in gap for gap in gaps):
        return False
    if len(set(gaps)) == 1:
        return True
    signs = {gap.strip(" ") for gap in gaps}
    return len(gaps) <= _MOST_PIECES and len(signs) == 1 and all(len(sign) <= 1 for sign in signs)
