"""`zoneproxy.policy.bundle_flaws`: every flaw reaches whoever has to mend it."""

from __future__ import annotations

from zoneproxy.policy.bundle_flaws import BundleError, Flaw, of_problems
from zoneproxy.terms.errors import Problem


def test_the_error_carries_all_flaws() -> None:
    """The first is the message, the others are counted, all are there as values."""
    error = BundleError(
        [Flaw("ZB01", "a.zpb", "it is cut", "copy it"), Flaw("ZB06", "a.zpb", "nobody signed")]
    )
    assert error.message == "`a.zpb`: it is cut (and 1 more)"
    assert (error.hint, error.exit_code) == ("copy it", 1)
    assert [one["code"] for one in error.details] == ["ZB01", "ZB06"]


def test_problems_keep_their_places() -> None:
    """A mistake in a member is told with its line and column."""
    (flaw,) = of_problems("a.zpb", [Problem("p.yaml", 3, 4, "ZP1002", "unknown field `x`", "delete it")])
    assert (flaw.code, flaw.message) == ("ZB04", "p.yaml:3:4: ZP1002: unknown field `x`")
    assert flaw.hint == "delete it"
