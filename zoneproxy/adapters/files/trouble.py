"""Foreign exceptions of the trace log, mapped once to `TraceError`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from zoneproxy.terms.errors import ConfigError, TraceError, VerificationError

RESTART = "restart the boundary: it reads the log back and goes on, or says what is broken"


def why(error: OSError) -> str:
    """Return the system's own words for a failure, as our messages write them."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def trace_error(what: str, cause: Exception) -> TraceError:
    """Say what could not be done, and why, as the one error that shuts every gate."""
    if isinstance(cause, TraceError):
        return TraceError(f"{what}: {cause.message}", hint=cause.hint or RESTART)
    if isinstance(cause, VerificationError):
        return TraceError(f"{what}: {cause.message} ({cause.where})", hint=cause.hint or RESTART)
    if isinstance(cause, OSError):
        return TraceError(f"{what}: {why(cause)}", hint=RESTART)
    return TraceError(f"{what}: {type(cause).__name__}", hint=RESTART)


@contextlib.contextmanager
def recovering(directory: Path) -> Iterator[None]:
    """Say of what goes wrong while a log is read back, which log it is and what mends it.

    Raises:
        ConfigError: it is no log, or another one.
        TraceError: it does not verify, or can't be read.
    """
    try:
        yield
    except VerificationError as error:
        raise TraceError(
            f"the log in `{directory}` does not verify: {error.message} ({error.where})",
            hint=error.hint or "run `zoneproxy log verify DIR`, and put the log back as it was from a copy",
        ) from error
    except ConfigError as error:
        raise ConfigError(f"`{directory}`: {error.message}", hint=error.hint) from None
    except OSError as error:
        raise trace_error("the log could not be read", error) from error
