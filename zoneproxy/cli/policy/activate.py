"""`zoneproxy policy activate`, `status` and `shadow-report`: bundles in a running zone."""

from __future__ import annotations

import argparse
import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zoneproxy.adapters.state.bundles import read_bundle_file
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.cli.output import print_error
from zoneproxy.cli.policy.bundle import read_config, say_flaws
from zoneproxy.cli.policy.files import OK
from zoneproxy.cli.policy.log import each_shard, open_sound
from zoneproxy.config import Config
from zoneproxy.policy.bundle_flaws import Flaw
from zoneproxy.replay.records import records
from zoneproxy.replay.shadows import ShadowReport, report
from zoneproxy.terms.errors import ConfigError


def add_activation_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about running zones; each sets `func`: Namespace in, exit code out."""
    activate = commands.add_parser(
        "activate",
        help="put bundles in force in a running zone, in one step",
        description="Put one bundle, or one for each layer, in force while traffic flows. Where one of them "
        "can't be used, the last good ones stay.",
    )
    activate.add_argument("bundles", nargs="*", type=Path, metavar="BUNDLE", help="a bundle")
    activate.add_argument("--config", required=True, metavar="zone.yaml", help="the zone that is running")
    how = activate.add_mutually_exclusive_group()
    how.add_argument("--shadow", action="store_true", help="it only watches: what it would do is recorded")
    how.add_argument("--end-shadow", action="store_true", help="nothing watches any more")
    activate.add_argument("--json", action="store_true", help="one JSON object")
    activate.set_defaults(func=run_activate)

    status = commands.add_parser("status", help="show what is in force in a running zone, and what watches")
    status.add_argument("--config", required=True, metavar="zone.yaml", help="the zone that is running")
    status.add_argument("--json", action="store_true", help="one JSON object")
    status.set_defaults(func=run_status)

    shadow = commands.add_parser(
        "shadow-report",
        help="show what bundles and rules that only watched would have changed",
        description="Read a log and show, rule by rule, what the shadow bundles in it would have let through "
        "or stopped, and which shadow rules fired.",
    )
    shadow.add_argument("log", metavar="LOG", help="a log's directory or address")
    shadow.add_argument("--json", action="store_true", help="one JSON object a line")
    shadow.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier key, from a source you trust (else the one that lies in the log)",
    )  # fmt: skip
    shadow.add_argument(
        "--opening-key", action="append", type=Path, default=[], metavar="FILE",
        help="a key that opens the records' private parts: without one, some decisions can't be told",
    )  # fmt: skip
    shadow.set_defaults(func=run_shadow_report)


def run_activate(args: argparse.Namespace) -> int:
    """Send bundles to the running zone and tell what became of them."""
    if bool(args.bundles) == args.end_shadow:
        raise ConfigError(
            "name bundles, or give `--end-shadow` alone", hint="zoneproxy policy activate --help"
        )
    bundles = [
        {"file": str(path), "data": base64.b64encode(read_bundle_file(path)).decode()}
        for path in args.bundles
    ]
    config = read_config(args.config)
    question = {"bundles": bundles, "shadow": args.shadow or args.end_shadow}
    try:
        found = ask(_socket(args.config, config), "activate", question)
    except RefusedError as error:
        _say_refusal(error, as_json=args.json)
        return error.exit_code
    if args.json:
        print(json.dumps(found, ensure_ascii=False, sort_keys=True))
        return OK
    if not found["changed"]:
        print("nothing changed: it was in force already")
        return OK
    print(f"activated, record {found['index']}; exchanges that began before keep the rules they began with")
    _show_status(found)
    return OK


def _say_refusal(error: RefusedError, *, as_json: bool) -> None:
    if as_json:
        shown = {"changed": False, "error": error.message, "hint": error.hint, "flaws": error.details}
        print(json.dumps(shown, ensure_ascii=False, sort_keys=True))
        return
    say_flaws([Flaw(**one) for one in error.details])
    if not error.details:
        print_error(error.message, error.hint)
    print_error("refused; the rules in force are as they were")


def run_status(args: argparse.Namespace) -> int:
    """Show what is in force."""
    found = ask(_socket(args.config, read_config(args.config)), "policy-status", {})
    if args.json:
        print(json.dumps(found, ensure_ascii=False, sort_keys=True))
    else:
        _show_status(found)
    return OK


def _show_status(found: dict[str, Any]) -> None:
    for title, part in (("in force", "in_force"), ("watching", "shadows")):
        for one in found[part]:
            by = ", ".join(f"`{name}`" for name in one["signers"])
            word = f"signed by {by}" if by else "NOT SIGNED"
            name = f"{one['layer']} `{one['name']}` revision {one['revision']}"
            print(f"{title}: {name}, {word}, sha256 {one['digest'][:16]}")


def _socket(name: str, config: Config) -> Path:
    return Path(name).parent / config.control.socket


def run_shadow_report(args: argparse.Namespace) -> int:
    """Show what the shadows of a log would have changed."""
    for place in each_shard(args.log, as_json=args.json):
        _show_report(report(records(open_sound(place, args.vkey, args.opening_key))), as_json=args.json)
    return OK


def _show_report(found: ShadowReport, *, as_json: bool) -> None:
    if as_json:
        _print_json(found)
        return
    for digest, count in found.watched.items():
        print(f"the bundle {digest[:16]} watched {_records(count)}")
    for shift in found.shifts:
        shown = ", ".join(map(str, shift.indexes[:_MOST_INDEXES]))
        more = len(shift.indexes) - _MOST_INDEXES
        shown += f" and {more} more" if more > 0 else ""
        what = f"{_records(len(shift.indexes))} {_KINDS[shift.kind]}"
        print(f"{shift.phase}: {what}, {shift.old} -> {shift.new}")
        print(f"   the {shift.layer}'s shadow {shift.digest[:16]}, entries {shown}")
    if found.watched and not found.shifts:
        print("nothing would have changed")
    for rule, effects in sorted(found.rules.items()):
        print(
            f"the shadow rule `{rule}` fired {effects['allow'] + effects['deny']} times: "
            f"{effects['allow']} on what was let go on, {effects['deny']} on what was denied anyway"
        )
    if found.faults:
        print_error(f"in {_records(found.faults)} the watching itself failed", "please report it")
    if not found.watched and not found.rules and not found.faults:
        print("nothing watched in this log")


def _records(count: int) -> str:
    return f"{count} record{'s' if count != 1 else ''}"


def _print_json(found: ShadowReport) -> None:
    for shift in found.shifts:
        print(json.dumps(asdict(shift), sort_keys=True))
    rules = {name: dict(effects) for name, effects in found.rules.items()}
    summary = {"watched": dict(found.watched), "rules": rules, "faults": found.faults}
    print(json.dumps(summary, sort_keys=True))


_MOST_INDEXES = 20
_KINDS = {
    "newly_allowed": "newly ALLOWED",
    "newly_denied": "newly denied",
    "other_rule": "decided by another rule",
}
