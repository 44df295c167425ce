"""`zoneproxy log`: everything about the trace log; each group of commands has a module of its own."""

from __future__ import annotations

import argparse

from zoneproxy.cli.log import operator, proofs, retain, revoke, root, serve, shards, verify, zone


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `log` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser("log", help="check the trace log, make and check proofs")
    commands = parser.add_subparsers(dest="log_command", required=True, metavar="COMMAND")
    verify.add_commands(commands)
    proofs.add_commands(commands)
    shards.add_commands(commands)
    operator.add_commands(commands)
    root.add_commands(commands)
    revoke.add_commands(commands)
    retain.add_commands(commands)
    serve.add_commands(commands)
    zone.add_commands(commands)
