"""`zoneproxy stop`, `resume` and `stops`: the kill switch.

Exit codes: 0 it holds and is kept; 2 it could not be done, or holds but could not be kept; `stops`: 1 where
something is stopped, so that a script can ask.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Collection
from typing import Any

from zoneproxy.assembly import Opening
from zoneproxy.assembly.orderbook import open_orders
from zoneproxy.assembly.orderdesk import file_of, read_held
from zoneproxy.cli.order_files import OK, add_who, add_zone, carry, make_act, moment, read_opening
from zoneproxy.config.orders import credential_id
from zoneproxy.origin.tenants import digest_of
from zoneproxy.route.stops import CREDENTIAL_DIGITS
from zoneproxy.terms.errors import ConfigError

_SCOPES = ("tenant", "credential", "model", "route", "zone")
_STOPPED = 1
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{16}|[0-9a-f]{64})\Z", re.ASCII)


def add_parser(subparsers: Any) -> None:
    """Add the three commands; each sets `func`: Namespace in, exit code out."""
    stop = subparsers.add_parser(
        "stop",
        help="stop a tenant, a credential, a model, a route or the whole zone, at once",
        description="New requests are refused from now on, and what is under way is cut. It holds on every "
        "worker and after a restart, until `zoneproxy resume` lifts it, and works on a zone that does not "
        "run, too.",
    )
    _add_target(stop)
    stop.add_argument(
        "--even-if-unknown", action="store_true", help="stop a name that nothing bears now, in case it comes"
    )
    stop.set_defaults(func=run_stop)
    resume = subparsers.add_parser(
        "resume",
        help="lift a stop",
        description="Lift a stop. `everything` begins anew where the zone's orders can't be read: it forgets "
        "all stops, all added tenants and all that was changed of others: credentials, suspensions.",
    )
    _add_target(resume, "everything")
    resume.set_defaults(func=run_resume)
    listing = subparsers.add_parser("stops", help="list what is stopped; exit code 1 where anything is")
    add_zone(listing)
    listing.set_defaults(func=run_stops)


def _add_target(parser: argparse.ArgumentParser, *more: str) -> None:
    parser.add_argument("scope", choices=(*_SCOPES, *more), help="what kind of thing")
    parser.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="NAME",
        help="its name; of a credential the 16 digits that `zoneproxy tenant show` shows, or its SHA-256, or "
        "`-` to read the credential itself from standard input; none for the zone",
    )
    add_who(parser)
    add_zone(parser)


def run_stop(args: argparse.Namespace) -> int:
    """Stop something."""
    opening = read_opening(args)
    target = _target(args, opening)
    if not args.even_if_unknown:
        _insist_on_known(args.scope, target, opening)
    act = make_act(args, "stop", scope=args.scope, target=target)
    return carry(args, opening, act, f"stopped {_named(args.scope, target)}")


def run_resume(args: argparse.Namespace) -> int:
    """Lift a stop."""
    opening = read_opening(args)
    if args.scope == "everything":
        if not read_held(opening)[1]:
            raise ConfigError(
                "the zone's orders can be read: there is nothing to begin anew",
                hint="lift one stop after another; `zoneproxy stops` lists them",
            )
        return carry(
            args,
            opening,
            make_act(args, "reset"),
            "resumed; all stops, added tenants and changes of tenants are forgotten",
        )
    target = _target(args, opening)
    act = make_act(args, "resume", scope=args.scope, target=target)
    return carry(args, opening, act, f"resumed {_named(args.scope, target)}")


def run_stops(args: argparse.Namespace) -> int:
    """List what is stopped."""
    orders, flaw = read_held(read_opening(args))
    held: list[dict[str, Any]] = [{"scope": "everything", "flaw": flaw}] if flaw else []
    held += [stop.model_dump(mode="json") for stop in orders.stops]
    held += [{"scope": "suspended", "target": name} for name in orders.suspended()]
    for one in held:
        print(json.dumps(one, sort_keys=True) if args.json else _told(one))
    if not held and not args.json:
        print("nothing is stopped")
    return _STOPPED if held else OK


def _told(one: dict[str, Any]) -> str:
    match one["scope"]:
        case "everything":
            return f"everything is stopped: {one['flaw']}"
        case "suspended":
            return f"the tenant `{one['target']}` is suspended"
    what = _named(one["scope"], one["target"])
    return f"{what}, since {moment(one['at_ms'])}, by {one['by']} ({one['cause']}): {one['why']}"


def _target(args: argparse.Namespace, opening: Opening) -> str:
    target: str = args.target
    if args.scope in ("zone", "everything"):
        if target not in ("", opening.config.zone):
            raise ConfigError(
                f"this zone is `{opening.config.zone}`, not `{target}`",
                hint="name its configuration: `--config FILE`",
            )
        return ""
    if not target:
        raise ConfigError(f"no {args.scope} is named", hint=f"zoneproxy {args.command} {args.scope} NAME ...")
    if args.scope != "credential":
        return target
    if target == "-":
        return digest_of(sys.stdin.read().strip()).hex()[:CREDENTIAL_DIGITS]
    found = _DIGEST.match(target)
    if found is None:  # it may be the credential itself, so it is not shown again
        raise ConfigError(
            "a credential is not named by itself: command lines are seen by others",
            hint=f"give it on standard input: `zoneproxy {args.command} credential - ...`, or its 16 digits",
        )
    return found[1][:CREDENTIAL_DIGITS]


def _insist_on_known(scope: str, target: str, opening: Opening) -> None:
    """Refuse a name that nothing bears: whoever mistypes one at night must not believe it stopped."""
    known = _known(scope, opening)
    if scope == "zone" or target in known:
        return
    near = difflib.get_close_matches(target, known, n=1, cutoff=0.5)
    meant = f"did you mean `{near[0]}`? " if near else ""
    raise ConfigError(
        f"nothing was stopped: no {scope} is named `{target}`",
        hint=f"{meant}`--even-if-unknown` stops it all the same, in case it comes",
    )


def _known(scope: str, opening: Opening) -> Collection[str]:
    config = opening.config
    orders, _ = open_orders(config, file_of(opening))  # the zone is not asked: it may hang
    registered = [one.registration for one in orders.standing(config.tenants)]
    match scope:
        case "tenant":
            return {one.id for one in registered}
        case "credential":
            return {credential_id(digest) for one in registered for digest in one.credentials}
        case "model":
            return {model for server in config.servers for model in server.models}
        case _:
            return {route.id for route in config.routes}


def _named(scope: str, target: str) -> str:
    return "the zone" if scope == "zone" else f"the {scope} `{target}`"
