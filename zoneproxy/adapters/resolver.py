"""Which addresses a name has, by the machine's own resolver (`getaddrinfo`), within bounds.

Nothing is kept: each call that needs an address asks anew, and what it is told holds for that call or tunnel
alone. A resolver that hangs can hold so many threads and no more; who comes then is refused.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
from collections.abc import Sequence

from zoneproxy.terms.errors import ResolveError

TIMEOUT_S = 5.0
MOST_AT_ONCE = 16


class SystemResolver:
    """Asks the machine's resolver, in threads of its own.

    Args:
        timeout_s: how long one answer may take.
        most_at_once: how many may be asked for at once.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S, most_at_once: int = MOST_AT_ONCE) -> None:
        self._timeout_s = timeout_s
        self._free = most_at_once
        self._threads = concurrent.futures.ThreadPoolExecutor(most_at_once, "resolve")

    async def resolve(self, host: str) -> Sequence[str]:
        """Return the addresses of a name; see `zoneproxy.terms.ports.Resolver`."""
        if self._free < 1:
            raise ResolveError("too many names are being asked for")
        self._free -= 1
        asked = asyncio.get_running_loop().run_in_executor(self._threads, _ask, host)
        asked.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(asked)
        except TimeoutError:
            raise ResolveError("the resolver did not answer in time") from None

    def _done(self, asked: asyncio.Future[Sequence[str]]) -> None:
        # A thread is free only when it has come back, however long its caller waited.
        self._free += 1
        if not asked.cancelled():
            asked.exception()


def _ask(host: str) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ResolveError(f"the resolver says: {getattr(error, 'strerror', None) or error}") from None
    addresses = tuple(dict.fromkeys(str(place[4][0]) for place in found))
    if not addresses:
        raise ResolveError("the name has no addresses")
    return addresses
