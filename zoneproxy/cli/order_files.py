"""What the commands about orders share: who does it and why, the act, and what became of it."""

from __future__ import annotations

import argparse
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.assembly import Opening
from zoneproxy.assembly.orderdesk import perform
from zoneproxy.cli.output import print_error
from zoneproxy.config.orders import Act, Cause
from zoneproxy.terms.errors import ConfigError

OK, NOT_KEPT = 0, 2


def add_zone(parser: argparse.ArgumentParser) -> None:
    """Add how a command names its zone and its output."""
    parser.add_argument(
        "--config", default="zone.yaml", metavar="FILE", help="the zone's configuration (default: zone.yaml)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def add_who(parser: argparse.ArgumentParser) -> None:
    """Add who does it, and why: both stand in the log, privately; the cause stands there in public."""
    parser.add_argument("--by", required=True, metavar="WHO", help="who does this")
    parser.add_argument("--why", required=True, metavar="TEXT", help="why, in words")
    parser.add_argument(
        "--cause", default="other", choices=get_args(Cause), help="why, in one word (default: other)"
    )


def read_opening(args: argparse.Namespace) -> Opening:
    """Read the configuration that a command names.

    Raises:
        ConfigError: it can't be used.
    """
    return Opening.read(Path(args.config))


def make_act(args: argparse.Namespace, action: str, **fields: Any) -> Act:
    """Make an act of this moment.

    Raises:
        ConfigError: a part of it is not as it must be.
    """
    given = {
        "id": secrets.token_hex(16),
        "action": action,
        "by": args.by,
        "why": args.why,
        "cause": args.cause,
        "at_ms": SystemClock().now_ms(),
        **{name: value for name, value in fields.items() if value is not None},
    }
    try:
        return Act.model_validate(given)
    except ValidationError as error:
        flaw = error.errors()[0]
        place = ".".join(str(part) for part in flaw["loc"] if part != "registration")
        what = flaw["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"`{place}` is not as it must be: {what[:1].lower()}{what[1:]}" if place else what,
            hint="see `--help` for how each part is written",
        ) from None


def carry(args: argparse.Namespace, opening: Opening, act: Act, said: str) -> int:
    """Carry out an act, tell what became of it, and return the exit code.

    Args:
        args: the command's arguments.
        opening: the zone.
        act: what is to be done.
        said: what was done, for people.
    """
    found = perform(opening, act)
    if args.json:
        print(json.dumps({"action": act.action, "act": act.id, **found}, sort_keys=True))
    elif not found["changed"]:
        print("nothing changed: it was so already")
    else:
        cut = f"; {found['cut']} under way cut" if found["cut"] else ""
        index = "" if found["index"] is None else f"; record {found['index']}"
        held = "" if found["running"] else "; the zone does not answer: it holds from its next start on"
        print(f"{said}{cut}{index}{held}")
    return _tell_missing(found)


def _tell_missing(found: dict[str, Any]) -> int:
    if not found["kept"]:
        print_error(
            "it holds in the running zone, but could not be kept: a restart would forget it",
            "mend the disk, then ask again",
        )
        return NOT_KEPT
    if found["changed"] and found["index"] is None:
        print_error(
            "it holds, but the log did not take its record yet",
            "the zone writes it as soon as it can, at its next start at the latest",
        )
    return OK


def moment(at_ms: int) -> str:
    """Write a time for people: UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
