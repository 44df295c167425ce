"""How a connection's events are handled: one after the other, each whole, and what they say sent together.

mitmproxy's own handler puts every event behind a lock and every hook into a task that comes back through
that lock: a hook that never waited still costs turns of the loop, and a head and its body are two system
calls, for them and for their reader. Here an event that comes while another is handled waits in a queue, a
hook that does not wait is done within the turn, and what is written to one connection in a turn leaves in
one piece. The order is the same: events in the order of their coming, bytes in the order of the commands, and
all bytes of a connection before its end.

Every hook that waits has a deadline; one that fails or is late closes both sides, and its layer never goes
on.

Seams used, all in `mitmproxy.proxy.server` (12.2): `ConnectionHandler.server_event`, `hook_task` and
`drain_writers`, with all commands that the first knows.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mitmproxy import flow as flows
from mitmproxy.proxy import commands, events, mode_servers, server

from addons.parting import CloseInStages, part

if TYPE_CHECKING:
    from mitmproxy.connection import Connection

log = logging.getLogger("zoneproxy.doors")

_TASKS = set[asyncio.Task[None]]()
"""Hooks that wait: the loop itself keeps only weak references."""


@functools.cache
def _fields_of(hook: type[commands.StartHook]) -> tuple[str, ...]:
    """Name what a hook is about, as its own `args` does."""
    return tuple(field.name for field in fields(hook) if field.name != "blocking")  # type: ignore[arg-type]


class TurnHandler(mode_servers.ProxyConnectionHandler):
    """A connection that handles one event at a time and never waits while it does."""

    hook_deadline_s = 60.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._arrived: list[events.Event] = []  # mostly none: an empty deque is large
        self._in_turn = False
        self._unsent: dict[Connection, list[bytes]] = {}

    def sever(self) -> None:
        """Close both sides."""
        raise NotImplementedError

    async def server_event(self, event: events.Event) -> None:
        """Handle an event, or leave it to the turn under way; what a turn writes leaves at its end."""
        self._arrived.append(event)
        if self._in_turn:
            return
        self._in_turn = True
        self.timeout_watchdog.register_activity()
        try:
            while self._arrived:
                self._handle(self._arrived.pop(0))
        finally:
            self._in_turn = False
            if self._unsent:
                self._send_all()

    def _handle(self, event: events.Event) -> None:
        try:
            for command in self.layer.handle_event(event):
                self._carry_out(command)
        except Exception:  # noqa: BLE001 - whatever it was, `log` closes both sides
            self.log("mitmproxy has crashed!", logging.ERROR, exc_info=True)

    def _carry_out(self, command: commands.Command) -> None:
        if isinstance(command, commands.SendData):
            io = self.transports.get(command.connection)
            if io is not None:  # else the connection is gone
                if io.writer is None:
                    raise RuntimeError("nothing can be sent yet")
                self._unsent.setdefault(command.connection, []).append(command.data)
        elif isinstance(command, commands.StartHook):
            self._start(command)
        elif isinstance(command, commands.OpenConnection):
            self._open(command)
        elif isinstance(command, commands.CloseConnection):
            self._close(command)
        elif isinstance(command, commands.RequestWakeup):
            self.wakeup_timer.add(asyncio.get_running_loop().create_task(self.wakeup(command)))
        elif isinstance(command, commands.Log):
            self.log(command.message, command.level)
        else:
            # The core's layers ask for nothing else here; what they may yet ask for nobody has looked at.
            raise TypeError(f"unexpected command: {command}")

    def _close(self, command: commands.CloseConnection) -> None:
        if command.connection not in self.transports:
            return
        self._send_all()
        if isinstance(command, CloseInStages):
            part(self, command.connection)
            return
        half = isinstance(command, commands.CloseTcpConnection) and command.half_close
        self.close_connection(command.connection, half)

    def _send_all(self) -> None:
        unsent, self._unsent = self._unsent, {}
        for connection, data in unsent.items():
            io = self.transports.get(connection)
            if io is not None and io.writer is not None and not io.writer.is_closing():
                io.writer.write(data[0] if len(data) == 1 else b"".join(data))

    def _open(self, command: commands.OpenConnection) -> None:
        if command.connection in self.transports:
            raise RuntimeError("a connection is opened twice")
        handler = asyncio.get_running_loop().create_task(self.open_connection(command))
        self.transports[command.connection] = server.ConnectionIO(handler=handler)

    async def drain_writers(self) -> None:
        """Wait until what was written has left; where nothing waits there is nobody to wait for."""
        for io in self.transports.values():
            writer: Any = io.writer
            if writer is not None and writer.transport.get_write_buffer_size():
                await super().drain_writers()
                return

    # ---- hooks -----------------------------------------------------------------------------------

    def _start(self, hook: commands.StartHook) -> None:
        """Begin a hook; only one that waits gets a timer and is kept."""
        loop = asyncio.get_running_loop()
        task = asyncio.Task(self.hook_task(hook), loop=loop, eager_start=True)
        if task.done():
            return
        _TASKS.add(task)
        timer = loop.call_later(self.hook_deadline_s, self._overdue, task, hook)

        def end(ended: asyncio.Task[None]) -> None:
            timer.cancel()
            _TASKS.discard(ended)

        task.add_done_callback(end)

    def _overdue(self, task: asyncio.Task[None], hook: commands.StartHook) -> None:
        log.error("hook failed, both sides are closed: it took too long", extra={"hook": hook.name})
        self.sever()
        task.cancel()

    async def hook_task(self, hook: commands.StartHook) -> None:
        """Run a hook whose deadline is that of its task, and go on; one that fails closes both sides."""
        try:
            await self.invoke(hook)
        except asyncio.CancelledError:
            raise
        except BaseException:
            # The layer stays paused until the connection is torn down: nothing of it goes on.
            log.exception("hook failed, both sides are closed", extra={"hook": hook.name})
            self.sever()
            return
        if hook.blocking:
            await self.server_event(events.HookCompleted(hook))

    async def invoke(self, hook: commands.StartHook) -> None:
        """Run a hook in every addon; the connection's own clock stands still meanwhile."""
        watchdog = self.timeout_watchdog
        watchdog.can_timeout.clear()
        watchdog.blocker += 1
        try:
            await self.master.addons.handle_lifecycle(hook)
            for name in _fields_of(type(hook)):  # type: ignore[arg-type] # classes can be hashed
                data = getattr(hook, name)
                if isinstance(data, flows.Flow) and data.intercepted:
                    await data.wait_for_resume()
        finally:
            watchdog.blocker -= 1
            if not watchdog.blocker:
                watchdog.register_activity()
                watchdog.can_timeout.set()
