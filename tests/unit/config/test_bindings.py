"""`zoneproxy.config.bindings`: how long what was made in the zone can be used."""

from __future__ import annotations

import typing

import pytest
from pydantic import ValidationError

from zoneproxy.config.bindings import Bindings, Kind
from zoneproxy.route.binding import DAY_MS
from zoneproxy.terms.objects import KINDS


def test_days_become_lifetimes() -> None:
    """Z6: each kind has its days; kinds that are not named have the default."""
    lifetimes = Bindings(days=7, days_by_kind={"file": 90}).lifetimes()
    assert (lifetimes.of("file"), lifetimes.of("batch")) == (90 * DAY_MS, 7 * DAY_MS)
    assert Bindings().lifetimes().of("response") == 30 * DAY_MS


def test_only_kinds_that_there_are_can_be_named() -> None:
    """A typo in a kind is a mistake of the configuration, never a silent default."""
    assert set(typing.get_args(Kind)) == set(KINDS)
    for wrong in ({"days_by_kind": {"flie": 3}}, {"days": 0}, {"days": "7"}):
        with pytest.raises(ValidationError):
            Bindings.model_validate(wrong)
