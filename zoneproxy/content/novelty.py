"""How much of a stream's event says something that the event before it did not.

Frames that every event repeats carry nothing out; everything else counts, ids, numbers and spaces too:

    >>> new_bytes(b'{"id": "a", "delta": "Hel"}', b'{"id": "a", "delta": "lo, you"}')
    7
"""

from __future__ import annotations

_LONG = 64
_PIECE = b'"'


def new_bytes(before: bytes, event: bytes) -> int:
    """Return how many bytes of an event say something that the event before it did not.

    What both begin and end with is not counted. Where much is left, a quoted piece that the event before had
    too counts one byte: which of its pieces it is.
    """
    size = min(len(before), len(event))
    differs = int.from_bytes(before[:size], "little") ^ int.from_bytes(event[:size], "little")
    if differs == 0:
        return len(event) - size
    head = ((differs & -differs).bit_length() - 1) // 8
    most = size - head
    if most == 0:
        return len(event) - head
    differs = int.from_bytes(before[-most:], "little") ^ int.from_bytes(event[-most:], "little")
    tail = most - (differs.bit_length() + 7) // 8
    new = len(event) - head - tail
    if new <= _LONG:
        return new
    known = frozenset(before.split(_PIECE))
    pieces = event[head : len(event) - tail].split(_PIECE)
    return sum(1 if piece in known else len(piece) + 1 for piece in pieces)
