"""`zoneproxy log`: everything about the trace log; each group of commands has a module of its own."""

from __future__ import annotations

import argparse

from zoneproxy.cli import (
    log_operator,
    log_proofs,
    log_retain,
    log_revoke,
    log_root,
    log_serve,
    log_shards,
    log_verify,
    log_zone,
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `log` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser("log", help="check the trace log, make and check proofs")
    commands = parser.add_subparsers(dest="log_command", required=True, metavar="COMMAND")
    log_verify.add_commands(commands)
    log_proofs.add_commands(commands)
    log_shards.add_commands(commands)
    log_operator.add_commands(commands)
    log_root.add_commands(commands)
    log_revoke.add_commands(commands)
    log_retain.add_commands(commands)
    log_serve.add_commands(commands)
    log_zone.add_commands(commands)
