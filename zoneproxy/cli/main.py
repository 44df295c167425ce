"""The command line: parse, call, print.

Result to stdout, everything else to stderr. Exit codes: 0 done; 1 something does not hold; 2 usage,
configuration, a file that can't be used, or durable state unknown; 3 an incomplete answer; 70 a fault of
ours; 130 interrupted; 141 nobody reads the output.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from zoneproxy import __version__
from zoneproxy.cli.output import drop_output, print_error, stand_on_streams, trouble_of
from zoneproxy.terms.errors import ConfigError, PolicyError, ZoneError

# Module to the commands that it registers, in the order of the help. A command loads its own module only: a
# worker would hold six megabytes of commands that it never runs.
PARTS = {
    "init": ("init",),
    "config": ("config",),
    "front": ("front",),
    "outward": ("outward",),
    "run": ("run",),
    "logd": ("logd",),
    "doctor": ("doctor",),
    "stops": ("stop", "resume", "stops"),
    "refusals": ("refusals",),
    "tenant": ("tenant",),
    "inspect": ("inspect",),
    "data.commands": ("data",),
    "data.flowback": ("flowback",),
    "log.commands": ("log",),
    "ticket": ("verify-ticket",),
    "witness.commands": ("witness",),
    "disclose": ("disclose", "disclosed"),
    "redact": ("redact",),
    "replay": ("replay",),
    "policy.commands": ("policy",),
}
# 70 as of sysexits.h: a fault of ours must not be taken for a verdict, as 3 of `log verify` is one.
_FAULT, _INTERRUPTED, _PIPE_CLOSED = 70, 130, 141


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """Build the parser.

    Args:
        command: the command that is asked for; where it is one of ours, only its module is loaded.
    """
    parser = argparse.ArgumentParser(
        prog="zoneproxy",
        description="The boundary of a special data zone: collect overseas, process in the zone, return "
        "overseas, with a record of everything.",
    )
    parser.add_argument("--version", action="version", version=f"zoneproxy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    named = [part for part, theirs in PARTS.items() if command in theirs]
    for part in named or PARTS:
        import_module(f"zoneproxy.cli.{part}").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    stand_on_streams()
    try:
        args = build_parser(words[0] if words else "").parse_args(words)
        code: int = args.func(args)
        if not sys.stdout.closed:  # a language server has closed it with its connection
            sys.stdout.flush()
    except PolicyError as error:
        _tell_problems(error)
        return error.exit_code
    except ZoneError as error:
        print_error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return _PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the last place where a fault of ours can be told
        if isinstance(error, OSError) and (trouble := trouble_of(error)):
            drop_output()
            print_error(trouble, "check that it is there, that it is what is asked for, and who may use it")
            return ConfigError.exit_code
        traceback.print_exc()
        print_error("internal error", "please report the lines above; nothing was passed on")
        return _FAULT
    return code


def _tell_problems(error: PolicyError) -> None:
    """Show each problem with its line, where the file can still be read, then the count."""
    from zoneproxy.cli.policy.files import say  # noqa: PLC0415 - only where a policy is wrong

    sources = {}
    for name in {problem.file for problem in error.problems}:
        with contextlib.suppress(OSError):
            sources[name] = Path(name).read_bytes()
    say(error.problems, sources)
    print_error(error.message, "mend these places; `zoneproxy policy check FILE` checks a file alone")


if __name__ == "__main__":
    raise SystemExit(main())
