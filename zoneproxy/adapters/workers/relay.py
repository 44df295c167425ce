"""One control socket for several workers: every command goes to each of them in turn, or to the sequencer.

A command that finds its work done says so, so whoever asks may ask again where one of them refused or
ended in the middle of it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneproxy.adapters.upkeep.logport import RECORD, REDACT, RETAIN
from zoneproxy.adapters.workers.control import Verb
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.terms.errors import ConfigError

OF_THE_LOG = frozenset({RECORD, REDACT, RETAIN})
"""Commands to the log itself, which is one: the sequencer does them, once."""

Ask = Callable[[Path, str, Mapping[str, Any]], Mapping[str, Any]]


class Relay(Mapping[str, Verb]):
    """Every verb there is, as a question to all workers (see `zoneproxy.adapters.workers.control`).

    Args:
        workers: where the control sockets of the workers stand now.
        logd: where the sequencer's stands.
        ask: asks at one socket; blocks.
    """

    def __init__(self, workers: Callable[[], Sequence[Path]], logd: Path, ask: Ask = ask) -> None:
        self._workers = workers
        self._logd = logd
        self._ask = ask
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
        async with self._turn:
            if verb in OF_THE_LOG:
                return await asyncio.to_thread(self._ask, self._logd, verb, arguments)
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
                        f"{len(answers)} of {len(workers)} workers did it, the next one did not: "
                        f"{error.message}",
                        hint=f"ask again; {error.hint}" if error.hint else "ask again",
                        exit_code=error.exit_code,
                        details=getattr(error, "details", ()),
                    ) from None
            return {**answers[0], "workers": answers}


def beside(control: Path, name: str | int) -> Path:
    """Return where the control socket of one process stands, beside that of the whole zone."""
    return control.with_name(f"{control.stem}.{name}{control.suffix}")
