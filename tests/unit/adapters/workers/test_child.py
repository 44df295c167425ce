"""`zoneproxy.adapters.workers.child`: started, ready, ended; and ended by its lifeline when nobody asks."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from zoneproxy.adapters.workers.child import Child, ChildError, describe, watch_lifeline

LIVES = """
import sys
print("noise")
print()
print("x" * 200_000)
print("ready a b", flush=True)
print("x" * 200_000)
sys.stdin.read()
"""
DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
signal.pause()
"""


async def start(code: str) -> Child:
    return await Child.start("worker 1", [sys.executable, "-c", code])


async def test_it_says_what_it_serves() -> None:
    """The words of the ready line are returned; what it prints later is read away; SIGTERM ends it."""
    child = await start(LIVES)
    ended: list[str] = []
    child.when_ended(lambda: ended.append("ended"))
    assert await child.wait_ready(30) == ["a", "b"]
    assert await child.end(30) == -15
    assert await child.end(30) == -15
    await asyncio.sleep(0)
    assert ended == ["ended"]


async def test_who_gives_up_waiting_ends_nothing() -> None:
    """A cancelled wait leaves the process, and other waits, as they are."""
    child = await start(LIVES)
    await child.wait_ready(30)
    waiting = asyncio.ensure_future(child.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await child.end(30) == -15


@pytest.mark.parametrize(("code", "exit_code", "told"), [
    ("raise SystemExit(2)", 2, "ended with exit code 2"),
    ("raise SystemExit(77)", 3, "ended with exit code 77"),
    ("import os; os.kill(os.getpid(), 9)", 3, "was ended by SIGKILL"),
])  # fmt: skip
async def test_one_that_does_not_get_ready(code: str, exit_code: int, told: str) -> None:
    """It is told how it ended, and its exit code goes on where it means something."""
    child = await start(code)
    with pytest.raises(ChildError, match=told) as caught:
        await child.wait_ready(30)
    assert caught.value.exit_code == exit_code


async def test_one_that_stays_silent_is_ended() -> None:
    """A process that is not ready in time does not live on; neither does one whose start is given up."""
    child = await start("import time; time.sleep(600)")
    with pytest.raises(ChildError, match="did not get ready in time"):
        await child.wait_ready(0.05)
    assert await child.wait() == -9
    child = await start("import time; time.sleep(600)")
    starting = asyncio.ensure_future(child.wait_ready(30))
    await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await child.wait() == -9


async def test_one_that_does_not_listen_is_made_to_end() -> None:
    """SIGKILL follows where SIGTERM is ignored."""
    child = await start(DEAF)
    await child.wait_ready(30)
    assert await child.end(0.05) == -9


async def test_the_lifeline_ends_with_its_last_holder() -> None:
    """What is written to a lifeline means nothing; its end means the parent's, once."""
    read, write = os.pipe()
    gone = asyncio.Event()
    watch_lifeline(read, gone.set)
    os.write(write, b"noise")
    await asyncio.sleep(0.01)
    assert not gone.is_set()
    os.close(write)
    async with asyncio.timeout(5):
        await gone.wait()
    os.close(read)


def test_signals_without_a_name() -> None:
    """A signal that has no name is told by its number."""
    assert describe(-64) in ("was ended by SIGRTMAX", "was ended by signal 64")
    assert describe(-63) == "was ended by signal 63"
