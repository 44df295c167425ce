"""Steps are counted, and used up for good."""

from __future__ import annotations

from zoneproxy.content.effort import Effort


def test_what_is_used_up_stays_used_up():
    """Z22: a smaller wish after a refused one is refused as well."""
    effort = Effort(10)
    assert effort.spend(10)
    assert not effort.spent_up
    assert not effort.spend(1)
    assert not effort.spend(0)
    assert effort.spent_up
