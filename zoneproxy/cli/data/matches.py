"""`zoneproxy data test`: what an index would match in a file, by the very pipeline of the boundary."""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.data.registered import day_of, read_index
from zoneproxy.cli.named_files import read_input
from zoneproxy.content.inspect import Inspection
from zoneproxy.content.scan import ScanSettings
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.finding import Segment

_MATCHED, _INCOMPLETE = 1, 3
_PREFIX = "registered_"
_HOW: Mapping[str, str] = {
    "row": "cells of one row, near one another",
    "cell": "one value, distinctive by itself",
    "document": "a piece of a document",
}


def add_test_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `test`; it sets `func`: Namespace in, exit code out."""
    parser = commands.add_parser(
        "test",
        help="show what an index would match in a file, and how",
        description="Look into a file as the boundary does, for one index alone. Values are not printed but "
        "with `--show`. Exit code 0: nothing matched; 1: something matched; 3: nothing matched, but not "
        "everything could be looked into.",
    )
    parser.add_argument("index", type=Path, metavar="INDEX", help="the index")
    parser.add_argument("file", metavar="FILE", help="a body of any type, or `-` for stdin")
    parser.add_argument("--key", required=True, type=Path, metavar="KEY", help="the owner's key")
    parser.add_argument("--content-type", metavar="TYPE", help="the body's declared type")
    parser.add_argument(
        "--show", action="store_true", help="print the values that matched, as they are compared"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(func=run_test)


def run_test(args: argparse.Namespace) -> int:
    """Look into a file and print what matched."""
    read = read_index(args.index, args.key, today=day_of(SystemClock().now_ms()))
    if read.index is None:
        raise ConfigError(
            f"the index `{args.index}` of `{read.header.id}` is revoked since {read.header.revoked}",
            hint="it matches nothing any more; ask the owner for another one",
        )
    # Nothing but the index counts; the digests are not printed, so any key will do.
    settings = ScanSettings(4, secrets.token_bytes(32), registered=(read.index,))
    seen = Inspection(settings, leaving=False)
    seen.body(read_input(args.file), args.content_type, None, Segment.USER)
    found = [_told(hit, owner, show=args.show) for hit, owner in seen.hits if hit.kind.startswith(_PREFIX)]
    for one in found:
        if args.json:
            print(json.dumps(one, sort_keys=True, ensure_ascii=False))
        else:
            what = f" {one['row']}" if "row" in one else ""
            value = f" {one['value']!r}" if "value" in one else ""
            place = f"{one['segment']}[{one['start']}:{one['end']}]"
            print(f"{one['match']}{what} at {place}: {_HOW[one['match']]}{value}")
    whole = seen.whole and not seen.spent_up
    if not args.json:
        print(f"{len(found)} match{'es' if len(found) > 1 else ''}" if found else "nothing matches")
        if not whole:
            print("not everything could be looked into")
    return _MATCHED if found else (0 if whole else _INCOMPLETE)


def _told(hit: Any, owner: Segment, *, show: bool) -> dict[str, Any]:
    match = hit.kind.removeprefix(_PREFIX).partition(":")[0]
    told = {
        "match": match,
        "set": hit.kind.partition(":")[2],
        "segment": owner.value,
        "start": hit.start,
        "end": hit.end,
        "score": hit.score,
    }
    if match != "cell":
        told["row"] = int(hit.value.rpartition(" ")[2])
    elif show:
        told["value"] = hit.value
    return told
