"""The other workers of a zone: which of them has an exchange, and handing a connection over to it.

`zoneproxy.adapters.workers.handover` says how they talk. They are found by their sockets, which stand in one
folder, at each question anew: a worker that was started meanwhile is asked, one that drains is asked until it
ends, and one that was killed leaves a socket at which nobody answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from zoneproxy.adapters.workers.control import short_path
from zoneproxy.adapters.workers.handover import (
    DEADLINE_S,
    Handed,
    HandoverError,
    insist_on_own,
    read_object,
    receive,
    send,
    write_arrival,
    write_object,
)

log = logging.getLogger("zoneproxy.neighbours")

_SUFFIX = ".flows.sock"


def flows_socket(control: Path) -> Path:
    """Return where a worker's socket for the others stands, beside its control socket.

    >>> flows_socket(Path("run/control.3.sock")).as_posix()
    'run/control.3.flows.sock'
    """
    return control.with_name(control.stem + _SUFFIX)


class Owner:
    """A worker that has an exchange, waiting for its connection; use as a context manager.

    Args:
        sock: the conversation with it.
        deadline_s: how long it may take to take the connection.
    """

    def __init__(self, sock: socket.socket, deadline_s: float) -> None:
        self._sock, self._deadline_s = sock, deadline_s

    def __enter__(self) -> Self:
        """Begin; the conversation ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the conversation."""
        self._sock.close()

    async def give(self, handed: Handed) -> bool:
        """Hand a connection over; whatever comes of it, the giver must not read or write there any more.

        Returns:
            Whether the owner has taken it.
        """
        told = {"route": handed.route, "caller": handed.caller, "arrival": write_arrival(handed.arrival)}
        try:
            async with asyncio.timeout(self._deadline_s):
                await send(
                    self._sock, write_object(told) + b"\n" + handed.ahead, descriptor=handed.sock.fileno()
                )
                return read_object(await receive(self._sock)).get("taken") is True
        except (HandoverError, OSError, EOFError, ValueError) as error:
            log.warning("a connection could not be handed over: %s", error or type(error).__name__)
            return False


class Neighbours:
    """The other workers.

    Args:
        own: this worker's own socket; theirs stand beside it.
        deadline_s: how long one of them may take to answer, in seconds.
    """

    def __init__(self, own: Path, *, deadline_s: float = DEADLINE_S) -> None:
        self._own, self._deadline_s = own, deadline_s

    def paths(self) -> Iterator[Path]:
        """Name the sockets of the others."""
        zone = self._own.name.removesuffix(_SUFFIX).rpartition(".")[0]
        for path in sorted(self._own.parent.glob(f"*{_SUFFIX}")):
            if path != self._own and path.name.removesuffix(_SUFFIX).rpartition(".")[0] == zone:
                yield path

    async def knows(self, flow: str) -> bool:
        """Tell whether one of them has an exchange."""
        owner = await self.find(flow)
        if owner is None:
            return False
        with owner:
            return True

    async def find(self, flow: str) -> Owner | None:
        """Return the worker that has an exchange, or `None` where none says so in time."""
        asked = [asyncio.ensure_future(self._ask(path, flow)) for path in self.paths()]
        found: Owner | None = None
        try:
            for answer in asyncio.as_completed(asked):
                if (owner := await answer) is not None:
                    found = owner
                    return found
        finally:
            for task in asked:
                task.cancel()
            # Of one that answered in the same moment the conversation is over too.
            for other in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(other, Owner) and other is not found:
                    other.__exit__()
        return None

    async def _ask(self, path: Path, flow: str) -> Owner | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)  # noqa: FBT003 - the standard library has it so
        kept = False
        try:
            async with asyncio.timeout(self._deadline_s):
                with short_path(path) as name:
                    await asyncio.get_running_loop().sock_connect(sock, name)
                insist_on_own(sock)
                await send(sock, write_object({"flow": flow}))
                kept = read_object(await receive(sock)).get("has") is True
        except (ConnectionRefusedError, FileNotFoundError):
            return None  # it was killed, or has just ended
        except (HandoverError, OSError, EOFError) as error:
            log.warning("a neighbour does not answer: %s", error or type(error).__name__)
            return None
        finally:
            if not kept:
                with contextlib.suppress(OSError):
                    sock.close()
        return Owner(sock, self._deadline_s) if kept else None
