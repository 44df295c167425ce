"""Fixtures that every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "zone", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("zone")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of vectors and data that nobody here made."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        pytest.skip("the shared vectors and data do not lie beside the checkout")
    return path
