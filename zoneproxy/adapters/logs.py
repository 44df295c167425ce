"""The operator's log: one event a line on stderr, JSON unless a person watches.

It tells how the process fares. It is not the trace: nothing that counts as evidence stands here,
and nothing of a request's content ever does.

Many lines are caused by callers, and lines end on a disk. So each place in the program that logs may write
`LINES_AT_ONCE` lines, then `LINES_PER_MINUTE`; what is beyond that is dropped, and the next line from there
says in `unsaid` how many were. Lines of level CRITICAL are never dropped: each stands for a record.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

import structlog

from zoneproxy.meter.bucket import Bucket

LINES_PER_MINUTE, LINES_AT_ONCE = 30, 60
_MINUTE_MS = 60_000
_MOST_PLACES = 4096

_QUIET = ("asyncio", "hpack", "mitmproxy.proxy.server", "mitmproxy.proxy.mode_servers")


class Ration(logging.Filter):
    """Lets so many lines of each place in the program pass; places are the program's, so they are few."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[tuple[str, int], Bucket] = {}
        self._unsaid: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line may be written; one that may says how many before it might not."""
        if record.levelno >= logging.CRITICAL:
            return True
        place = (record.pathname, record.lineno)
        with self._lock:
            bucket = self._places.get(place)
            if bucket is None:
                if len(self._places) >= _MOST_PLACES:
                    self._places.clear()
                bucket = self._places[place] = Bucket(LINES_PER_MINUTE, _MINUTE_MS, LINES_AT_ONCE)
            if not bucket.take(1, int(time.monotonic() * 1000)):
                self._unsaid[place] = self._unsaid.get(place, 0) + 1
                return False
            if unsaid := self._unsaid.pop(place, 0):
                record.unsaid = unsaid
            return True


def configure(level: int = logging.INFO) -> None:
    """Send this process's log to stderr.

    Args:
        level: smallest level that is written.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=("hook", "event", "count", "route", "index", "unsaid")),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    person = sys.stderr.isatty()
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Ration())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns at each start that nobody guesses protocols: a door speaks one, and nobody may guess.
    logging.getLogger("mitmproxy.addons.proxyserver").setLevel(logging.ERROR)
