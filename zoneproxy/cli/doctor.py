"""`zoneproxy doctor`: what is misconfigured, with remedies, and whether the separation holds.

Exit codes: 0 nothing must be mended; 1 something must; 2 the configuration can't be used at all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from zoneproxy.assembly.doctor import Finding, State, examine
from zoneproxy.cli.order_files import OK, add_zone, read_opening
from zoneproxy.cli.output import is_coloured

_FAULTY = 1
_COLOURS = {State.OK: "32", State.ADVICE: "33", State.FAULT: "1;31", State.UNCHECKED: "36"}


def add_parser(subparsers: Any) -> None:
    """Add the command; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "doctor",
        help="tell what is misconfigured, with remedies, and try the forbidden paths",
        description="Examine a zone that runs or does not. Where it runs, each forbidden path is tried and "
        "must be refused: those requests stand in its log. Nothing else is changed.",
    )
    parser.add_argument("--no-self-test", action="store_true", help="do not try the forbidden paths")
    parser.add_argument("--all", action="store_true", help="show what is well, too")
    add_zone(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Examine a zone and tell what was found."""
    counts: Counter[State] = Counter()
    for finding in examine(read_opening(args), self_test=not args.no_self_test):
        counts[finding.state] += 1
        if args.json:
            print(json.dumps(asdict(finding), ensure_ascii=False, sort_keys=True))
        elif args.all or finding.state is not State.OK:
            _show(finding)
    if not args.json:
        print(
            f"{counts[State.OK]} ok, {counts[State.FAULT]} to be mended, "
            f"{counts[State.ADVICE]} to be looked at, {counts[State.UNCHECKED]} not checked"
        )
    return _FAULTY if counts[State.FAULT] else OK


def _show(finding: Finding) -> None:
    state: str = finding.state.value
    if is_coloured(sys.stdout):
        state = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m"
    print(f"{state}  {finding.id}: {finding.what}")
    if finding.remedy:
        print(f"    {finding.remedy}")
