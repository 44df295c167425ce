"""`zoneproxy.terms.moments`: any number that somebody signed can be written."""

from __future__ import annotations

import pytest

from zoneproxy.terms.moments import MAX_MS, moment


@pytest.mark.parametrize(
    ("ms", "text", "exact"),
    [
        (0, "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.000+00:00"),
        (1_767_225_600_007, "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.007+00:00"),
        (MAX_MS, "9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59.999+00:00"),
        (MAX_MS + 1, "no date (253402300800000 ms)", "no date (253402300800000 ms)"),
        (2**64 * 1000, "no date (18446744073709551616000 ms)", "no date (18446744073709551616000 ms)"),
        (-1, "no date (-1 ms)", "no date (-1 ms)"),
    ],
)
def test_every_moment_has_a_text(ms: int, text: str, exact: str) -> None:
    """Z14: a hostile time in a signed record never ends a verifier in a fault."""
    assert moment(ms) == text
    assert moment(ms, exact=True) == exact
