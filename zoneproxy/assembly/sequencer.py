"""The sequencer's process: it owns the log, serves it to workers, and ends after the last of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from zoneproxy.adapters.keys.ticket import load_ticket_signer
from zoneproxy.adapters.sequencer.server import SequencerServer
from zoneproxy.adapters.sequencer.socket import open_listener
from zoneproxy.adapters.workers.child import watch_lifeline
from zoneproxy.adapters.workers.control import ControlServer
from zoneproxy.adapters.workers.relay import beside
from zoneproxy.assembly.log_verbs import log_verbs
from zoneproxy.assembly.logs import Opening, make_keeper, open_here
from zoneproxy.assembly.zone import announce_tickets
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Clock

NAME = "logd"
"""How the sequencer's own entries are named."""
_MARGIN_S = 5.0


async def keep_log(
    path: str | Path,
    *,
    ready: Callable[[Path], None],
    lifeline: int | None = None,
    clock: Clock | None = None,
) -> None:
    """Serve a zone's log to its workers until told to stop, or until the log fails.

    A stop waits for the workers, as long as they may drain; who is still there then is left, and recorded.

    Args:
        path: the `zone.yaml`.
        ready: called once, with the socket's place, when workers may come.
        lifeline: the end of a pipe; when nobody holds its other end any more, that is a stop too.
        clock: stamps entries and turns months; the system's where not given.

    Raises:
        ConfigError: something can't be used, or another process writes the log.
        TraceError: the log does not verify, or failed; every worker was told.
    """
    opening = Opening.read(path, clock=clock)
    config, folder = opening.config, opening.folder
    part, place = config.workers, folder / config.workers.socket
    tickets = config.log.ticket_key
    signer = None if tickets is None else load_ticket_signer(folder / tickets, config.log.origin)
    log = await asyncio.to_thread(open_here, opening, worker=NAME)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def failed(_: TraceError) -> None:
        loop.call_soon_threadsafe(stop.set)

    opening.bell.listen(failed)
    server = SequencerServer(
        log,
        origin=config.log.origin,
        node=config.node,
        clock=opening.clock,
        entropy=opening.entropy,
        users=part.user_ids or [os.geteuid()],
    )
    keeper = make_keeper(opening, log)
    control = ControlServer(beside(folder / config.control.socket, NAME), log_verbs(log, keeper))
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        if lifeline is not None:
            watch_lifeline(lifeline, stop.set)
        if signer is not None:
            await announce_tickets(log, signer)
        await keeper.finish()
        await control.start()
        keeper.start()
        await server.serve(open_listener(place, group_id=part.group_id))
        ready(place)
        await stop.wait()
        if opening.bell.failure is not None:
            await server.fail(opening.bell.failure)
        else:
            await server.stop(config.limits.drain_timeout_s + _MARGIN_S)
    finally:
        with contextlib.suppress(OSError):
            place.unlink()
        await keeper.stop()
        await control.close()
        await log.close()
