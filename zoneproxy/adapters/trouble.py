"""Foreign exceptions of the trace log, mapped once to `TraceError`."""

from __future__ import annotations

from zoneproxy.terms.errors import TraceError, VerificationError

RESTART = "restart the boundary: it reads the log back and goes on, or says what is broken"


def trace_error(what: str, cause: Exception) -> TraceError:
    """Say what could not be done, and why, as the one error that shuts every gate."""
    if isinstance(cause, TraceError):
        return TraceError(f"{what}: {cause.message}", hint=cause.hint or RESTART)
    if isinstance(cause, VerificationError):
        return TraceError(f"{what}: {cause.message} ({cause.where})", hint=cause.hint or RESTART)
    if isinstance(cause, OSError):
        return TraceError(f"{what}: {cause.strerror or cause}", hint=RESTART)
    return TraceError(f"{what}: {type(cause).__name__}", hint=RESTART)
