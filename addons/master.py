"""The production door's master: few addons, each of which may fail only shut, options that can't move.

mitmproxy's own addon manager logs an addon's exception and lets the flow go on; a raised `AddonHalt`
even skips the addons behind it. This one refuses the flow in both cases.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Any

from mitmproxy import addonmanager, hooks, http, master, options
from mitmproxy import flow as flows
from mitmproxy.addons import core as core_addon
from mitmproxy.addons import proxyserver
from mitmproxy.utils import asyncio_utils

import addons.doors  # noqa: F401 - registers the `zone:` mode
from addons.boundary import Boundary
from addons.options import fix, freeze
from addons.pages import shut
from addons.unspoken import Unspoken
from zoneproxy.assembly import Boundary as Core
from zoneproxy.assembly import Zone
from zoneproxy.terms.errors import ConfigError

log = logging.getLogger("zoneproxy.master")


class StrictAddonManager(addonmanager.AddonManager):
    """Dispatches hooks; any exception of any addon shuts the flow it was about."""

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run one hook in every addon; the first failure refuses and ends the dispatch."""
        data = event.args()[0]
        for addon in self.chain:
            try:
                await self.invoke_addon(addon, event)
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
        self.addons = StrictAddonManager(self)
        self.addons.add(boundary, Unspoken(), core_addon.Core(), proxyserver.Proxyserver(), Seal())


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
        self._insist(flow, ("delivered", "refused", "withheld"))

    def _insist(self, flow: http.HTTPFlow, states: tuple[str, ...]) -> None:
        crossing = flow.metadata.get("zoneproxy.crossing")
        state = crossing.passage.state.value if crossing is not None else "none"
        if state in states:
            return
        if flow.response is None or state not in ("refused", "severed", "denying", "withheld"):
            raise PermissionError(f"a flow in state {state} may not go on")


async def serve(assembled: Zone, *, ready: Callable[[list[str]], None]) -> None:
    """Run the production door until it is told to stop, or until the log fails.

    Args:
        assembled: the zone, its log open.
        ready: called once with the addresses of all open doors.

    Raises:
        ConfigError: a door could not be opened; nothing was served.
        TraceError: the log failed; every flow was refused from then on.
    """
    core = assembled.boundary
    boundary = Boundary(core)
    zone = ZoneMaster(options.Options(), boundary)
    fix(zone.options, core)
    loop = asyncio.get_running_loop()

    def told() -> None:
        loop.call_soon_threadsafe(zone.should_exit.set)

    assembled.tell_failure(told)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, zone.should_exit.set)
    # The doors open before `running` is called; until the start is recorded they accept nothing.
    running = asyncio_utils.create_task(zone.run(), name="zone master", keep_ref=True)
    server = zone.addons.get("proxyserver")
    try:
        await assembled.start()
        doors = await _opened(server, running, core)
        freeze(zone.options)
        ready(doors)
        await running
    finally:
        assembled.shut()
        await server.servers.update([])
        await _drained(boundary, core.limits.drain_timeout_s)
        await boundary.stop()
        await assembled.close()
        zone.should_exit.set()
        await asyncio.wait([running])
    if assembled.failure is not None:
        raise assembled.failure


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


async def _drained(boundary: Boundary, timeout_s: float) -> None:
    """Let what is under way end by itself, for a while."""
    try:
        async with asyncio.timeout(timeout_s):
            while boundary.crossings:  # noqa: ASYNC110 - a moment more or less does not matter at the end
                await asyncio.sleep(0.02)
    except TimeoutError:
        log.warning("stopped with exchanges under way", extra={"count": len(boundary.crossings)})
