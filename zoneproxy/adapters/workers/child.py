"""A process that this one started: it says `ready ...` on its stdout, and ends when its stdin does.

The open stdin is the lifeline: the kernel closes it when this process dies, however it dies, so no child
outlives its parent for longer than it takes to drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Collection, Sequence

from zoneproxy.terms.errors import ZoneError

_LIMIT = 64 * 1024
_MESSAGE_EXITS = (1, 2, 3)


class ChildError(ZoneError):
    """A process did not get ready; it has told why, or was too slow.

    Args:
        code: its exit code, negative for a signal; `None` where it had to be ended.
    """

    def __init__(self, name: str, code: int | None) -> None:
        why = "did not get ready in time" if code is None else describe(code)
        super().__init__(f"the {name} {why}", hint="see what it said above")
        self.exit_code = code if code in _MESSAGE_EXITS else 3


def describe(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


class Child:
    """One started process.

    Args:
        name: what it is, for messages: `sequencer`.
        process: the process, with pipes for stdin and stdout.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process
        self._reading: asyncio.Task[None] | None = None
        self._exited = asyncio.ensure_future(process.wait())

    @classmethod
    async def start(cls, name: str, command: Sequence[str], fds: Collection[int] = ()) -> Child:
        """Start a process; `fds` are open files that it inherits under their own numbers."""
        pipe = subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, pass_fds=tuple(fds), limit=_LIMIT, start_new_session=True
        )
        return cls(name, process)

    @property
    def pid(self) -> int:
        """The process' id."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code, negative for a signal."""
        return await asyncio.shield(self._exited)  # who gives up waiting ends nothing

    def when_ended(self, call: Callable[[], object]) -> None:
        """Call something once it has ended."""
        self._exited.add_done_callback(lambda _: call())

    async def wait_ready(self, timeout_s: float) -> list[str]:
        """Wait until it says that it is ready; return the words of that line, without the first.

        Raises:
            ChildError: it ended before that, or stayed silent; it has ended now.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while line := await self._line():
                    if line[:1] == ["ready"]:
                        self._reading = asyncio.ensure_future(self._read_away())
                        return line[1:]
                raise ChildError(self.name, await self.wait())
        except TimeoutError:
            await self.kill()
            raise ChildError(self.name, None) from None
        except asyncio.CancelledError:
            await self.kill()
            raise

    async def _line(self) -> list[str]:
        """Return the words of its next line, a dash for a line without any, nothing at the end."""
        if self._process.stdout is None:
            return []
        try:
            line = await self._process.stdout.readline()
        except ValueError:  # longer than anything that is waited for
            return ["-"]
        return line.decode("utf-8", "replace").split() or (["-"] if line else [])

    async def _read_away(self) -> None:
        """Whatever it prints later is read, so that it never waits for its reader."""
        while self._process.stdout is not None and await self._process.stdout.read(_LIMIT):
            pass

    def terminate(self) -> None:
        """Ask it to end."""
        if not self._exited.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def kill(self) -> None:
        """End it."""
        if not self._exited.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self.wait()

    async def end(self, timeout_s: float) -> int:
        """Ask it to end, insist after a while; return its exit code."""
        self.terminate()
        await asyncio.wait([self._exited], timeout=timeout_s)
        await self.kill()
        if self._reading is not None:
            await self._reading
        return self._exited.result()


def watch_lifeline(fd: int, gone: Callable[[], object]) -> None:
    """Call `gone` once, in the running event loop, when nobody holds the other end of a pipe any more.

    Args:
        fd: the pipe's end in this process, usually 0.
        gone: what to do then.
    """
    loop = asyncio.get_running_loop()
    os.set_blocking(fd, False)

    def look() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(fd, 1024):
                loop.remove_reader(fd)
                gone()

    loop.add_reader(fd, look)
