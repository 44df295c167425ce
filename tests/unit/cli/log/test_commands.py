"""`zoneproxy.cli.log.commands`: every group of commands is there."""

from __future__ import annotations

import argparse

from zoneproxy.cli.log import commands as log


def test_every_command_has_its_work() -> None:
    """Each command is listed once, and calls a function."""
    parser = argparse.ArgumentParser(prog="zoneproxy")
    log.add_parser(parser.add_subparsers())
    args = parser.parse_args(["log", "verify", "somewhere"])
    assert callable(args.func)
    for words in (["examine", "x"], ["prove", "x", "1"], ["consistency", "x", "y"], ["keys", "x"]):
        assert callable(parser.parse_args(["log", *words]).func)
