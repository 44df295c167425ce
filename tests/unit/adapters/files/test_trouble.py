"""`zoneproxy.adapters.files.trouble`: foreign exceptions become the one error, with a remedy."""

from __future__ import annotations

import pytest

from zoneproxy.adapters.files.trouble import RESTART, trace_error
from zoneproxy.terms.errors import TraceError, VerificationError


@pytest.mark.parametrize(
    ("cause", "message", "hint"),
    [
        (OSError(28, "no space left on device"), "it failed: no space left on device", RESTART),
        (VerificationError("it differs", where="entry 3"), "it failed: it differs (entry 3)", RESTART),
        (TraceError("the disk is full", hint="make room"), "it failed: the disk is full", "make room"),
        (RuntimeError("a secret"), "it failed: RuntimeError", RESTART),
    ],
)
def test_trace_error(cause: Exception, message: str, hint: str) -> None:
    """What failed and why is told; of a surprise only its kind, for its text may hold anything."""
    made = trace_error("it failed", cause)
    assert (made.message, made.hint) == (message, hint)
