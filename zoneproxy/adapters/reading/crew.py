"""Several processes at work on one log, each on parts of its own.

Each process opens the log itself, at the checkpoint that the first reader took. What comes back are parts,
in order; only a few are under way or waiting at a time, so memory does not grow with the log. A process that
dies ends the work with an error: parts are never left out.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Self

from zoneproxy.adapters.reading.logfolder import reopen
from zoneproxy.replay.desk import Desk, Part, Task, Work
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.reader import Location

_AHEAD = 3  # parts under way or waiting, for each process


class Crew:
    """Processes that work on parts (`zoneproxy.replay.audit.Crew`); use it in a `with` statement.

    Args:
        location: the log.
        work: what is to be done.
        processes: how many.
    """

    def __init__(self, location: Location, work: Work, processes: int) -> None:
        self._processes = processes
        # Fresh processes: a forked one would inherit whatever threads and files the caller has.
        self._pool = ProcessPoolExecutor(
            processes,
            multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(location, work),
        )

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Part]:
        """Work on these parts, and yield them in order.

        Raises:
            ConfigError: a process died, or could not open the log.
        """
        waiting: deque[Future[Part]] = deque()
        todo = iter(tasks)
        try:
            waiting += (
                self._pool.submit(_examine, task) for task in itertools.islice(todo, self._processes * _AHEAD)
            )
            while waiting:
                part = waiting.popleft().result()
                waiting += (self._pool.submit(_examine, task) for task in itertools.islice(todo, 1))
                yield part
        except BrokenProcessPool:
            raise ConfigError(
                "one of the processes at work on the log died",
                hint="try again with `--processes 1`; it may have run out of memory",
            ) from None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes; what they have not begun is dropped."""
        self._pool.shutdown(cancel_futures=True)


_desk: list[Desk] = []  # this process' own; a process of a crew works on one log only


def _begin(location: Location, work: Work) -> None:
    _desk[:] = [Desk(reopen(location), work)]


def _examine(task: Task) -> Part:
    return _desk[0].examine(task)
