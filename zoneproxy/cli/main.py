"""The command line: parse, call, print.

Result to stdout, everything else to stderr. Exit codes: 0 done; 1 something does not hold; 2 usage,
configuration, or durable state unknown; 3 a fault of ours, or an incomplete answer; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from zoneproxy import __version__
from zoneproxy.cli import (
    config,
    disclose,
    doctor,
    front,
    init,
    inspect,
    logd,
    outward,
    redact,
    replay,
    run,
    stops,
    tenant,
    ticket,
)
from zoneproxy.cli.data import commands as data
from zoneproxy.cli.data import flowback
from zoneproxy.cli.log import commands as log
from zoneproxy.cli.output import print_error
from zoneproxy.cli.policy import commands as policy
from zoneproxy.cli.policy.files import say
from zoneproxy.cli.witness import commands as witness
from zoneproxy.terms.errors import PolicyError, ZoneError

_PARTS = (
    init, config, front, outward, run, logd, doctor, stops, tenant, inspect, data, flowback, log,
    ticket, witness, disclose, redact, replay, policy,
)  # fmt: skip
# 70 as of sysexits.h: a fault of ours must not be taken for a verdict, as 3 of `log verify` is one.
_FAULT, _INTERRUPTED, _PIPE_CLOSED = 70, 130, 141


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="zoneproxy",
        description="The boundary of a special data zone: collect overseas, process in the zone, return "
        "overseas, with a record of everything.",
    )
    parser.add_argument("--version", action="version", version=f"zoneproxy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for part in _PARTS:
        part.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    args = build_parser().parse_args(arguments)
    try:
        code: int = args.func(args)
    except PolicyError as error:
        _tell_problems(error)
        return error.exit_code
    except ZoneError as error:
        print_error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return _PIPE_CLOSED
    except Exception:  # noqa: BLE001 - the last place where a fault of ours can be told
        traceback.print_exc()
        print_error("internal error", "please report the lines above; nothing was passed on")
        return _FAULT
    return code


def _tell_problems(error: PolicyError) -> None:
    """Show each problem with its line, where the file can still be read, then the count."""
    sources = {}
    for name in {problem.file for problem in error.problems}:
        with contextlib.suppress(OSError):
            sources[name] = Path(name).read_bytes()
    say(error.problems, sources)
    print_error(error.message, "mend these places; `zoneproxy policy check FILE` checks a file alone")


if __name__ == "__main__":
    raise SystemExit(main())
