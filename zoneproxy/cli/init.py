"""`zoneproxy init`: a working zone in a new directory, made once."""

from __future__ import annotations

import argparse
import hashlib
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import sync_folder
from zoneproxy.adapters.keys.keyfiles import make_private_key
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.keys.opening import make_opening_key
from zoneproxy.adapters.keys.tag import load_tag_signer, publish_tag_key
from zoneproxy.adapters.keys.ticket import load_ticket_signer, publish_ticket_key
from zoneproxy.adapters.shards.folder import ShardFolder
from zoneproxy.adapters.shipped import shipped_policy
from zoneproxy.config import parse
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.months import Month

POLICIES = ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml")
_DEFAULT_PORT = "8443"
_MOST_PORT = 65_535

TEMPLATE = """\
# The zone's configuration. Paths are relative to this file; no secret stands here. `zoneproxy run` tells
# every mistake before a door opens.
zone: {zone}
node: node-1

log:
  directory: log
  origin: {origin}
  shards: monthly              # each month a log of its own below it, and the keys of closed ones destroyed
  key: keys/log                # folder of the keys that sign checkpoints; its owner's alone
  ticket_key: keys/ticket.key  # signs the tickets that go out with answers; mode 0600

privacy:
  key: keys/opening.key        # private parts of records are encrypted under it; mode 0600. Keep a copy apart
                               # regulator: keys/regulator.pub   lets the regulator open them too (X25519)

tag:                           # what model servers check (`tag.vkey` beside this file is for them)
  key: keys/tag.key            # mode 0600

policies:                      # a flow passes only if both layers allow
  unsigned: [regulator, operator]   # plain files are for building a zone; before it serves customers, sign
                               # them (`zoneproxy policy sign`), name the bundles and their signers here
  regulator: policies/shantou-pilot.regulator.yaml
  operator: policies/shantou-pilot.operator.yaml

routes:                        # the doors; each side has listeners of its own
  - {{id: cable-sg-1, side: overseas, country: SG, listen: "127.0.10.1:{port}"}}
  - {{id: cable-my-1, side: overseas, country: MY, listen: "127.0.11.1:{port}"}}
  - {{id: inland-1,   side: domestic, country: CN, listen: "127.0.20.1:{port}"}}   # refuses, and records
  - {{id: zone-out-1, side: zone,     country: CN, listen: "127.0.30.1:{port}"}}   # for workloads

networks:                      # where a peer's address is known to be; others say nothing
  - {{prefix: 127.0.10.0/24, side: overseas, country: SG}}
  - {{prefix: 127.0.11.0/24, side: overseas, country: MY}}
  - {{prefix: 127.0.20.0/24, side: domestic, country: CN}}
  - {{prefix: 127.0.30.0/24, side: zone,     country: CN}}

tenants:                       # credentials are SHA-256 digests of long random strings
  - id: toyco-sg
    market: SG
    audience: overseas
    credentials: ["sha256:{sg}"]
  - id: toyco-my
    market: MY
    audience: overseas
    credentials: ["sha256:{my}"]

servers:                       # model servers inside the zone
  - {{id: zone-llm,   address: "127.0.30.10:8000", models: [zone-llm-01], separation: physical}}
  - {{id: zone-llm-2, address: "127.0.30.11:8000", models: [zone-llm-02], separation: physical,
     paths: [/v1/files, /v1/models]}}

outward: []                    # where zone workloads may call, for example:
                               #   - {{host: "tools.example:80", side: overseas}}
                               #   - host: "api.example:443"     # in TLS, and by tunnels (CONNECT)
                               #     side: overseas
                               #     tls: {{ca: tls/api-ca.pem, spki_pin: "sha256:..."}}
                               # tunnels need the zone's own authority: `zoneproxy outward make`
                               # tunnels: {{certificate: outward.pem, key: keys/outward.key}}

scan:
  level: 2                     # 1 errs least, 4 misses least
  digest_key: keys/scan.key    # mode 0600
"""


def add_parser(subparsers: Any) -> None:
    """Add `init`; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "init",
        help="make a working zone in a new directory",
        description="Write a configuration, keys, policies and an empty log. Nothing is ever overwritten.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a directory that does not exist yet")
    parser.add_argument("--zone", default="zone-1", help="the zone's name (default: %(default)s)")
    parser.add_argument(
        "--origin", default="zone.example/trace/node-1",
        help="the log's name, a URL without scheme; each month adds its own (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--port", default=_DEFAULT_PORT, help="port of every door (default: %(default)s)")
    parser.set_defaults(func=run_init)


def run_init(args: argparse.Namespace) -> int:
    """Make the zone beside its final place and move it there whole, so that a crash leaves nothing half."""
    target: Path = args.directory
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(
            f"`{target}` exists already", hint="a zone is made once; choose a directory that does not exist"
        )
    if not re.fullmatch("[1-9][0-9]{0,4}", args.port) or int(args.port) > _MOST_PORT:
        raise ConfigError(f"`{args.port}` is no port", hint="give a number from 1 to 65535")
    credentials = {tenant: f"zp-{secrets.token_urlsafe(32)}" for tenant in ("toyco-sg", "toyco-my")}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise ConfigError(_cant(target, error), hint="check the folder above it") from None
    try:
        _build(building, args, credentials)
        building.chmod(0o755)
        building.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise ConfigError(_cant(target, error), hint="check the folder above it") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _tell(target, credentials)
    return 0


def _build(folder: Path, args: argparse.Namespace, credentials: dict[str, str]) -> None:
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    make_private_key(keys / "ticket.key")
    make_private_key(keys / "tag.key")
    make_opening_key(keys / "opening.key")
    write_new(keys / "scan.key", secrets.token_bytes(32), mode=0o600)
    (folder / "policies").mkdir()
    for name in POLICIES:
        write_new(folder / "policies" / name, shipped_policy(name))
    digests = {tenant: hashlib.sha256(secret.encode()).hexdigest() for tenant, secret in credentials.items()}
    text = TEMPLATE.format(
        zone=args.zone,
        origin=args.origin,
        port=args.port,
        sg=digests["toyco-sg"],
        my=digests["toyco-my"],
    )
    parse(text.encode(), "zone.yaml")  # a name that can't stand in it is told now, not at the first start
    write_new(folder / "zone.yaml", text.encode())
    publish_tag_key(folder / "tag.vkey", args.zone, load_tag_signer(keys / "tag.key", args.zone))
    shards, signing, month = (
        ShardFolder(folder / "log", args.origin),
        KeyFolder(keys / "log"),
        Month.of(SystemClock().now_ms()),
    )
    signing.make(month)
    shards.create(month, signing.load(month, shards.origin(month)), SystemClock(), SystemEntropy())
    publish_ticket_key(shards.path(month), load_ticket_signer(keys / "ticket.key", args.origin))


def _cant(target: Path, error: OSError) -> str:
    return f"`{target}` can't be made: {why(error)}"


def _tell(target: Path, credentials: dict[str, str]) -> None:
    print(f"made the zone in {target}")
    print("credentials, shown this once (only their digests are kept):")
    for tenant, secret in credentials.items():
        print(f"    {tenant}  {secret}")
    print(f"next: name your model servers in {target / 'zone.yaml'}, then")
    print(f"    zoneproxy run --config {target / 'zone.yaml'}")
