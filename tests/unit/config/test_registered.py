"""The part of `zone.yaml` about registered data."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zoneproxy.config.registered import RegisteredData


def test_an_index_needs_its_key() -> None:
    """Both files are named, and nothing else."""
    assert RegisteredData(index="a.zri", key="a.key").key == "a.key"
    with pytest.raises(ValidationError):
        RegisteredData.model_validate({"index": "a.zri"})
    with pytest.raises(ValidationError):
        RegisteredData.model_validate({"index": "a.zri", "key": "k", "optional": True})
