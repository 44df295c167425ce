"""How the tables of networks are spelled.

Each word is a run of blocks: how many of them lie between the last run's end and its beginning, and, after a
colon, how many it has (one where nothing is said), both in base 36. Worked example, in blocks of 256
addresses: `1 2:3` is the second block, and the fifth to the seventh, addresses 256-511 and 1024-1791.
"""

from __future__ import annotations

_BASE = 36


def decode_runs(words: str, unit_bits: int) -> tuple[tuple[int, int], ...]:
    """Return first and last number of each run, ascending, not overlapping.

    Args:
        words: the table.
        unit_bits: a block holds `2 ** unit_bits` numbers.

    Raises:
        ValueError: a word is none.
    """
    made = []
    end = 0
    for word in words.split():
        gap, _, size = word.partition(":")
        start = end + int(gap, _BASE)
        end = start + int(size or "1", _BASE)
        made.append((start << unit_bits, (end << unit_bits) - 1))
    return tuple(made)
