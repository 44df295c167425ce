"""One control socket for several workers: every command goes to each of them in turn, or to the sequencer.

A command that finds its work done says so, so whoever asks may ask again where one of them refused or
ended in the middle of it.

A worker reads rules and data once, while it is started. What changes them waits until no worker is being
started, and none is started meanwhile: else one could serve by the old ones that missed the question. A
worker that was replaced and still drains is asked too, because it may still take a request. Orders (stops,
tenants) wait for nobody: every worker watches the file that they are kept in.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneproxy.adapters.upkeep.logport import RECORD, REDACT, RETAIN
from zoneproxy.adapters.workers.control import Verb
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.terms.errors import ConfigError

OF_THE_LOG = frozenset({RECORD, REDACT, RETAIN})
"""Commands to the log itself, which is one: the sequencer does them, once."""

REFUSALS = "refusals"
"""What a running zone is asked for its refusals that had no record each."""

AT_ONCE = frozenset({"order", "orders", "policy-status", REFUSALS})
"""Commands that wait for no start."""
WAIT_S = 30.0

Ask = Callable[[Path, str, Mapping[str, Any]], Mapping[str, Any]]

log = logging.getLogger("zoneproxy.relay")


class Relay(Mapping[str, Verb]):
    """Every verb there is, as a question to all workers (see `zoneproxy.adapters.workers.control`).

    Args:
        workers: where the control sockets of the workers stand now.
        logd: where the sequencer's stands.
        ask: asks at one socket; blocks.
        starting: held while a worker is started.
        leaving: where those of workers stand that were replaced and have not ended.
        wait_s: how long a command waits for a start, in seconds.
    """

    def __init__(
        self,
        workers: Callable[[], Sequence[Path]],
        logd: Path,
        ask: Ask = ask,
        *,
        starting: asyncio.Lock | None = None,
        leaving: Callable[[], Sequence[Path]] = tuple,
        wait_s: float = WAIT_S,
    ) -> None:
        self._workers = workers
        self._logd = logd
        self._ask = ask
        self._starting = starting or asyncio.Lock()
        self._leaving = leaving
        self._wait_s = wait_s
        self._turn = asyncio.Lock()  # a question that two workers get in two orders could leave them apart

    def __getitem__(self, verb: str) -> Verb:
        """Return what asks all workers; which verbs they know is theirs to say."""
        return functools.partial(self._relay, verb)

    def __iter__(self) -> Iterator[str]:
        """Name nothing: any verb can be relayed."""
        return iter(())

    def __len__(self) -> int:
        """Count nothing, as above."""
        return 0

    async def _relay(self, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if verb in OF_THE_LOG:
            async with self._turn:
                return await asyncio.to_thread(self._ask, self._logd, verb, arguments)
        if verb in AT_ONCE:
            async with self._turn:
                return await self._ask_all(verb, arguments)
        async with self._no_start(), self._turn:
            answers = await self._ask_all(verb, arguments)
            for worker in self._leaving():
                try:
                    await asyncio.to_thread(self._ask, worker, verb, arguments)
                except (RefusedError, ConfigError) as error:
                    log.info("a worker that drains did not do `%s`: %s", verb, error.message)
            return answers

    @contextlib.asynccontextmanager
    async def _no_start(self) -> AsyncIterator[None]:
        """Have no worker started while this lasts.

        Raises:
            ConfigError: one is being started, and takes its time.
        """
        try:
            async with asyncio.timeout(self._wait_s):
                await self._starting.acquire()
        except TimeoutError:
            raise ConfigError(
                "a worker is being started, and could miss this", hint="ask again when it is ready"
            ) from None
        try:
            yield
        finally:
            self._starting.release()

    async def _ask_all(self, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        workers = self._workers()
        if not workers:
            raise ConfigError("no worker serves now", hint="ask again when one does")
        answers: list[Mapping[str, Any]] = []
        for worker in workers:
            try:
                answers.append(await asyncio.to_thread(self._ask, worker, verb, arguments))
            except (RefusedError, ConfigError) as error:
                if not answers:
                    raise
                raise RefusedError(
                    f"{len(answers)} of {len(workers)} workers did it, the next one did not: {error.message}",
                    hint=f"ask again; {error.hint}" if error.hint else "ask again",
                    exit_code=error.exit_code,
                    details=getattr(error, "details", ()),
                ) from None
        return {**answers[0], "workers": answers}


def beside(control: Path, name: str | int) -> Path:
    """Return where the control socket of one process stands, beside that of the whole zone."""
    return control.with_name(f"{control.stem}.{name}{control.suffix}")
