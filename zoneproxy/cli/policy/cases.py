"""`zoneproxy policy test`: run the tests of policies, with coverage and planted mistakes."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from zoneproxy.cli.named_files import read_file
from zoneproxy.cli.policy.corpus import run_corpus
from zoneproxy.cli.policy.files import COVERAGE, LOAD, OK, TESTS, load_all, say
from zoneproxy.cli.policy.report import Progress, Row, junit, show
from zoneproxy.cli.policy.wire import WireOutcome, run_wires
from zoneproxy.cli.policy.witnesses import rows_of_witnesses
from zoneproxy.cli.run import load_proxy
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Suite, run
from zoneproxy.policy.coverage import measure
from zoneproxy.policy.link import link
from zoneproxy.policy.mutate import Judged, judge, mutants, score
from zoneproxy.terms.errors import ConfigError, PolicyError


def run_test(args: argparse.Namespace) -> int:
    """Run each test file; the worst result is the exit code: load before tests before coverage."""
    results: list[int] = []
    told: list[Row] = []
    for name in args.files:
        found = _load(name)
        if found is None:
            results.append(LOAD)
            continue
        suite, sources = found
        if args.from_witness:
            print(rows_of_witnesses(args.from_witness, suite))
            continue
        chosen = _chosen(suite, args.run)
        if not (chosen.cases or chosen.wires or chosen.corpora):
            print(f"error: no case of `{name}` holds `{args.run}`", file=sys.stderr)
            print("hint: leave `--run` out to see all names", file=sys.stderr)
            results.append(TESTS)
            continue
        rows = [*_facts(chosen), *_wires(args, chosen, sources), *_corpora(args, chosen)]
        show(rows, name, as_json=args.json)
        told += rows
        results.append(TESTS if any(row.failures for row in rows) else OK)
        if not args.run:
            covered = _coverage(args, suite, sources)
            told += covered
            results.append(COVERAGE if any(row.failures for row in covered) else OK)
    if args.junit:
        # A crash here leaves a cut report beside unchanged results.
        Path(args.junit).write_text(junit(told), encoding="utf-8")
    return next((code for code in (LOAD, TESTS, COVERAGE) if code in results), OK)


def _chosen(suite: Suite, text: str) -> Suite:
    return replace(
        suite,
        cases=tuple(case for case in suite.cases if text in case.name),
        wires=tuple(case for case in suite.wires if text in case.name),
        corpora=tuple(case for case in suite.corpora if text in case.name),
    )


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


def _facts(suite: Suite) -> list[Row]:
    skipped = [
        Row(suite.file, case.line, case.name, "facts", case.phase, skipped=case.skip)
        for case in suite.cases
        if case.skip
    ]
    return [
        Row(suite.file, one.case.line, one.case.name, "facts", one.case.phase, one.failures)
        for one in run(suite)
    ] + skipped


def _wires(args: argparse.Namespace, suite: Suite, sources: dict[str, bytes]) -> list[Row]:
    """Send the exchanges; where they can't be sent, say so plainly and count them as not run."""
    cases = [case for case in suite.wires if not case.skip]
    rows = [
        Row(suite.file, case.line, case.name, "wire", skipped=case.skip) for case in suite.wires if case.skip
    ]
    if not cases:
        return rows
    outcomes: list[WireOutcome] = []
    why = "`--no-wire` was given" if args.no_wire else _missing_proxy()
    if not why:
        layers = [(policy, sources[policy.file]) for policy in suite.policies]
        progress = Progress("exchanges")
        try:
            outcomes = run_wires(cases, layers, suite.now_ms, lambda done: progress.tell(done, len(cases)))
        finally:
            progress.end()
    else:
        noun = "exchange was" if len(cases) == 1 else "exchanges were"
        print(f"{suite.file}: {len(cases)} {noun} NOT sent: {why}", file=sys.stderr)
        if not args.no_wire:
            print("hint: pip install 'zoneproxy[proxy]'", file=sys.stderr)
    return [
        *(Row(suite.file, one.case.line, one.case.name, "wire", failures=one.failures) for one in outcomes),
        *(Row(suite.file, case.line, case.name, "wire", skipped=why) for case in cases if why),
        *rows,
    ]


def _missing_proxy() -> str:
    try:
        load_proxy()
    except ConfigError as error:
        return error.message
    return ""


def _corpora(args: argparse.Namespace, suite: Suite) -> list[Row]:
    rows = []
    for case in suite.corpora:
        if case.skip:
            rows.append(Row(suite.file, case.line, case.name, "corpus", skipped=case.skip))
            continue
        progress = Progress("bodies")
        try:
            done = run_corpus(
                case,
                Path(suite.file).parent,
                baseline=args.baseline,
                write=args.write_baseline,
                tell=progress.tell,
            )
        finally:
            progress.end()
        if not args.json:
            print(f"{suite.file}:{case.line}: {case.name}")
            print("\n".join(f"   {line}" for line in done.lines))
        counts = {"levels": {level: tally.as_json() for level, tally in done.tallies.items()}}
        rows.append(Row(suite.file, case.line, case.name, "corpus", failures=done.failures, more=counts))
    if (args.baseline or args.write_baseline) and not suite.corpora:
        raise ConfigError(
            f"`{suite.file}` has no corpus to be measured",
            hint="write a test with `corpus:`, or leave it out",
        )
    return rows


def _coverage(args: argparse.Namespace, suite: Suite, sources: dict[str, bytes]) -> list[Row]:
    if not suite.cases:
        return []  # exchanges and corpora are not counted: they say nothing of single rules
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
                    print("\n".join(f"   {line}" for line in one.mutant.diff))
    if args.cover and not args.json:
        for line in found.missed:
            print(line)
    rows = []
    for name, (share, wanted) in shares.items():
        low = share < int(wanted.rstrip("%"))
        verdict = f"below the required {wanted}" if low else f"required {wanted}"
        said = f"{name} {share:.1f}%, {verdict}"
        if low or args.cover or name == "mutants":
            print(f"{suite.file}: {said}", file=sys.stderr if low or args.json else sys.stdout)
        rows.append(Row(suite.file, 1, f"coverage of {name}", "coverage", failures=(said,) if low else ()))
    return rows


def _mutate(suite: Suite, sources: dict[str, bytes]) -> list[Judged]:
    planted = [
        (policy, one) for policy in suite.policies for one in mutants(sources[policy.file], policy.file)
    ]
    judged: list[Judged] = []
    progress = Progress("mistakes planted")
    for policy, mutant in planted:
        judged.append(judge(mutant, policy, suite))
        progress.tell(len(judged), len(planted))
    progress.end()
    return judged
