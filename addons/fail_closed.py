"""The inner guard of every deciding hook."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from addons.boundary import Boundary

log = logging.getLogger("zoneproxy.boundary")


def fail_closed(
    hook: Callable[[Boundary, Any], Awaitable[None]],
) -> Callable[[Boundary, Any], Awaitable[None]]:
    """Turn whatever a hook raises into a recorded refusal of its flow."""

    @functools.wraps(hook)
    async def guarded(self: Boundary, data: Any) -> None:
        try:
            await hook(self, data)
        except Exception as error:
            log.exception("fault in a hook", extra={"hook": hook.__name__})
            await self.fault(hook.__name__, data, error)

    return guarded
