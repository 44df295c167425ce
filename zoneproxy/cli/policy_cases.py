"""`zoneproxy policy test`: run the tests of policies, with coverage and planted mistakes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from zoneproxy.cli.policy_files import COVERAGE, LOAD, OK, TESTS, load_all, read_file, say
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Outcome, Suite, run
from zoneproxy.policy.coverage import measure
from zoneproxy.policy.link import link
from zoneproxy.policy.mutate import Judged, judge, mutants, score
from zoneproxy.terms.errors import PolicyError


def run_test(args: argparse.Namespace) -> int:
    """Run each test file; the worst result is the exit code: load before tests before coverage."""
    results: list[int] = []
    outcomes: list[Outcome] = []
    for name in args.files:
        found = _load(name)
        if found is None:
            results.append(LOAD)
            continue
        suite, sources = found
        chosen = replace(suite, cases=tuple(case for case in suite.cases if args.run in case.name))
        if not chosen.cases:
            print(f"error: no case of `{name}` holds `{args.run}`", file=sys.stderr)
            print("hint: leave `--run` out to see all names", file=sys.stderr)
            results.append(TESTS)
            continue
        done = run(chosen)
        outcomes += done
        results.append(_report(args, name, chosen, done))
        if not args.run:
            results.append(_coverage(args, suite, sources))
    if args.junit:
        # A crash here leaves a cut report beside unchanged results.
        Path(args.junit).write_text(_junit(outcomes), encoding="utf-8")
    return next((code for code in (LOAD, TESTS, COVERAGE) if code in results), OK)


def _load(name: str) -> tuple[Suite, dict[str, bytes]] | None:
    """Load a test file and the policies beside it; where they have mistakes, say them and return None."""
    data = read_file(name)
    sources = {name: data}
    try:
        tests = read_tests(data, name)
        beside = {
            path: read_file(path) for path in (str(Path(name).parent / policy) for policy in tests.policies)
        }
        sources |= beside
        policies, problems = load_all(beside)
        if not problems:
            return link(tests, policies), sources
    except PolicyError as error:
        problems = error.problems
    say(problems, sources)
    return None


def _report(args: argparse.Namespace, name: str, suite: Suite, outcomes: Sequence[Outcome]) -> int:
    failed = [outcome for outcome in outcomes if outcome.failures]
    if args.json:
        for outcome in outcomes:
            print(
                json.dumps(
                    {
                        "file": name,
                        "line": outcome.case.line,
                        "name": outcome.case.name,
                        "phase": outcome.case.phase,
                        "passed": not outcome.failures,
                        "failures": list(outcome.failures),
                    },
                    ensure_ascii=False,
                )
            )
    else:
        for outcome in failed:
            print(f"{name}:{outcome.case.line}: failed: {outcome.case.name}")
            for failure in outcome.failures:
                print(f"   {failure}")
        skipped = len(suite.cases) - len(outcomes)
        print(f"{name}: {len(outcomes) - len(failed)} passed, {len(failed)} failed, {skipped} skipped")
    return TESTS if failed else OK


def _coverage(args: argparse.Namespace, suite: Suite, sources: dict[str, bytes]) -> int:
    found, require = measure(suite), suite.require
    shares = {"rules": (found.rules_percent, require.rules), "leaves": (found.leaves_percent, require.leaves)}
    if args.mutate:
        judged = _mutate(suite, sources)
        shares["mutants"] = (score(judged), require.mutants)
        if not args.json:
            for one in judged:
                if one.fate == "survived":
                    policy = one.mutant.policy.file
                    print(f"{policy}:{one.mutant.line}: nothing notices this mistake: {one.mutant.what}")
    if args.cover and not args.json:
        for line in found.missed:
            print(line)
    result = OK
    for name, (share, wanted) in shares.items():
        low = share < int(wanted.rstrip("%"))
        result = COVERAGE if low else result
        if low or args.cover or name == "mutants":
            verdict = f"below the required {wanted}" if low else f"required {wanted}"
            print(
                f"{suite.file}: {name} {share:.1f}%, {verdict}",
                file=sys.stderr if low or args.json else sys.stdout,
            )
    return result


def _mutate(suite: Suite, sources: dict[str, bytes]) -> list[Judged]:
    judged: list[Judged] = []
    for policy in suite.policies:
        for mutant in mutants(sources[policy.file], policy.file):
            judged.append(judge(mutant, policy, suite))
            if sys.stderr.isatty():
                print(f"\r{len(judged)} mistakes planted", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    return judged


def _junit(outcomes: Sequence[Outcome]) -> str:
    """Write results in JUnit's XML, as CI systems read it."""
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    lines = [f'<testsuite name="zoneproxy policy test" tests="{len(outcomes)}" failures="{failed}">']
    for outcome in outcomes:
        lines.append(f"<testcase name={quoteattr(outcome.case.name)}>")
        lines += [f"<failure>{escape(failure)}</failure>" for failure in outcome.failures]
        lines.append("</testcase>")
    return "\n".join([*lines, "</testsuite>", ""])
