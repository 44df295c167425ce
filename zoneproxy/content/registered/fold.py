r"""One form for all disguises of a text: case, width, look-alikes, digits of every script, separators.

Every character is folded by itself, so that a text that arrives in pieces folds as the whole does:
compatibility decomposition, case folding, marks and ignorable characters dropped, letters that look Latin
read as Latin, every digit and Chinese numeral read as 0 to 9; whatever is neither letter nor digit becomes
one space, a separator. `flatten` then drops the separators and reads o, i and l as 0, 1 and 1.

The fold loses distinctions on purpose; it is applied to what is registered and to what is searched alike.

    >>> text = "\uff3ahang\u200b-Wei 一三八"
    >>> plain(text), flatten(plain(text))
    ('zhang wei 138', 'zhangwe1138')
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence

from zoneproxy.content.normalise import TABLE

_NUMERALS = dict(
    zip("〇零○一二三四五六七八九壹贰叁肆伍陆柒捌玖貳參陸幺两兩", "000123456789123456789236122", strict=True)
)
# Letters of other scripts that look Latin: Greek by case, because its two cases look like different letters.
_ALIKE = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαντυρικ", "abezhikmnoptyxoavtupik", strict=True)) | dict(
    zip("авекмнорстухіјѕԁԛԝһѡӏ", "abekmhopctyxijsdqwhwl", strict=True)
)
_LOOK = str.maketrans("oil", "011")
_MOST_KEPT = 65_536
LONGEST_GAP = 6


class _Plain(dict[int, str]):
    """Folds characters as they are asked for, and keeps a bounded number of answers.

    Attributes:
        uneven: characters that do not fold to one character.
    """

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(folded) != 1:
            self.uneven.add(chr(code))
        if len(self) < _MOST_KEPT:
            self[code] = folded
        return folded


def _fold(character: str) -> str:
    known = TABLE.get(ord(character), character)
    if not known:
        return ""
    folded = "".join(
        _sign(sign)
        for piece in unicodedata.normalize("NFKD", known)
        for sign in unicodedata.normalize("NFKD", _ALIKE.get(piece, piece).casefold())
    )
    return folded if not folded or folded.strip() else " "


def _sign(sign: str) -> str:
    category = unicodedata.category(sign)
    if category.startswith("M") or category == "Cf":
        return ""
    if sign in _NUMERALS:
        return _NUMERALS[sign]
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    return _ALIKE.get(sign, sign) if sign.isalnum() else " "


_PLAIN = _Plain()
_RUN = re.compile(r"[a-z]+|[0-9]+| +|[^ a-z0-9]+")
_SEPARATOR, _DIGITS, _LETTERS, _OTHER = range(4)


def plain(text: str) -> str:
    """Fold a text; separators stay, one space for each."""
    return text.translate(_PLAIN)


def flatten(folded: str) -> str:
    """Drop the separators of a folded text, and the difference between letters and digits that look alike."""
    return folded.replace(" ", "").translate(_LOOK)


def flat(text: str) -> str:
    """Fold and flatten a text."""
    return flatten(plain(text))


class Reading:
    """A growing text in its flat form, with where values may begin and end in it.

    A value begins and ends between letters and digits, beside a separator, and beside any character that is
    not ASCII when folded. Places in the flat text count from its beginning, whatever was let go.

    Attributes:
        flat: the kept part of the flat text.
        begin: place of its first character.
    """

    def __init__(self) -> None:
        self.flat = ""
        self.begin = 0
        self._places: array[int] = array("q")
        self._raw = 0
        self._gap = 1
        self._kind = _SEPARATOR
        self._last = -1

    @property
    def end(self) -> int:
        """Length of the whole flat text so far."""
        return self.begin + len(self.flat)

    def piece(self, start: int, end: int) -> str:
        """Return a piece of the flat text that was not let go."""
        return self.flat[start - self.begin : end - self.begin]

    def raw(self, place: int) -> int:
        """Return where the character at a place stands in the text as it came; its end beyond the last."""
        at = max(0, place - self.begin)
        return self._places[at] if at < len(self._places) else self._raw

    def raw_end(self, place: int) -> int:
        """Return where the character before a place ends in the text as it came."""
        return self.raw(place - 1) + 1

    def feed(self, text: str) -> list[int]:
        """Take in more text.

        Returns:
            The places where a value may begin or end, ascending; `~place` is a place that no value reaches
            across.
        """
        folded = text.translate(_PLAIN)
        places: Sequence[int] = range(self._raw, self._raw + len(text))
        if not text.isascii() and not _PLAIN.uneven.isdisjoint(text):
            places = [at for at, sign in zip(places, text, strict=True) for _ in _PLAIN[ord(sign)]]
        marks = [0] if self._last < 0 else []
        self._last = max(self._last, 0)
        grown = self.end
        for run in _RUN.finditer(folded):
            start, end = run.span()
            kind = _kind(folded[start])
            if kind == _SEPARATOR:
                self._separate(end - start, grown, marks)
                continue
            if not self._gap and (kind != self._kind or kind == _OTHER):
                self._mark(grown, marks)
            if kind == _OTHER:
                marks.extend(range(grown + 1, grown + end - start))
                self._last = grown + end - start - 1
            self._gap, self._kind = 0, kind
            grown += end - start
            self._places.extend(places[start:end])
        self.flat += flatten(folded)
        self._raw += len(text)
        return marks

    @property
    def raw_size(self) -> int:
        """Length of the text as it came."""
        return self._raw

    def settle(self) -> list[int]:
        """Decide the end of the text as if nothing followed; return the place, where it is a new one."""
        marks: list[int] = []
        self._mark(self.end, marks)
        return marks

    def close(self) -> list[int]:
        """End a text; what follows is another one, whose places begin at nought."""
        marks = [*self.settle(), ~self.end]
        self._gap, self._raw = 1, 0
        # Of the texts before, only that they lie before is still known.
        self._places = array("q", bytes(8 * len(self._places)))
        return marks

    def let_go(self, place: int) -> None:
        """Forget the flat text before a place."""
        surplus = place - self.begin
        if surplus > 0:
            self.flat = self.flat[surplus:]
            del self._places[:surplus]
            self.begin = place

    def _separate(self, count: int, place: int, marks: list[int]) -> None:
        if not self._gap:
            self._mark(place, marks)
        near = self._gap <= LONGEST_GAP
        self._gap += count
        if near and self._gap > LONGEST_GAP:
            marks.append(~place)

    def _mark(self, place: int, marks: list[int]) -> None:
        if place > self._last:
            self._last = place
            marks.append(place)


def _kind(sign: str) -> int:
    if sign == " ":
        return _SEPARATOR
    if "a" <= sign <= "z":
        return _LETTERS
    return _DIGITS if "0" <= sign <= "9" else _OTHER
