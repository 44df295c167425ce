"""`zoneproxy policy`: check, test, prove, compare and explain policies.

Exit codes: 0 ok; 1 `check` found problems; 2 usage; 3 a policy could not be loaded; 4 a policy test
failed; 5 an invariant could not be proved; 6 coverage below what the test file requires; 7 something is
newly allowed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from zoneproxy.policy.bundle import LAYERS, Policy, check_layers, load
from zoneproxy.policy.render import render_all, to_json, to_sarif
from zoneproxy.terms.errors import ConfigError, PolicyError, Problem

OK, PROBLEMS, USAGE, LOAD, TESTS, PROOF, COVERAGE, NEWLY_ALLOWED = range(8)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `policy` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser("policy", help="check, test, prove and compare policies")
    commands = parser.add_subparsers(dest="policy_command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="report every mistake of policy files")
    check.add_argument("files", nargs="+", metavar="FILE", help="policy file")
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a problem")
    form.add_argument("--sarif", action="store_true", help="a SARIF 2.1.0 log, for code review tools")
    check.set_defaults(func=run_check)


def run_check(args: argparse.Namespace) -> int:
    """Check each file, and that an operator's and a regulator's file fit together."""
    sources = {name: read_file(name) for name in args.files}
    policies, problems = load_all(sources)
    if not problems and sorted(policy.layer for policy in policies if not policy.shadow) == sorted(LAYERS):
        try:
            check_layers(policies)
        except PolicyError as error:
            problems = error.problems
    if args.sarif:
        print(to_sarif(problems))
    elif args.json:
        for problem in problems:
            print(to_json(problem))
    elif problems:
        print(render_all(problems, sources))
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        print(f"{len(problems)} {noun} found", file=sys.stderr)
        return PROBLEMS
    for policy in policies:
        size = f"{len(policy.rules)} rules, {len(policy.invariants)} invariants"
        name = f"{policy.layer} `{policy.name}` revision {policy.revision}"
        print(f"ok: `{policy.file}`: {name}, {size}, sha256 {policy.digest[:16]}", file=sys.stderr)
    return OK


def load_all(sources: Mapping[str, bytes]) -> tuple[list[Policy], list[Problem]]:
    """Load policies, collecting the problems of all files."""
    policies: list[Policy] = []
    problems: list[Problem] = []
    for name, data in sources.items():
        try:
            policies.append(load(data, name))
        except PolicyError as error:
            problems += error.problems
    return policies, problems


def read_file(name: str) -> bytes:
    """Read a file that the user named.

    Raises:
        ConfigError: it can't be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"can't read `{name}`: {(error.strerror or 'unknown error').lower()}", hint="check the path"
        ) from None
