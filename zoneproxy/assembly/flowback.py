"""Where the fingerprints of what is returned go, as the configuration says."""

from __future__ import annotations

import os
from collections.abc import Callable

from zoneproxy.adapters.data.flowback import Collector
from zoneproxy.assembly.logs import Opening
from zoneproxy.terms.errors import ConfigError


def collector(opening: Opening) -> Callable[[frozenset[int]], None] | None:
    """Return what keeps an answer's fingerprints; `None` where none are kept.

    Raises:
        ConfigError: the folder is missing.
    """
    part = opening.config.flowback
    if part is None:
        return None
    directory = opening.folder / part.directory
    if not directory.is_dir():
        raise ConfigError(
            f"the folder `{directory}` is missing", hint="make it, or mend `flowback.directory`"
        )
    # Each process has parts of its own, so that none waits for another.
    made = Collector(directory, f"{opening.config.node}-{os.getpid()}", part.most_bytes_per_day)
    return lambda prints: made.add(prints, opening.clock.now_ms())
