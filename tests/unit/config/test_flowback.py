"""`zoneproxy.config.flowback`: where fingerprints of what is returned are kept, and how long."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zoneproxy.config.flowback import Flowback


def test_they_are_kept_half_a_year_unless_said_otherwise() -> None:
    """The defaults bound time and size."""
    part = Flowback(directory="runs", key="k", signing_key="s")
    assert (part.keep_days, part.most_bytes_per_day) == (183, 512 * 1024 * 1024)


def test_they_can_not_be_kept_for_ever() -> None:
    """Privacy: there is no value that means for ever."""
    with pytest.raises(ValidationError):
        Flowback(directory="runs", key="k", signing_key="s", keep_days=0)
