"""`zoneproxy outward`: the authority by which the boundary looks into tunnels of zone workloads."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.keys.certificates import read_certificates
from zoneproxy.adapters.tls.authority import WHAT, make_authority
from zoneproxy.assembly.outward import tunnelled
from zoneproxy.config import Config, parse
from zoneproxy.terms.errors import ConfigError

_MOST_DAYS = 3650


def add_parser(subparsers: Any) -> None:
    """Add `outward`; its verbs set `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "outward",
        help="make and show the authority that workloads trust in tunnels",
        description="A zone workload's tunnel (CONNECT) is ended by the boundary, which looks into it. The "
        "authority that proves it to the workload is the zone's own, and bound to the destinations that "
        "zone.yaml registers with `tls`.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    make = verbs.add_parser(
        "make",
        help="make an authority for the registered destinations",
        description="Write a key (mode 0600) and a certificate where `tunnels` in zone.yaml names them. "
        "Nothing is overwritten: for another list of destinations name new files.",
    )
    make.add_argument("--days", type=int, default=365, help="how long it is valid (default: %(default)s)")
    make.set_defaults(func=run_make)
    show = verbs.add_parser(
        "show",
        help="print the authority's certificate, for workloads to trust",
        description="Print the certificate as PEM; what it is, and its digest, goes to stderr.",
    )
    show.set_defaults(func=run_show)
    for verb in (make, show):
        verb.add_argument(
            "file", nargs="?", default="zone.yaml", metavar="zone.yaml", help="the configuration"
        )


def run_make(args: argparse.Namespace) -> int:
    """Make an authority."""
    if not 1 <= args.days <= _MOST_DAYS:
        raise ConfigError(f"`{args.days}` days are none", hint=f"give a number from 1 to {_MOST_DAYS}")
    config, certificate, key = _read(args)
    made = make_authority(
        certificate,
        key,
        zone=config.zone,
        hosts=tunnelled(config),
        days=args.days,
        now_ms=SystemClock().now_ms(),
    )
    print(f"made {certificate} for {', '.join(sorted(made.hosts))}")
    print(f"    its key is {key}; have the workloads trust the certificate: `zoneproxy outward show`")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print the authority's certificate."""
    _, path, _ = _read(args)
    certificate = read_certificates(path, WHAT)[0]
    end = certificate.not_valid_after_utc.astimezone(UTC)
    print(f"sha256 {certificate.fingerprint(SHA256()).hex()}", file=sys.stderr)
    left = (end - datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC)).days
    print(f"valid until {end.date().isoformat()}, {left} days", file=sys.stderr)
    sys.stdout.write(certificate.public_bytes(Encoding.PEM).decode())
    return 0


def _read(args: argparse.Namespace) -> tuple[Config, Path, Path]:
    path = Path(args.file)
    config = parse(read_small(path, "the configuration"), str(path))
    if config.tunnels is None:
        raise ConfigError(
            f"`{path}` opens no tunnels", hint="write the part `tunnels`: {certificate: ..., key: ...}"
        )
    return config, path.parent / config.tunnels.certificate, path.parent / config.tunnels.key
