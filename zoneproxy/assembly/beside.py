"""Work that goes on beside the zone, from when it begins to serve until it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any


class Beside:
    """One task, started and stopped.

    Attributes:
        task: the task while it is there.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Begin the work, in the running loop; it has not begun, or was stopped."""
        self.task = asyncio.create_task(work, name=name)

    async def stop(self) -> None:
        """Cut the work off at its next wait, and wait until it has ended; nothing where there is none."""
        task, self.task = self.task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
