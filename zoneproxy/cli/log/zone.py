"""`zoneproxy log collect` and `log timestamp`: what is kept about logs beside them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.keys.keyfiles import load_signer, make_log_keys, read_trust, read_vkeys
from zoneproxy.adapters.log.newlog import create
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import newest_place, open_log
from zoneproxy.adapters.upkeep.collector import Beat, Collector, last_heads, nodes_of, origins_of
from zoneproxy.adapters.upkeep.timestamps import read_roots, request_token
from zoneproxy.terms.errors import ConfigError, TraceError

_ORIGIN = "zone.example/trace/zone"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands; each sets `func`: Namespace in, exit code out."""
    collect = commands.add_parser(
        "collect",
        help="collect the nodes' checkpoints into a zone log",
        description="Read every node's checkpoint at each beat, check that it continues the last one, and "
        "record it in the zone log, unchanged ones too: so a missing node or a missing hour can be shown. "
        "Nodes are named in a trust file, each log with its address: `log <vkey> https://node-1/log`. "
        "SIGTERM ends it.",
    )
    collect.add_argument("directory", type=Path, metavar="ZONE_LOG", help="the zone log, a directory")
    collect.add_argument("--nodes", type=Path, required=True, metavar="FILE", help="the trust file")
    collect.add_argument("--key", type=Path, required=True, metavar="FILE", help="the zone log's signing key")
    collect.add_argument(
        "--origin", default=_ORIGIN, help="the zone log's name, a URL without scheme (default: %(default)s)"
    )
    collect.add_argument("--create", action="store_true", help="make the zone log, and its keys, first")
    collect.add_argument(
        "--every", type=float, default=1.0, metavar="SECONDS", help="between beats (default: %(default)s)"
    )
    collect.add_argument("--once", action="store_true", help="one beat, then stop")
    collect.set_defaults(func=run_collect)

    stamp = commands.add_parser(
        "timestamp",
        help="have a time-stamping authority stamp the newest checkpoint",
        description="Ask an RFC 3161 authority for a token over the log's newest checkpoint, check it, and "
        "keep it in the log's `timestamps/`; `zoneproxy log verify --tsa-cert FILE` checks it. Once a day is "
        "enough.",
    )
    stamp.add_argument("directory", type=Path, metavar="DIR", help="the log")
    stamp.add_argument("--tsa", required=True, metavar="URL", help="the authority's address")
    stamp.add_argument(
        "--tsa-cert", type=Path, required=True, metavar="FILE", help="the authority's root certificates, PEM"
    )
    stamp.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier keys (else those that lie in DIR)",
    )  # fmt: skip
    stamp.set_defaults(func=run_timestamp)


def run_timestamp(args: argparse.Namespace) -> int:
    """Fetch one token."""
    directory = Path(newest_place(args.directory))
    reader = open_log(directory, [key for path in args.vkey for key in read_vkeys(path)])
    token = request_token(reader, directory, args.tsa, read_roots(args.tsa_cert))
    print(f"the tree of {token.size} entries was there at {token.at.isoformat()}")
    return 0


def run_collect(args: argparse.Namespace) -> int:
    """Collect until told to stop, or once."""
    nodes = nodes_of(read_trust(args.nodes))
    if not 0.05 <= args.every <= 86_400:  # noqa: PLR2004  # from as fast as a disk flushes to a day
        raise ConfigError(f"`{args.every}` is no time between beats", hint="give seconds, from 0.05 to 86400")
    if args.create:
        if not args.key.exists():
            make_log_keys(args.key)
        create(
            args.directory,
            log_origin=args.origin,
            signer=load_signer(args.key, args.origin),
            clock=SystemClock(),
            entropy=SystemEntropy(),
        )
    elif not (args.directory / "log.json").exists():
        raise ConfigError(f"there is no log in `{args.directory}`", hint="make one with `--create`")
    log = TraceLog.open(
        args.directory,
        log_origin=args.origin,
        signer=load_signer(args.key, args.origin),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        node="zone",
        worker="collector",
    )
    reader = open_log(args.directory)
    collector = Collector(nodes, log, last_heads(reader, origins_of(nodes)))
    try:
        return asyncio.run(_collect(log, collector, args.every, once=args.once))
    finally:
        collector.close()


async def _collect(log: TraceLog, collector: Collector, every_s: float, *, once: bool) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    states: dict[str, str] = {}
    try:
        await collector.announce()
        due = loop.time()
        while not told.is_set():
            for beat in await collector.beat():
                _tell(states, beat, each=once)
            if once:
                break
            due = max(due + every_s, loop.time())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), due - loop.time())
    finally:
        with contextlib.suppress(TraceError):  # what failed is raised above
            await log.close()
    return 0 if all(state in {"", "heard"} for state in states.values()) and states else 1


def _tell(states: dict[str, str], beat: Beat, *, each: bool) -> None:
    """Print what changed about a node: that it is heard, is silent, or shows another history."""
    state = {"": "silent", "split": "split", "back": "back", "unproven": "unproven"}.get(beat.seen, "heard")
    if states.get(beat.node) == state and not each:
        return
    states[beat.node] = state
    words = {
        "heard": f"heard, {beat.size} entries",
        "silent": f"silent: {beat.why}",
        "split": f"TWO HISTORIES: another tree of {beat.size} entries than the last one",
        "back": f"AN OLD STATE: {beat.size} entries, fewer than at the last beat",
        "unproven": f"UNPROVEN: nothing shows that its tree of {beat.size} entries continues the last one",
    }
    print(f"{beat.node}: {words[state]}", flush=True)
