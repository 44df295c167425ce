"""`zoneproxy run`: the production door, in one process or in several."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoneproxy.terms.errors import ConfigError

EXIT_OK = 0
_MOST_WORKERS = 64
_DRAIN_MARGIN_S = 10.0


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "run",
        help="open the zone's doors",
        description="Open the zone's doors and serve until told to stop (SIGTERM drains). With several "
        "workers a sequencer writes the log for them, whoever dies is started again, and SIGHUP replaces the "
        "workers one after another without losing a request.",
    )
    parser.add_argument("file", nargs="?", metavar="zone.yaml", help="the configuration (default: zone.yaml)")
    parser.add_argument("--config", metavar="zone.yaml", help="the same, by name")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that serve (default: `workers.count` of the configuration, which is 1)",
    )
    parser.add_argument("--worker", metavar="JSON", help=argparse.SUPPRESS)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Assemble the boundary and serve; every mistake is told before a door opens."""
    # mitmproxy honours both: a set variable would write session keys to a file.
    for name in ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"):
        os.environ.pop(name, None)
    if args.file is not None and args.config is not None:
        raise ConfigError("the configuration is named twice", hint="zoneproxy run zone.yaml")
    path = args.file or args.config or "zone.yaml"
    master = load_proxy()
    from zoneproxy.adapters.logs import configure  # noqa: PLC0415 - only a server logs
    from zoneproxy.assembly import Opening, assemble  # noqa: PLC0415 - as above

    configure()
    if args.worker is not None:
        asyncio.run(_work(master, path, json.loads(args.worker)))
        return EXIT_OK
    count = Opening.read(path).config.workers.count if args.workers is None else args.workers
    if not 1 <= count <= _MOST_WORKERS:
        raise ConfigError(
            f"`--workers {count}` is not 1 to {_MOST_WORKERS}", hint="one for each core will do"
        )
    if count == 1:
        core = assemble(path, assurance="production")
        asyncio.run(master.serve(core, ready=_ready))
    else:
        asyncio.run(_supervise(path, count))
    return EXIT_OK


def load_proxy() -> Any:
    """Load the module that serves; only who opens doors needs it.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module("addons.master")
    except ImportError as error:
        raise ConfigError(
            f"the proxy can't be loaded: {error}", hint="install it: pip install 'zoneproxy[proxy]'"
        ) from error


def _ready(doors: list[str]) -> None:
    sys.stdout.write(f"ready {' '.join(doors)}\n")
    sys.stdout.flush()


async def _work(master: Any, path: str, given: Mapping[str, Any]) -> None:
    """Serve as one of several workers: the doors are inherited, and stdin is the lifeline.

    Args:
        master: the module that serves.
        path: the configuration.
        given: `doors`, the number of the open file of each route; `control`, where the socket stands; and
            `among`, how many workers share the zone's limits.
    """
    import signal  # noqa: PLC0415 - only a worker has a lifeline
    import socket  # noqa: PLC0415 - as above

    from zoneproxy.adapters.workers.child import watch_lifeline  # noqa: PLC0415 - as above
    from zoneproxy.adapters.workers.neighbours import flows_socket  # noqa: PLC0415 - as above
    from zoneproxy.assembly import assemble_worker  # noqa: PLC0415 - as above

    watch_lifeline(sys.stdin.fileno(), lambda: os.kill(os.getpid(), signal.SIGTERM))
    zone = await assemble_worker(path, control=Path(given["control"]), among=int(given.get("among", 1)))
    doors = {route: socket.socket(fileno=fd) for route, fd in given["doors"].items()}
    held = {route: door.getsockname()[:2] for route, door in doors.items()}
    if held != {route: (door.host, door.port) for route, door in zone.boundary.listeners.items()}:
        await zone.close()
        raise ConfigError(
            "the doors in the configuration are not those that are open",
            hint="doors change by a stop and a start; a replacement of workers keeps them",
        )
    await master.serve(zone, ready=_ready, doors=doors, flows=flows_socket(Path(given["control"])))


async def _supervise(path: str, count: int) -> None:
    from zoneproxy.adapters.workers.backoff import BackOffRules  # noqa: PLC0415 - only where there are several
    from zoneproxy.adapters.workers.supervisor import Patience, Programs, Supervisor  # noqa: PLC0415 - as above
    from zoneproxy.assembly import check  # noqa: PLC0415 - as above
    from zoneproxy.route.destination import read_destination  # noqa: PLC0415 - as above

    opening = check(path)
    config, part = opening.config, opening.config.workers
    program = [sys.executable, "-m", "zoneproxy"]

    def worker(doors: Mapping[str, int], control: Path) -> list[str]:
        given = json.dumps({"doors": dict(doors), "control": str(control), "among": count})
        return [*program, "run", path, "--worker", given]

    listens = {route.id: read_destination(route.listen) for route in config.routes}
    programs = Programs(
        logd=[*program, "logd", path, "--supervised"] if part.logd == "own" else None,
        worker=worker,
        doors={route: (at.host, at.port) for route, at in listens.items()},
        control=opening.folder / config.control.socket,
    )
    patience = Patience(
        ready_s=part.ready_timeout_s,
        drain_s=config.limits.drain_timeout_s + _DRAIN_MARGIN_S,
        back_off=BackOffRules(
            part.backoff_first_s, part.backoff_most_s, part.crash_limit, part.crash_window_s
        ),
    )
    await Supervisor(programs, count=count, patience=patience).run(_ready)
