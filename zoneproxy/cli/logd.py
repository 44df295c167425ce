"""`zoneproxy logd`: the process that owns the log and serves it to the boundary's workers."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

EXIT_OK = 0


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "logd",
        help="write the log for several workers",
        description="Own the zone's log and serve it to the boundary's workers over a Unix socket, until "
        "told to stop (SIGTERM waits for the workers). `zoneproxy run --workers N` starts one by itself; run "
        "it alone, as a user of its own, with `logd: external` in the `workers` part of zone.yaml.",
    )
    parser.add_argument("config", metavar="zone.yaml", help="the configuration")
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(func=logd)


def logd(args: argparse.Namespace) -> int:
    """Serve the log; say `ready` and the socket's place when workers may come."""
    from zoneproxy.adapters.logs import configure  # noqa: PLC0415 - only a server logs
    from zoneproxy.assembly import keep_log  # noqa: PLC0415 - as above

    configure()

    def ready(place: Path) -> None:
        sys.stdout.write(f"ready {place}\n")
        sys.stdout.flush()

    lifeline = sys.stdin.fileno() if args.supervised else None
    asyncio.run(keep_log(args.config, ready=ready, lifeline=lifeline))
    return EXIT_OK
