"""`zoneproxy.trace.sealed`: openings encrypted, bound to their place, nonces counted."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.sealed import Place, is_sealed, key_id_of, seal, unseal

KEY, ID = bytes(range(32)), bytes(range(16))
PLACE = Place("zone.example/trace", 300)


def test_bytes_are_those_of_the_specification() -> None:
    """The format is computed here again, by its words (Z17)."""
    record = b'{"fields":{}}'
    made = seal(KEY, ID, 5, PLACE, record)
    aad = b"zoneproxy.org/opening/v1\0" + b"\x12zone.example/trace" + (300).to_bytes(8, "big") + ID
    nonce = (5).to_bytes(12, "big")
    assert made[:32] == b"ZPO1" + ID + nonce
    assert AESGCM(KEY).decrypt(nonce, made[32:], aad) == record.ljust(128)
    assert unseal(KEY, PLACE, made) == record
    assert key_id_of(made) == ID


def test_worked_example() -> None:
    """An opening of 565 bytes is sealed in 688; lengths show in steps of 128 only."""
    assert len(seal(KEY, ID, 0, PLACE, b"x" * 565)) == 688
    assert len({len(seal(KEY, ID, 0, PLACE, b"x" * size)) for size in range(513, 641)}) == 1


@pytest.mark.parametrize(
    "place", [Place("zone.example/trace", 301), Place("zone.example/trac", 300), Place("other", 300)], ids=str
)
def test_it_opens_at_its_own_place_only(place: Place) -> None:
    """Z17: an opening can't be moved to another entry or log."""
    with pytest.raises(VerificationError, match="another entry"):
        unseal(KEY, place, seal(KEY, ID, 0, PLACE, b"{}"))


def test_any_flipped_bit_is_refused() -> None:
    """Z14: every byte of a sealed opening counts, its head included."""
    made = seal(KEY, ID, 0, PLACE, b"{}")
    for place in range(len(made)):
        changed = made[:place] + bytes([made[place] ^ 1]) + made[place + 1 :]
        with pytest.raises(VerificationError):
            unseal(KEY, PLACE, changed)


@pytest.mark.parametrize("data", [b"", b"ZPO1", b"ZPO1" + bytes(43), b"{}" * 60])
def test_what_is_none_is_refused(data: bytes) -> None:
    """Cut or foreign bytes give the one error."""
    with pytest.raises(VerificationError):
        key_id_of(data)


def test_plain_records_are_told_apart() -> None:
    """A plain record begins with a brace, a sealed one with its four letters."""
    assert is_sealed(seal(KEY, ID, 0, PLACE, b"{}"))
    assert not is_sealed(b'{"fields":{},"seed":""}')
