"""Fingerprints of what was returned to callers, so that it can be recognised inland, and never read.

A text is folded to one form (`registered.fold`: case, width, disguises and separators make no difference).
Of its grams of `GRAM` characters, those whose checksum is a multiple of `ONE_IN` are chosen: the choice
depends on the text alone, so a piece of it chooses the same grams. What is kept of a chosen gram is 8 bytes
of keyed BLAKE2b; besides, each whole text of at least `SHORTEST` characters has one fingerprint of its own.
About an eighth of a byte is kept for each character, and nobody without the key can try out texts.

A text is recognised where it holds two fingerprints of one day, or the fingerprint of a whole text. Of pieces
of 600 flat characters 99 in 100 have two, of 300 nine in ten; what is shorter, reworded or translated is not
recognised. Two texts that quote the same third one are alike: a match says where to look, it proves nothing.

    >>> one, other = Returned(bytes(32)), Returned(bytes(32))
    >>> one.grow((0,), "The quick brown fox jumps over the lazy dog.")
    >>> other.grow((0,), "the QUICK brown fox "); other.grow((0,), "jumps over the lazy dog")
    >>> one.prints() == other.prints() and len(one.prints()) >= 1
    True
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from zoneproxy.content.deltas import Channel
from zoneproxy.content.registered import fold

GRAM, ONE_IN, SHORTEST = 24, 64, 24
MOST_PRINTS = 200_000
"""Of one answer: that is about twelve million characters."""
ENOUGH = 2


@dataclass(slots=True)
class _Text:
    """One growing text: its last characters, and the digest of all of them."""

    whole: hashlib.blake2b
    tail: str = ""
    size: int = 0


@dataclass(slots=True)
class Returned:
    """Takes the fingerprints of an answer's texts, piece by piece.

    Attributes:
        key: secret, 32 bytes; the same where texts are looked up.
    """

    key: bytes
    _texts: dict[Channel, _Text] = field(default_factory=dict)
    _prints: set[int] = field(default_factory=set)

    def grow(self, channel: Channel, text: str) -> None:
        """Take in more of a text; what `channel` names is one text."""
        held = self._texts.get(channel)
        if held is None:
            held = self._texts[channel] = _Text(hashlib.blake2b(digest_size=8, key=self.key, person=b"whole"))
        flat = fold.flat(text)
        held.whole.update(flat.encode("utf-8", "surrogatepass"))
        held.size += len(flat)
        joined = held.tail + flat
        for at in range(len(joined) - GRAM + 1):
            gram = joined[at : at + GRAM].encode("utf-8", "surrogatepass")
            if zlib.crc32(gram) % ONE_IN == 0 and len(self._prints) < MOST_PRINTS:
                self._prints.add(self._print(gram))
        held.tail = joined[-GRAM + 1 :]

    def prints(self) -> frozenset[int]:
        """Return all fingerprints so far, those of the whole texts too."""
        wholes = (
            int.from_bytes(one.whole.digest(), "little")
            for one in self._texts.values()
            if one.size >= SHORTEST
        )
        return frozenset((*self._prints, *wholes))

    def wholes(self) -> frozenset[int]:
        """Return the fingerprints of the whole texts alone."""
        return self.prints() - self._prints

    def _print(self, gram: bytes) -> int:
        digest = hashlib.blake2b(gram, digest_size=8, key=self.key, person=b"gram")
        return int.from_bytes(digest.digest(), "little")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What of a text was returned on a day.

    Attributes:
        day: `2027-01-15`.
        hits: how many of its fingerprints are that day's.
        whole: the text as a whole was returned.
    """

    day: str
    hits: int
    whole: bool

    @property
    def recognised(self) -> bool:
        """Enough was found to say that it is a returned result."""
        return self.whole or self.hits >= ENOUGH


def sight(day: str, prints: Returned, run: Sequence[int]) -> Sighting:
    """Look a text up in one day's run.

    Args:
        day: the run's.
        prints: the text's fingerprints.
        run: the day's, ascending.
    """
    wholes = prints.wholes()
    found = {one for one in prints.prints() if _holds(run, one)}
    return Sighting(day, len(found - wholes), bool(found & wholes))


def _holds(run: Sequence[int], one: int) -> bool:
    at = bisect_left(run, one)
    return at < len(run) and run[at] == one
