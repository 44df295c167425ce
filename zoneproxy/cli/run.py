"""`zoneproxy run`: the production door."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
from typing import Any

from zoneproxy.terms.errors import ConfigError

EXIT_OK = 0


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "run",
        help="open the zone's doors",
        description="Open the zone's doors and serve until told to stop (SIGTERM drains).",
    )
    parser.add_argument("--config", required=True, metavar="zone.yaml", help="the configuration")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Assemble the boundary and serve; every mistake is told before a door opens."""
    # mitmproxy honours SSLKEYLOGFILE: a set variable would write session keys to a file.
    os.environ.pop("SSLKEYLOGFILE", None)
    try:
        master = importlib.import_module("addons.master")
    except ImportError as error:
        raise ConfigError(
            f"the proxy can't be loaded: {error}", hint="install it: pip install 'zoneproxy[proxy]'"
        ) from error
    from zoneproxy.adapters.logs import configure  # noqa: PLC0415 - only a server logs
    from zoneproxy.assembly import assemble  # noqa: PLC0415 - as above

    configure()
    core = assemble(args.config, assurance="production")

    def ready(doors: list[str]) -> None:
        sys.stdout.write(f"ready {' '.join(doors)}\n")
        sys.stdout.flush()

    asyncio.run(master.serve(core, ready=ready))
    return EXIT_OK
