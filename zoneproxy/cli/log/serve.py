"""`zoneproxy log serve`: a log's public files, and receipts, over HTTP."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.serving.desk import make_desk
from zoneproxy.adapters.serving.server import LogServer
from zoneproxy.route.destination import DestinationError, read_destination
from zoneproxy.terms.errors import ConfigError


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command; it sets `func`: Namespace in, exit code out."""
    serve = commands.add_parser(
        "serve",
        help="serve the log's public files and receipts over HTTP",
        description="Serve a log directory as the static files that C2SP verifiers read, and a "
        "`.tlog-proof` of any entry at /receipt/INDEX; of a log in monthly shards both below /MONTH/. "
        "Private files (openings, the write-ahead log, keys) are never served. It speaks no TLS: keep it on "
        "loopback behind a web server. SIGTERM ends it.",
    )
    serve.add_argument("directory", type=Path, metavar="DIR", help="the log, or that of all its shards")
    serve.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="where (default: %(default)s)"
    )
    serve.add_argument(
        "--receipts-only",
        action="store_true",
        help="give nothing but receipts, each to whoever sends the ticket of the entry",
    )
    serve.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier keys (else those that lie in DIR)",
    )  # fmt: skip
    serve.set_defaults(func=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    try:
        at = read_destination(args.listen)
    except DestinationError:
        raise ConfigError(
            f"`{args.listen}` is no address to listen on", hint="give a host and a port: 127.0.0.1:8080"
        ) from None
    keys = [key for path in args.vkey for key in read_vkeys(path)]
    desk = make_desk(args.directory, keys, receipts_only=args.receipts_only)
    asyncio.run(_serve(LogServer(desk), at.host, at.port))
    return 0


async def _serve(server: LogServer, host: str, port: int) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with server.listening(host, port) as (at, real_port):
        shown = f"[{at}]" if ":" in at else at
        print(f"serving at http://{shown}:{real_port}/", flush=True)
        await told.wait()
