"""The operator's log: one event a line on stderr, JSON unless a person watches.

It tells how the process fares. It is not the trace: nothing that counts as evidence stands here,
and nothing of a request's content ever does.
"""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = ("asyncio", "hpack", "mitmproxy.proxy.server", "mitmproxy.proxy.mode_servers")


def configure(level: int = logging.INFO) -> None:
    """Send this process's log to stderr.

    Args:
        level: smallest level that is written.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=("hook", "event", "count", "route", "index")),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    person = sys.stderr.isatty()
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]
    )
    handler = logging.StreamHandler(sys.stderr)
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
