"""Files of openings: the private records of one entry bundle, beside the public tree.

    open/<N>     for each entry of bundle N, in order:   u32 BE length || opening

An opening is sealed (`zoneproxy.trace.sealed`), or plain in a log without a key. An entry without private
fields, or one whose private part was erased, has one of length 0. N is written as in `zoneproxy.trace.tiles`.

Worked example: the openings of bundle 1234 lie in `open/x001/234`; those of two entries, of which only
the second has the record `{}`, are the bytes `00000000 00000002 7b7d`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.tiles import ENTRIES, Tile

_LENGTH = struct.Struct(">I")


def open_path(bundle: int) -> str:
    """Return where the openings of an entry bundle lie."""
    return Tile(ENTRIES, bundle).folder.replace("tile/entries/", "open/", 1)


def encode_openings(openings: Sequence[bytes]) -> bytes:
    """Write the opening records of a bundle, in the order of its entries."""
    return b"".join(_LENGTH.pack(len(opening)) + opening for opening in openings)


def decode_openings(data: bytes) -> list[bytes]:
    """Read the opening records of a bundle; an empty one stands for none.

    Raises:
        VerificationError: the file is cut or overlong.
    """
    openings: list[bytes] = []
    place = 0
    while place < len(data):
        start = place + _LENGTH.size
        end = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or end > len(data):
            raise VerificationError("the file of openings is cut short", where=f"byte {place}")
        openings.append(data[start:end])
        place = end
    return openings
