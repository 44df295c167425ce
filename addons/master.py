"""The production door's master: few addons, each of which may fail only shut, options that can't move.

mitmproxy's own addon manager logs an addon's exception and lets the flow go on; a raised `AddonHalt`
even skips the addons behind it. This one refuses the flow in both cases.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import fields
from inspect import isawaitable
from pathlib import Path
from types import MethodType
from typing import Any

from mitmproxy import addonmanager, hooks, http, master, options
from mitmproxy import flow as flows
from mitmproxy.addons import core as core_addon
from mitmproxy.addons import proxyserver
from mitmproxy.utils import asyncio_utils

import addons.doors  # noqa: F401 - registers the `zone:` mode
from addons.boundary import Boundary
from addons.handing import join
from addons.limits import room_of
from addons.messages import check_quickly
from addons.options import fix, freeze
from addons.pages import shut
from addons.reclaim import Reclaim
from addons.server_tls import ServerTlsAddon
from addons.sessions import drain, in_session
from addons.unspoken import Unspoken
from zoneproxy.assembly import Boundary as Core
from zoneproxy.assembly import Zone
from zoneproxy.terms.errors import ConfigError

log = logging.getLogger("zoneproxy.master")

FAILED_DRAIN_S = 1.0
"""Once the log has failed nothing can end well: what is under way is cut soon."""
COLLECT_AFTER = 20_000
"""Objects made and not freed, after which the collector looks at them."""
ACCEPT_TURNS = 16
"""Turns of the loop in which a connection that was accepted as the doors closed comes to be known."""


@functools.cache
def _only_field(hook: type[hooks.Hook]) -> str:
    """Name what a hook is about: those of a flow's life are about one thing."""
    (field,) = fields(hook)  # type: ignore[arg-type]
    return field.name


class StrictAddonManager(addonmanager.AddonManager):
    """Dispatches hooks; any exception of any addon shuts the flow it was about."""

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run one hook in every addon; the first failure refuses and ends the dispatch."""
        name, data = event.name, getattr(event, _only_field(type(event)))  # type: ignore[arg-type] # classes can be hashed
        for addon in self.chain:
            try:
                hook = getattr(addon, name, None)
                if hook is None and not hasattr(addon, "addons"):
                    continue
                if not isinstance(hook, MethodType) or hasattr(addon, "addons"):
                    await self.invoke_addon(addon, event)  # what is no plain addon the core looks into
                    continue
                outcome = hook(data)
                if outcome is not None and isawaitable(outcome):
                    await outcome
            except Exception as error:
                log.exception("addon failed, flow is shut", extra={"hook": event.name})
                await self._shut(event, data, error)
                return

    async def _shut(self, event: hooks.Hook, data: Any, error: Exception) -> None:
        # First shut by what needs nothing to work, then let the boundary record it.
        if isinstance(data, http.HTTPFlow):
            if event.name in ("requestheaders", "request", "http_connect", "response"):
                data.response = shut()
        elif isinstance(data, flows.Flow):
            if data.killable:
                data.kill()
        elif hasattr(data, "server"):
            data.server.error = "internal error"
        elif event.name == "client_connected":
            data.error = "internal error"
        boundary = self.get("boundary")
        if boundary is not None:
            await boundary.fault(event.name, data, error)


class ZoneMaster(master.Master):
    """An event loop's proxy with the boundary as its only addon beside the core."""

    def __init__(self, opts: options.Options, boundary: Boundary) -> None:
        super().__init__(opts)
        check_quickly()
        self.addons = StrictAddonManager(self)
        self.addons.add(boundary, ServerTlsAddon(boundary), Unspoken(), Reclaim())
        self.addons.add(core_addon.Core(), proxyserver.Proxyserver(), Seal())


class Seal:
    """The last addon: a flow that reaches it undecided is shut."""

    name = "seal"

    def request(self, flow: http.HTTPFlow) -> None:
        """No request goes on without an admitted passage."""
        self._insist(flow, ("inside",))

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """No answer begins without one."""
        self._insist(flow, ("answering", "buffering", "refused", "withheld", "closing"))

    def response(self, flow: http.HTTPFlow) -> None:
        """No answer ends without one."""
        crossing = flow.metadata.get("zoneproxy.crossing")
        if crossing is None or not in_session(crossing):
            self._insist(flow, ("delivered", "refused", "withheld"))

    def _insist(self, flow: http.HTTPFlow, states: tuple[str, ...]) -> None:
        crossing = flow.metadata.get("zoneproxy.crossing")
        state = crossing.passage.state.value if crossing is not None else "none"
        if state in states:
            return
        if flow.response is None or state not in ("refused", "severed", "denying", "withheld"):
            raise PermissionError(f"a flow in state {state} may not go on")


