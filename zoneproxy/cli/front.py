"""`zoneproxy front`: the configuration of what stands in front of the doors, made from `zone.yaml`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from zoneproxy.adapters.files.settings import read_small
from zoneproxy.config import parse
from zoneproxy.config.front_envoy import envoy
from zoneproxy.config.front_haproxy import haproxy
from zoneproxy.config.front_nginx import nginx
from zoneproxy.config.front_plan import FrontPlan, plan

PRODUCTS: dict[str, Callable[[FrontPlan], str]] = {"envoy": envoy, "haproxy": haproxy, "nginx": nginx}
_DIFFERS = 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `front`; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "front",
        help="write the configuration of nginx, HAProxy or Envoy in front of the doors",
        description="Print the whole configuration of a front, made from the parts `front`, `routes` and "
        "`limits` of a zone.yaml. It ends TLS 1.3 and HTTP/2, verifies client certificates, bounds what one "
        "address can ask for, and tells the boundary who calls. The same zone.yaml always gives the same "
        "text. Exit code 1 with --check: the file is another.",
    )
    parser.add_argument("product", choices=sorted(PRODUCTS), help="what stands in front")
    parser.add_argument("file", nargs="?", default="zone.yaml", metavar="zone.yaml", help="the configuration")
    parser.add_argument(
        "--check", type=Path, metavar="FILE", help="print nothing; tell whether FILE is what would be made"
    )
    parser.set_defaults(func=run_front)


def run_front(args: argparse.Namespace) -> int:
    """Print a front's configuration, or compare it with a file."""
    config = parse(read_small(Path(args.file), "the configuration"), str(args.file))
    planned = plan(config)
    text = PRODUCTS[args.product](planned)
    for note in planned.notes:
        print(f"note: {note}", file=sys.stderr)
    if args.check is None:
        print(text, end="")
        return 0
    found = read_small(args.check, "the front's configuration")
    if found != text.encode():
        hint = f"make it anew: zoneproxy front {args.product} {args.file} > {args.check}"
        print(f"{args.check}: is not what {args.file} says now")
        print(f"hint: {hint}", file=sys.stderr)
        return _DIFFERS
    print(f"{args.check}: is what {args.file} says")
    return 0
