"""`zoneproxy flowback`: close the day's fingerprints of returned results, and look a text up in them.

`lookup` runs on the domestic side, beside whatever collects text there: it needs the runs, their verifier key
and the fingerprints' key. Exit codes: 0 done, or nothing recognised; 1 a returned result was recognised, or a
run does not hold; 2 usage, or a file that can't be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.data.flowback import build, day_of, expire, opened, runs
from zoneproxy.adapters.files.settings import read_secret
from zoneproxy.adapters.keys.keyfiles import read_private_key, read_vkeys
from zoneproxy.cli.named_files import read_beginning
from zoneproxy.cli.policy.bundle import read_config
from zoneproxy.content import canary
from zoneproxy.content.returned import Returned, sight
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import Ed25519Signer

_EPOCH = date(1970, 1, 1)
_MOST_BYTES = 64 * 1024 * 1024
_KEY_BYTES = 32


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `flowback`; each command sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "flowback",
        help="recognise returned results that turn up inland",
        description="The boundary keeps keyed fingerprints of what it returns, and no text. Each day's are "
        "closed into a signed run; a text can be looked up in the runs.",
    )
    commands = parser.add_subparsers(dest="flowback_command", required=True, metavar="COMMAND")
    making = commands.add_parser("build", help="close past days into signed runs, and delete expired ones")
    making.add_argument("--config", required=True, metavar="zone.yaml", help="the zone's configuration")
    making.add_argument("--today", action="store_true", help="close the day that is not over, too")
    making.set_defaults(func=partial(run_build, making))
    looking = commands.add_parser("lookup", help="tell whether a text is a returned result")
    looking.add_argument("text", metavar="FILE", help="a text, UTF-8; `-` reads standard input")
    looking.add_argument("--runs", required=True, type=Path, metavar="DIR", help="the folder of the runs")
    looking.add_argument("--key", required=True, type=Path, metavar="FILE", help="the fingerprints' key")
    looking.add_argument("--vkey", required=True, type=Path, metavar="FILE", help="who signed the runs")
    looking.add_argument("--json", action="store_true", help="one JSON object a line")
    looking.set_defaults(func=partial(run_lookup, looking))
    showing = commands.add_parser("vkey", help="print the verifier key of the runs")
    showing.add_argument("--config", required=True, metavar="zone.yaml", help="the zone's configuration")
    showing.set_defaults(func=partial(run_vkey, showing))


def _part(path: str) -> tuple[Any, Path, str]:
    config, folder = read_config(path), Path(path).parent
    if config.flowback is None:
        raise ConfigError(f"`{path}` keeps no fingerprints", hint="add the part `flowback`")
    return config.flowback, folder, config.zone


def _signer(path: Path, zone: str) -> Ed25519Signer:
    return Ed25519Signer(f"{zone}/flowback", read_private_key(path))


def run_build(_parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Close past days, and delete what has expired."""
    part, folder, zone = _part(args.config)
    directory, today = folder / part.directory, day_of(SystemClock().now_ms())
    signer = _signer(folder / part.signing_key, zone)
    made = build(directory, zone, signer, today=today, also_today=args.today)
    for run in made:
        print(f"{run.path}  {run.count} fingerprints of {run.day}")
    gone = expire(directory, today=today, keep_days=part.keep_days)
    print(f"{len(made)} runs closed, {len(gone)} expired files deleted", file=sys.stderr)
    return 0


def run_vkey(_parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Print what the domestic side needs to check the runs."""
    part, folder, zone = _part(args.config)
    print(_signer(folder / part.signing_key, zone).verifiers[0].vkey)
    return 0


def run_lookup(_parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Look a text up in all runs, and for canaries."""
    text, key = _text(args.text), read_secret(args.key, _KEY_BYTES)
    prints = Returned(key)
    prints.grow((), text)
    found: dict[str, dict[str, Any]] = {}
    for run in runs(args.runs, read_vkeys(args.vkey)):
        with opened(run) as held:
            seen = sight(run.day, prints, held)
        if seen.recognised:
            known = found.setdefault(
                run.day, {"day": run.day, "by": "fingerprints", "hits": 0, "whole": False}
            )
            known["hits"] += seen.hits
            known["whole"] = known["whole"] or seen.whole
    rows = list(found.values())
    rows += [
        {"day": (_EPOCH + timedelta(days=one.day)).isoformat(), "by": "canary", "tenant": one.tenant.hex()}
        for one in canary.find(key, text)
    ]
    for row in rows:
        print(json.dumps(row) if args.json else _said(row))
    if not rows:
        print("not recognised as a returned result", file=sys.stderr)
    return 1 if rows else 0


def _said(row: dict[str, Any]) -> str:
    if row["by"] == "canary":
        return f"{row['day']}  bears the zone's canary, tenant tag {row['tenant']}"
    if row["whole"]:
        return f"{row['day']}  was returned as a whole"
    return f"{row['day']}  shares {row['hits']} fingerprints with what was returned"


def _text(name: str) -> str:
    data = sys.stdin.buffer.read(_MOST_BYTES + 1) if name == "-" else read_beginning(Path(name), _MOST_BYTES)
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"`{name}` is larger than {_MOST_BYTES} bytes", hint="look up its parts")
    return data.decode("utf-8", "replace")
