"""The entries that say which owners' data is looked for."""

from __future__ import annotations

import pytest

from zoneproxy.trace.registered import REGISTERED_KINDS
from zoneproxy.trace.schema import PUBLIC, check_body

SET = {"id": "owner/set", "digest": "ab" * 32, "state": "used", "cells": 3, "grams": 0}


def test_the_log_knows_the_kind() -> None:
    """Z12: a start, a reload and a new shard say what is looked for."""
    assert PUBLIC["registered"] is REGISTERED_KINDS["registered"]
    for cause in ("start", "reload", "turn"):
        check_body("registered", {"cause": cause, "sets": [SET, SET | {"state": "revoked"}]})
    check_body("registered", {"cause": "reload", "sets": []})


@pytest.mark.parametrize(
    "wrong", [{"id": "Owner"}, {"digest": "ab"}, {"state": "expired"}, {"cells": -1}, {"path": "/keys/k"}]
)
def test_nothing_else_stands_in_it(wrong: dict[str, object]) -> None:
    """Z17: no path, no free text."""
    with pytest.raises(ValueError, match="sets"):
        check_body("registered", {"cause": "start", "sets": [SET | wrong]})
