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
from zoneproxy.content.normalise import GAP_SIGNS

PERSONAL = "cn_personal_info"
IMPORTANT = "cn_important_data"
# Between the digits of an identifier there may stand up to four of these.
SEPARATOR = f"[{re.escape(GAP_SIGNS)}]"
GAP = rf"{SEPARATOR}{{0,4}}"
_HAN = re.compile("[\u4e00-\u9fff]")
# Candidates looked at in one text, over all families; a text with more can't be inspected.
MOST_CANDIDATES = 50_000
_MOST_PIECES = 4
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
        networks: first and last address of the domestic networks, ascending, as integers.
    """

    def __init__(self, text: str, *, final: bool = True, since: int = 0, networks: Networks = ()) -> None:
        self.text = overlay.latin(text)
        self.final = final
        self.since = since
        self.networks = networks
        self.undecided = len(text)
        self.budget = MOST_CANDIDATES

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

    def candidates(self, pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
        """Go through a pattern's candidates in a reading of the text, within the text's budget."""
        for found in pattern.finditer(text, self.since):
            self.budget -= 1
            if self.budget < 0:
                return
            yield found

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
    return (
        len(gaps) <= 1
        or len(set(gaps)) == 1
        or (len(gaps) <= _MOST_PIECES and all(len(gap.strip(" ")) <= 1 for gap in gaps))
    )
