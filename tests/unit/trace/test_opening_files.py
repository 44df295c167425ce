"""`zoneproxy.trace.opening_files`: private records beside their bundle."""

from __future__ import annotations

import pytest

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.opening_files import decode_openings, encode_openings, open_path


def test_worked_example() -> None:
    """Path and bytes are those of the module's worked example."""
    assert open_path(1234) == "open/x001/234"
    assert encode_openings([b"", b"{}"]).hex() == "00000000" + "00000002" + "7b7d"


def test_round_trip_and_cuts() -> None:
    """Records read back in their order, an empty one for none; a cut file is refused (Z17)."""
    records = [b"", b"one", b"two"]
    assert decode_openings(encode_openings(records)) == records
    for cut in (b"\x00", encode_openings(records)[:-1]):
        with pytest.raises(VerificationError, match="short"):
            decode_openings(cut)
