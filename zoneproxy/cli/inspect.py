"""`zoneproxy inspect`: what the pipeline of the boundary sees in a body.

A finding's place counts the characters of the string it stands in. Values are never printed but with
`--show`. Exit codes: 0 nothing was found and everything could be looked into; 1 something was found; 2 usage,
or a file that can't be read; 3 nothing was found, but not everything could be looked into. With `--records`
the exit code is 0 or 2.

A record is a body on a line of its own (`zoneproxy.cli.json_lines`); other members are left alone. Its
prediction is one JSON object a line:

    {"id": "r-1", "labels": ["CN_MOBILE"], "whole": true}

`labels` are the kinds found, in capitals and in order; `whole` tells whether everything in the
body could be looked into.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Any

from zoneproxy.cli.json_lines import body_of, read_lines
from zoneproxy.cli.named_files import read_input, unreadable
from zoneproxy.content.inspect import Inspection
from zoneproxy.content.scan import ScanSettings, scan_body, to_finding, verdict
from zoneproxy.content.sealed import KIND as UNINSPECTABLE
from zoneproxy.terms.finding import Segment

_FOUND, _INCOMPLETE = 1, 3
_LEVELS = (1, 2, 3, 4)
_RECORD_HINT = "a record is a JSON object with `id` and `text` or `body_b64`"
_ORIGINS = {"in": Segment.USER, "out": Segment.OUTPUT}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `inspect`; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "inspect",
        help="show what the pipeline sees in a body",
        description="Look into a body as the boundary does: what was found, in whose words, through which "
        "decoding steps. Exit code 0: nothing was found; 1: something was found; 3: nothing was found, but "
        "not everything could be looked into.",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="the body, or `-` for stdin")
    parser.add_argument("--content-type", metavar="TYPE", help="the body's declared type")
    parser.add_argument("--content-encoding", metavar="CODING", help="the body's declared encoding")
    parser.add_argument(
        "--direction", choices=tuple(_ORIGINS), default="out",
        help="`out` (default): the body leaves the zone, so models and training data count; `in`: it enters",
    )  # fmt: skip
    parser.add_argument(
        "--level", type=int, choices=_LEVELS, default=2,
        help="detectors up to this level report: 1 errs least, 4 misses least (default 2)",
    )  # fmt: skip
    parser.add_argument("--show", action="store_true", help="print the values that were found")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--records", type=Path, metavar="IN", help="labelled bodies, one JSON object a line")
    parser.add_argument("--out", type=Path, metavar="PRED", help="where the records' predictions go")
    parser.set_defaults(func=partial(run_inspect, parser))


def run_inspect(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Look into one body and print what was seen, or into many and write what was found."""
    if (args.records is None) == (args.file is None) or (args.records is None) != (args.out is None):
        parser.error("give either FILE, or --records IN with --out PRED")
    # The digests tell equal values apart within this run and are not printed: any key will do.
    settings = ScanSettings(args.level, secrets.token_bytes(32))
    if args.records is not None:
        return _predict(args.records, args.out, settings, leaving=args.direction == "out")
    seen = Inspection(settings, leaving=args.direction == "out")
    seen.body(read_input(args.file), args.content_type, args.content_encoding, _ORIGINS[args.direction])
    told = _told(seen, show=args.show)
    if args.json:
        print(json.dumps(told, sort_keys=True))
    else:
        _print(told)
    if seen.hits:
        return _FOUND
    return 0 if seen.whole else _INCOMPLETE


def _told(seen: Inspection, *, show: bool) -> dict[str, Any]:
    """Say what was seen; values stand in it only where asked for."""
    findings = [(to_finding(hit, owner, seen.settings), hit.value) for hit, owner in seen.hits]
    total = verdict((finding for finding, _ in findings), scanned_all=seen.whole)
    return {
        "findings": [
            {
                "kind": finding.kind,
                "segment": finding.segment.value,
                "start": finding.start,
                "end": finding.end,
                "level": finding.level,
                "score": finding.score,
                "category": finding.category,
            }
            | ({"medium": value} if finding.kind == UNINSPECTABLE else {})
            | ({"value": value} if show else {})
            for finding, value in findings
        ],
        "mixing": total.mixing,
        "score": total.score,
        "segments": {owner.value: count for owner, count in seen.characters.items()},
        "steps": seen.steps,
        "whole": seen.whole,
    }


def _print(told: dict[str, Any]) -> None:
    for found in told["findings"]:
        place = f"{found['segment']}[{found['start']}:{found['end']}]"
        value = f" {found['value']!r}" if "value" in found else ""
        medium = f" ({found['medium']})" if "medium" in found else ""
        print(f"{found['kind']}{medium} {place} level {found['level']} score {found['score']}{value}")
    print("segments: " + (", ".join(f"{name} {size}" for name, size in told["segments"].items()) or "none"))
    print("steps: " + (", ".join(told["steps"]) or "none"))
    if not told["whole"]:
        print("not everything could be looked into")
    print(f"verdict: {told['mixing']}, score {told['score']}")


def _predict(source: Path, target: Path, settings: ScanSettings, *, leaving: bool) -> int:
    """Write a prediction for every record; a crash leaves a file that ends with a whole or torn line."""
    count = 0
    try:
        with source.open("rb") as lines, target.open("w", encoding="utf-8") as out:
            for record in read_lines(lines, body_of, file=source, what="a record", hint=_RECORD_HINT):
                seen = scan_body(
                    record.data, record.content_type, record.content_encoding, settings, leaving=leaving
                )
                labels = sorted(
                    {found.kind.upper() for found in seen.findings if found.kind != UNINSPECTABLE}
                )
                whole = seen.whole and not any(found.kind == UNINSPECTABLE for found in seen.findings)
                out.write(json.dumps({"id": record.name, "labels": labels, "whole": whole}) + "\n")
                count += 1
    except OSError as error:
        raise unreadable(error.filename, error) from None
    print(f"{count} predictions written to {target}", file=sys.stderr)
    return 0
