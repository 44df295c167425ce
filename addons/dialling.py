"""Dialling: a workload's call tries the addresses of its destination in turn, and nobody waits for ever.

A customer's request has one server, and one try. A workload's call may dial what its decision names
(`zoneproxy.passage.outward`), in that order, each within `TRY_S`: every try asks the passage anew
(`server_connect`), which knows these addresses and no other. Where one answers, the rest are not tried: a
destination that can't prove who it is ends the call. Where none does, the last failure is that of the call.

Seams used, all in `mitmproxy.proxy.server` (12.2): `ConnectionHandler.open_connection`, which tells of a
failure by `ServerConnectErrorHook` before it tells the layers, and has set `timestamp_start` where it
dialled.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mitmproxy import ctx
from mitmproxy.proxy import server_hooks

from addons.turns import TurnHandler

if TYPE_CHECKING:
    from mitmproxy.proxy import commands

log = logging.getLogger("zoneproxy.dialling")

TRY_S = 5.0
"""How long an address may take to accept a connection, in seconds."""


class NextAddressError(Exception):
    """An address did not answer, and there is another."""


class _Tries:
    """One connection's tries: the addresses that are left, and the time of the one under way."""

    def __init__(self, addresses: list[str]) -> None:
        self.left = addresses
        self.timeout = asyncio.timeout(None)

    def fails(self) -> bool:
        """Tell whether another try may follow one that failed: not one that was broken off from outside."""
        task = asyncio.current_task()
        return bool(self.left) and (self.timeout.expired() or task is None or not task.cancelling())


class DiallingHandler(TurnHandler):
    """A connection that opens those to servers."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._tries: dict[object, _Tries] = {}

    async def open_connection(self, command: commands.OpenConnection) -> None:
        """Open a server connection, and close its socket also where it ends before it is served.

        The core keeps it open where `server_connected` is cut off: by its deadline, or with its caller.
        """
        server = command.connection
        first, *others = self._addresses(command)
        tries = self._tries[server] = _Tries(others)
        try:
            while True:
                tries.timeout = asyncio.timeout(TRY_S if first else None)
                try:
                    async with tries.timeout:
                        await super().open_connection(command)
                except NextAddressError:
                    log.info("an address of a destination does not answer, the next is tried")
                    port = server.address[1] if server.address else 0
                    server.error, server.timestamp_start = None, None
                    server.address = (tries.left.pop(0), port)
                    continue
                except TimeoutError:
                    pass  # the last one did not answer: the layers were told
                return
        finally:
            del self._tries[server]
            io = self.transports.get(server)
            if io is not None and io.writer is not None:
                io.writer.close()

    def _addresses(self, command: commands.OpenConnection) -> list[str]:
        """Return what may be dialled, in its order; one empty name where it is not a workload's call."""
        boundary, place = ctx.master.addons.get("boundary"), command.connection.address
        crossing = boundary.crossings.current.get(self.client.id) if boundary is not None else None
        if crossing is None or place is None:
            return [""]
        named = [str(address) for address in crossing.passage.exchange.addresses]
        return named if named[:1] == [place[0]] else [""]

    def went_on(self, hook: commands.StartHook) -> None:
        """Look at how a try stands, by a hook of its connection.

        Raises:
            NextAddressError: it failed, and another address is tried.
        """
        if not isinstance(hook, server_hooks.ServerConnectedHook | server_hooks.ServerConnectErrorHook):
            return
        tries, server = self._tries.get(hook.data.server), hook.data.server
        if tries is None:
            return
        if isinstance(hook, server_hooks.ServerConnectedHook):
            tries.timeout.reschedule(None)
        elif server.timestamp_start is not None and tries.fails():
            raise NextAddressError