async def serve(
    assembled: Zone,
    *,
    ready: Callable[[list[str]], None],
    doors: Mapping[str, socket.socket] | None = None,
    flows: Path | None = None,
) -> None:
    """Run the production door until it is told to stop, or until the log fails.

    A stop drains: the doors are closed, what has come in is served, every answer ends its connection, and
    connections without a request are kept for a moment, so that a request on its way finds somebody.

    Args:
        assembled: the zone, its log open.
        ready: called once with the addresses of all open doors.
        doors: listening sockets by route, where this process shares them with others.
        flows: its socket for those others, by which connections of workloads change hands.

    Raises:
        ConfigError: a door could not be opened; nothing was served.
        TraceError: the log failed; every flow was refused from then on.
    """
    core = assembled.boundary
    boundary = Boundary(core)
    boundary.inherited.update(doors or {})
    handover = join(boundary, flows)
    zone = ZoneMaster(options.Options(), boundary)
    fix(zone.options, core)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def told() -> None:
        loop.call_soon_threadsafe(stop.set)

    assembled.tell_failure(told)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = zone.addons.get("proxyserver")
    running: asyncio.Task[None] | None = None
    try:
        if (room := room_of(boundary)).cut:
            few = "there are file descriptors for %d connections of %d only (`LimitNOFILE`, `ulimit -n`)"
            log.warning(few, room.connections, core.limits.max_connections)
        # Whoever connects to an open door is served: the start is recorded before one opens.
        await assembled.start()
        await handover.start()
        running = asyncio_utils.create_task(zone.run(), name="zone master", keep_ref=True)
        opened = await _opened(server, running, core)
        freeze(zone.options)
        _spare_the_collector()
        ready(opened)
        stopping = asyncio_utils.create_task(stop.wait(), name="zone stop", keep_ref=True)
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    except BaseException:
        assembled.shut()
        raise
    finally:
        boundary.draining = True
        await drain(boundary)
        await server.servers.update([])
        await _drained(boundary, server, assembled)
        await handover.close()
        assembled.shut()
        await boundary.stop()
        try:
            await assembled.close()
        finally:
            zone.should_exit.set()
            if running is not None:
                await asyncio.wait([running])
    if assembled.failure is not None:
        raise assembled.failure
    await running


def _spare_the_collector() -> None:
    """Leave what was built for good out of the collector's rounds, and let it come round less often.

    Policies and tables are hundreds of thousands of objects that never go. What an exchange leaves behind is
    some hundred, freed with the last reference but for a few cycles.
    """
    gc.collect()
    gc.freeze()
    # Whole rounds come often, for what is left to look at is little. Otherwise what a thousand
    # callers leave behind when they go would wait for two million objects more.
    gc.set_threshold(COLLECT_AFTER, 1, 1)


async def _opened(server: Any, running: asyncio.Task[None], core: Core) -> list[str]:
    """Wait until every door listens; a door that does not is the operator's error."""
    wanted = len(core.modes())
    while not running.done():
        instances = list(server.servers)
        failed = next((i for i in instances if i.last_exception is not None), None)
        if failed is not None:
            raise ConfigError(
                f"can't listen on `{failed.mode.full_spec.rpartition('@')[2]}`: {failed.last_exception}",
                hint="another process holds the port, or the address is not this machine's",
            )
        if len(instances) == wanted and all(i.is_running for i in instances):
            return [f"{host}:{port}" for i in instances for host, port, *_ in i.listen_addrs]
        await asyncio.sleep(0.01)
    raise ConfigError("the doors could not be opened", hint="see the log lines above")


async def _drained(boundary: Boundary, server: Any, assembled: Zone) -> None:
    """Let what is under way end by itself, for a while; a connection that is silent may go sooner."""
    loop = asyncio.get_running_loop()
    failed, limits = assembled.failure is not None, assembled.boundary.limits
    deadline_s = loop.time() + (FAILED_DRAIN_S if failed else limits.drain_timeout_s)
    grace_s = loop.time() + (0.0 if failed else limits.drain_idle_s)
    for _ in range(ACCEPT_TURNS):
        await asyncio.sleep(0)
    while (  # noqa: ASYNC110 - a moment more or less does not matter at the end
        loop.time() < deadline_s
        and (boundary.crossings or _arriving(boundary) or _talking(server, loop.time() < grace_s))
    ):
        await asyncio.sleep(0.02)
    if boundary.crossings:
        log.warning("stopped with exchanges under way", extra={"count": len(boundary.crossings)})


def _arriving(boundary: Boundary) -> bool:
    """Tell whether a connection is on its way through a gate; that takes no longer than its deadline."""
    return any(gate.waiting for gate in boundary.gates)


def _talking(server: Any, patient: bool) -> bool:  # noqa: FBT001 - one word says it
    """Tell whether a connection may still bring a request, or brings one; silent ones count while patient."""
    handlers = list(server.connections.values())
    return any(patient or handler.guard is None or not handler.guard.idle for handler in handlers)
