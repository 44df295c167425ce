"""The sequencer: one log, served to the workers of a boundary (see `zoneproxy.adapters.sequencer.wire`).

Every connection is asked for its user first; a foreign one is closed without a word. A worker is named by
the sequencer, with the lowest free name of `w1`, `w2`, ..., which is free again once the last record of
its bearer is durable: so nobody can write in another's chain, and names don't grow in number.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Collection

from zoneproxy.adapters.sequencer.session import Session
from zoneproxy.adapters.sequencer.socket import PeerOf, peer_of
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Clock, Entropy, Sequencer

log = logging.getLogger("zoneproxy.logd")

MAX_WORKERS = 128


class SequencerServer:
    """Serves a log to workers.

    Args:
        sequencer: the log.
        origin: the log's origin.
        node: this machine's name in entries.
        clock, entropy: for the records that end workers which can't any more.
        users: ids of the users whose processes may connect.
        asked: who is at the other end of a connection.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        *,
        origin: str,
        node: str,
        clock: Clock,
        entropy: Entropy,
        users: Collection[int],
        asked: PeerOf = peer_of,
    ) -> None:
        self._sequencer = sequencer
        self._origin = origin
        self._node = node
        self._clock = clock
        self._entropy = entropy
        self._users = frozenset(users)
        self._asked = asked
        self._sessions: dict[str, Session] = {}
        self._server: asyncio.Server | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def workers(self) -> list[str]:
        """Names of the workers that are connected, or not yet ended."""
        return sorted(self._sessions)

    async def serve(self, listener: socket.socket) -> None:
        """Begin to accept workers on a listening Unix socket."""
        self._server = await asyncio.start_unix_server(self._meet, sock=listener)

    async def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no worker is left; tell whether that came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def fail(self, failure: TraceError) -> None:
        """Tell every worker that the log takes no more records."""
        self._refuse()
        await asyncio.gather(*(session.fail(failure) for session in list(self._sessions.values())))

    async def stop(self, timeout_s: float) -> None:
        """Accept no more workers, wait until those that are here have gone, then leave the rest."""
        self._refuse()
        if not await self.wait_idle(timeout_s):
            log.warning("stopped with workers connected: %s", ", ".join(self.workers))
            for session in list(self._sessions.values()):
                session.leave()
            await self._idle.wait()

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = self._admit(writer)
        if name is None:
            writer.close()
            return
        session = Session(
            self._sequencer,
            origin=self._origin,
            node=self._node,
            worker=name,
            clock=self._clock,
            entropy=self._entropy,
            reader=reader,
            writer=writer,
        )
        self._sessions[name] = session
        self._idle.clear()
        try:
            cause = await session.run()
        except TraceError as error:
            log.error("worker %s ends with the log: %s", name, error.message)  # noqa: TRY400 - told once
        else:
            level = logging.INFO if cause == "stop" else logging.WARNING
            log.log(level, "worker %s is gone (%s)", name, cause)
        finally:
            del self._sessions[name]
            if not self._sessions:
                self._idle.set()

    def _admit(self, writer: asyncio.StreamWriter) -> str | None:
        """Return a name for the process at the other end; `None` shuts it out."""
        if self._server is None or not self._sequencer.writable:
            return None
        try:
            peer = self._asked(writer.get_extra_info("socket"))
        except OSError as error:
            log.warning("a connection whose user can't be told is closed: %s", error)
            return None
        if peer.uid not in self._users:
            log.warning("a process of user %s (pid %s) tried to write the log", peer.uid, peer.pid)
            return None
        if len(self._sessions) >= MAX_WORKERS:
            log.warning("the sequencer has %s workers and takes no more", MAX_WORKERS)
            return None
        free = (f"w{number}" for number in range(1, MAX_WORKERS + 1))
        name = next(name for name in free if name not in self._sessions)
        log.info("process %s is worker %s", peer.pid, name)
        return name
