"""`zoneproxy witness serve`: answer logs until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import re
import signal
import sys
from collections.abc import Callable

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.logs import configure
from zoneproxy.adapters.witness.desk import WitnessDesk
from zoneproxy.adapters.witness.folder import MEMORY_FILE, WitnessedLogs, load_cosigner
from zoneproxy.adapters.witness.server import WitnessServer
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.route.destination import DestinationError, read_destination
from zoneproxy.terms.errors import ConfigError

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*\Z", re.ASCII)

log = logging.getLogger(__name__)


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    add_folder: Callable[[argparse.ArgumentParser], None],
) -> None:
    """Add the command; it sets `func`: Namespace in, exit code out."""
    serve = commands.add_parser(
        "serve",
        help="answer logs",
        description="Cosign what the logs on its list send (C2SP tlog-witness), until SIGTERM or ctrl-C. "
        "Prints `ready URL` when it answers. Put a TLS server before it where others can listen in.",
    )
    add_folder(serve)
    serve.add_argument("--listen", default="127.0.0.1:7380", metavar="HOST:PORT", help="default: %(default)s")
    serve.add_argument("--prefix", default="", metavar="/PATH", help="of all its addresses (default: none)")
    serve.set_defaults(func=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until told to stop.

    Raises:
        ConfigError: the folder, the address or the prefix can't be used.
        TraceError: its memory failed.
    """
    cosigner = load_cosigner(args.directory)
    if not _PREFIX.match(args.prefix):
        raise ConfigError(f"`{args.prefix}` is no prefix", hint="write it as `/like/this`")
    host, port = _address(args.listen)
    logs = WitnessedLogs(args.directory)
    store = WitnessStore(args.directory / MEMORY_FILE)
    configure()
    if not logs.keys:
        log.warning("no log is witnessed yet: add one with `zoneproxy witness add-log DIR FILE.vkey`")
    server = WitnessServer(WitnessDesk(cosigner, store, logs, SystemClock().now_ms), args.prefix)
    try:
        asyncio.run(_serve(server, host, port, args.prefix))
    finally:
        store.close()
    return 0


async def _serve(server: WitnessServer, host: str, port: int, prefix: str) -> None:
    loop = asyncio.get_running_loop()
    async with server.listening(host, port) as (at, number):
        shown = f"[{at}]" if ":" in at else at
        sys.stdout.write(f"ready http://{shown}:{number}{prefix}\n")
        sys.stdout.flush()
        failure = asyncio.ensure_future(server.failure())
        for told in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(told, failure.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await failure


def _address(text: str) -> tuple[str, int]:
    try:
        if text.endswith(":0"):  # any free port, told by `ready`
            return str(ipaddress.ip_address(text.removesuffix(":0").strip("[]"))), 0
        to = read_destination(text)
    except (DestinationError, ValueError):
        raise ConfigError(f"`{text}` is no address", hint="write HOST:PORT, as in 127.0.0.1:7380") from None
    return to.host, to.port
