"""`zoneproxy refusals`: what a running zone refused without a record each, since it started.

Exit codes: 0 nothing was; 1 something was, so that a script can ask; 2 no zone answers.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from zoneproxy.assembly.refusals import Turned, ask_turned_away
from zoneproxy.cli.order_files import OK, add_zone, read_opening

_SOME = 1
_MOST = 4
_WHAT = {
    "requests-refused": "requests refused",
    "handshakes-refused": "connections refused before HTTP began",
    "connections-refused": "connections that found no room",
}


def add_parser(subparsers: Any) -> None:
    """Add the command; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "refusals",
        help="tell what a running zone refused without a record each; exit code 1 where anything",
        description="Where too many are refused (`limits.refusals` in zone.yaml), callers are turned away "
        "without a word and counted; the log holds the counts. This tells them since the zone started, and "
        "where most of them came from.",
    )
    add_zone(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Ask the zone and tell."""
    found = ask_turned_away(read_opening(args))
    for one in found:
        print(json.dumps(asdict(one), sort_keys=True) if args.json else _told(one))
    if not found and not args.json:
        print("every refusal has a record of its own")
    return _SOME if found else OK


def _told(one: Turned) -> str:
    kind, _, name = one.whose.partition(":")
    whose = f" of the {kind} `{name}`" if name else ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in list(one.reasons.items())[:_MOST])
    places = ", ".join(list(one.networks)[:_MOST])
    return (
        f"{one.count} {_WHAT.get(one.code, one.code)} at `{one.door}`{whose}, the last {one.ago_s} s ago: "
        f"{reasons}; most from {places}"
    )
