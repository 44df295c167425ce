"""`zoneproxy.config.egress`: the egress budget in `zone.yaml`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zoneproxy.config.egress import Egress
from zoneproxy.meter.egress import EgressBudget


def test_the_defaults_are_the_meters() -> None:
    """What an operator leaves out is what the meter would take."""
    assert Egress().budget() == EgressBudget()


def test_models_have_rates_of_their_own() -> None:
    """A model whose tokens are longer is named with its rate."""
    budget = Egress(models={"zone-llm-01": 128}, window_s=3600).budget()
    assert (budget.per_token("zone-llm-01"), budget.per_token("other")) == (128, 64)
    assert budget.window_ms == 3_600_000


@pytest.mark.parametrize("wrong", [{"bytes_per_token": 0}, {"window_s": 0}, {"window_bytes": -1}, {"a": 1}])
def test_what_makes_no_bound_is_refused(wrong: dict[str, int]) -> None:
    """Z22: there is no value that switches the budget off."""
    with pytest.raises(ValidationError):
        Egress(**wrong)  # type: ignore[arg-type]
