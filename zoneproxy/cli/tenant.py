"""`zoneproxy tenant`: who is served, changed while the zone runs.

Of a tenant that `zone.yaml` declares, credentials and suspension change here as well; all else changes there.
Others are added beside them; a name stands in one place only.
A credential is made here, shown once, and kept as its SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import secrets
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.settings import write_new
from zoneproxy.assembly import Opening
from zoneproxy.assembly.orderdesk import read_held
from zoneproxy.cli.order_files import OK, add_who, add_zone, carry, make_act, moment, read_opening
from zoneproxy.config import RegisteredTenant
from zoneproxy.config.orders import AddedTenant, credential_id
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import read_prefix

_LENGTH = re.compile(r"(\d{1,4})([mhd])\Z", re.ASCII)
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TOKEN_BYTES = 32


def add_parser(subparsers: Any) -> None:
    """Add `tenant`; each command sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "tenant",
        help="add, show, rotate, suspend and remove tenants while the zone runs",
        description="Tenants that zone.yaml declares, and others that are added beside them; credentials and "
        "suspensions of both change while the zone runs. Each act is a record of the log. What a tenant may "
        "do, the operator's policy says: an added tenant is refused until the policy authorises it.",
    )
    commands = parser.add_subparsers(dest="tenant_command", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="register a tenant and make its first credential")
    add.add_argument("tenant", metavar="TENANT", help="its name: small letters, digits and hyphens")
    add.add_argument("--market", required=True, metavar="CC", help="the market that it is registered for")
    add.add_argument(
        "--audience",
        required=True,
        choices=("overseas", "domestic", "mixed", "unknown"),
        help="whom it serves",
    )
    for name, what in (
        ("network", "a prefix that it calls from"),
        ("certificate", "an identity of its client certificates: spiffe://..., sha256:KEY, dn:NAME"),
        ("callback", "an address, as a prefix, that the zone may call for it"),
    ):
        add.add_argument(
            f"--{name}", action="append", default=[], metavar=name.upper(), help=f"{what}; repeatable"
        )
    _add_act(add, run_add, secret=True)
    rotate = commands.add_parser("rotate", help="make another credential; the older ones end later")
    rotate.add_argument("tenant", metavar="TENANT")
    rotate.add_argument(
        "--keep",
        default="7d",
        metavar="TIME",
        help="how long older ones stay valid: 30m, 12h, 7d (default: 7d); 0m ends them now",
    )
    _add_act(rotate, run_rotate, secret=True)
    revoke = commands.add_parser("revoke", help="end one credential now")
    revoke.add_argument("tenant", metavar="TENANT")
    revoke.add_argument("credential", metavar="DIGITS", help="the 16 digits that `show` shows")
    _add_act(revoke, run_revoke)
    for name, what in (
        ("suspend", "refuse its requests and cut what it has under way"),
        ("resume", "serve a suspended tenant again"),
        ("remove", "forget a suspended tenant that was added"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("tenant", metavar="TENANT")
        _add_act(command, run_state)
    for name, func, what in (("show", run_show, "show a tenant"), ("list", run_list, "list all tenants")):
        command = commands.add_parser(name, help=what)
        if name == "show":
            command.add_argument("tenant", metavar="TENANT")
        add_zone(command)
        command.set_defaults(func=func)


def _add_act(parser: argparse.ArgumentParser, func: Any, *, secret: bool = False) -> None:
    if secret:
        parser.add_argument(
            "--credential-file",
            type=Path,
            metavar="FILE",
            help="write the new credential into this new file, mode 0600, instead of showing it",
        )
    add_who(parser)
    add_zone(parser)
    parser.set_defaults(func=func)


def run_add(args: argparse.Namespace) -> int:
    """Register a tenant."""
    opening = read_opening(args)
    secret, digest = _new_credential()
    for prefix in args.network:
        try:
            read_prefix(prefix)
        except ValueError:
            raise ConfigError(
                f"`{prefix}` is not a network",
                hint="write its first address and its length, for example `203.0.113.0/24`",
            ) from None
    try:
        registration = RegisteredTenant(
            id=args.tenant,
            market=args.market,
            audience=args.audience,
            credentials=[digest],
            networks=args.network,
            certificates=args.certificate,
            callbacks=args.callback,
        )
    except ValidationError as error:
        flaw = error.errors()[0]
        raise ConfigError(
            f"`{flaw['input']}` is no {flaw['loc'][0]} of a tenant", hint="see `zoneproxy tenant add --help`"
        ) from None
    act = make_act(args, "tenant-add", tenant=args.tenant, registration=registration)
    return _with_secret(args, opening, act, secret, f"registered the tenant `{args.tenant}`")


def run_rotate(args: argparse.Namespace) -> int:
    """Make another credential."""
    found = _LENGTH.match(args.keep)
    if found is None:
        raise ConfigError(f"`{args.keep}` is no time", hint="write 30m, 12h or 7d")
    opening = read_opening(args)
    until_ms = SystemClock().now_ms() + int(found[1]) * _UNITS_MS[found[2]]
    secret, digest = _new_credential()
    act = make_act(args, "tenant-rotate", tenant=args.tenant, credential=digest, until_ms=until_ms)
    said = f"the tenant `{args.tenant}` has another credential; older ones end {moment(until_ms)}"
    return _with_secret(args, opening, act, secret, said)


def run_revoke(args: argparse.Namespace) -> int:
    """End one credential."""
    opening = read_opening(args)
    one, _ = _found(opening, args.tenant)
    full = next((d for d in one.registration.credentials if credential_id(d) == args.credential), None)
    if full is None:
        raise ConfigError(
            f"the tenant `{args.tenant}` has no such credential",
            hint=f"`zoneproxy tenant show {args.tenant}` shows the digits of those that it has",
        )
    act = make_act(args, "tenant-revoke", tenant=args.tenant, credential=full)
    return carry(args, opening, act, f"ended the credential `{args.credential}`")


def run_state(args: argparse.Namespace) -> int:
    """Suspend, resume or remove a tenant."""
    opening = read_opening(args)
    act = make_act(args, f"tenant-{args.tenant_command}", tenant=args.tenant)
    done = {"suspend": "suspended", "resume": "resumed", "remove": "removed"}[args.tenant_command]
    return carry(args, opening, act, f"{done} the tenant `{args.tenant}`")


def run_show(args: argparse.Namespace) -> int:
    """Show a tenant."""
    opening = read_opening(args)
    _show(args, *_found(opening, args.tenant))
    return OK


def run_list(args: argparse.Namespace) -> int:
    """List all tenants."""
    for one, where in _all(read_opening(args)):
        if args.json:
            _show(args, one, where)
        else:
            state = ", suspended" if one.suspended else ""
            registration = one.registration
            print(f"{one.id}  {registration.market}  {registration.audience}  {where}{state}")
    return OK


def _all(opening: Opening) -> list[tuple[AddedTenant, str]]:
    orders, _ = read_held(opening)
    declared = {one.id for one in opening.config.tenants}
    standing = orders.standing(opening.config.tenants)
    return [(one, "declared" if one.id in declared else "added") for one in standing]


def _found(opening: Opening, tenant: str) -> tuple[AddedTenant, str]:
    for one, where in _all(opening):
        if one.id == tenant:
            return one, where
    raise ConfigError(f"no tenant `{tenant}` is registered", hint="`zoneproxy tenant list` lists all")


def _show(args: argparse.Namespace, one: AddedTenant, where: str) -> None:
    entry = one.registration
    credentials = [{"id": credential_id(d), "until_ms": one.until_ms.get(d)} for d in entry.credentials]
    if args.json:
        told = entry.model_dump(mode="json") | {"credentials": credentials}
        print(json.dumps({**told, "where": where, "suspended": one.suspended}, sort_keys=True))
        return
    print(f"{entry.id}, {where}{', suspended' if one.suspended else ''}")
    print(f"  market {entry.market}, serves {entry.audience}")
    for credential in credentials:
        end = credential["until_ms"]
        print(f"  credential {credential['id']}{'' if end is None else f', until {moment(int(end))}'}")
    for what, values in (
        ("calls from", entry.networks),
        ("certificate", entry.certificates),
        ("callback", entry.callbacks),
    ):
        for value in values:
            print(f"  {what} {value}")


def _new_credential() -> tuple[str, str]:
    secret = f"zp-{secrets.token_urlsafe(_TOKEN_BYTES)}"
    return secret, f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"


def _with_secret(args: argparse.Namespace, opening: Opening, act: Any, secret: str, said: str) -> int:
    """Carry out an act, and hand out its credential; a file for it is made before, so that none is lost."""
    path: Path | None = args.credential_file
    if path is not None:
        try:
            write_new(path, f"{secret}\n".encode(), mode=0o600)
        except ConfigError as error:
            raise ConfigError(error.message, hint="nothing was done; name a new file") from None
    try:
        code = carry(args, opening, act, said)
    except BaseException:
        if path is not None:
            path.unlink(missing_ok=True)
        raise
    if path is not None:
        print(f"its credential is in `{path}`")
    elif args.json:
        print(json.dumps({"tenant": args.tenant, "credential": secret}, sort_keys=True))
    else:
        print(f"its credential, shown this once (only its digest is kept):\n    {secret}")
    return code
