"""Policy files from the disk, and the exit codes of `zoneproxy policy`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from zoneproxy.cli.named_files import read_file
from zoneproxy.policy.bundle import Policy, check_layers
from zoneproxy.policy.bundle_file import load_any
from zoneproxy.policy.bundle_flaws import BundleError
from zoneproxy.policy.render import render_all
from zoneproxy.terms.errors import PolicyError, Problem

OK, PROBLEMS, USAGE, LOAD, TESTS, PROOF, COVERAGE, NEWLY_ALLOWED = range(8)


def load_all(sources: Mapping[str, bytes]) -> tuple[list[Policy], list[Problem]]:
    """Load policies, plain or in bundles, collecting the problems of all files."""
    policies: list[Policy] = []
    problems: list[Problem] = []
    for name, data in sources.items():
        try:
            policies.append(load_any(data, name))
        except PolicyError as error:
            problems += error.problems
        except BundleError as error:
            problems += [Problem(name, 1, 1, flaw.code, flaw.message, flaw.hint) for flaw in error.flaws]
    return policies, problems


def load_or_say(names: Iterable[str]) -> list[Policy] | None:
    """Load the layers that are judged together; where that fails, say why and return None."""
    sources = {name: read_file(name) for name in names}
    policies, problems = load_all(sources)
    if not problems and len(policies) > 1:
        try:
            check_layers(policies)
        except PolicyError as error:
            problems = error.problems
    if problems:
        say(problems, sources)
        return None
    return policies


def say(problems: Iterable[Problem], sources: Mapping[str, bytes]) -> None:
    """Show problems to the person at the terminal."""
    print(render_all(problems, sources), file=sys.stderr)
