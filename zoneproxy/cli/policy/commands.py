"""`zoneproxy policy`: check, test, prove, compare, explain, sign and activate policies.

Exit codes: 0 ok; 1 `check` found problems, or a log or a bundle does not hold; 2 usage, or no log; 3 a
policy could not be loaded, or what a log withholds would be needed; 4 a policy test failed; 5 an invariant
could not be proved; 6 coverage below what the test file requires; 7 something is newly allowed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from zoneproxy.cli.named_files import read_file
from zoneproxy.cli.policy.activate import add_activation_parsers
from zoneproxy.cli.policy.bundle import add_bundle_parsers
from zoneproxy.cli.policy.cases import run_test
from zoneproxy.cli.policy.explain import run_explain, run_why
from zoneproxy.cli.policy.files import OK, PROBLEMS, load_all
from zoneproxy.cli.policy.proof import run_diff, run_prove
from zoneproxy.policy.bundle import LAYERS, Policy, check_layers
from zoneproxy.policy.catalogue import Catalogue, is_catalogue, read_catalogue
from zoneproxy.policy.render import render_all, to_json, to_sarif
from zoneproxy.policy.schema import cases_schema, policy_schema
from zoneproxy.terms.errors import ConfigError, PolicyError, Problem
from zoneproxy.terms.facts import VOCABULARY


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `policy` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser("policy", help="check, test, prove and compare policies")
    commands = parser.add_subparsers(dest="policy_command", required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="report every mistake of policy files")
    check.add_argument("files", nargs="+", metavar="FILE", help="policy, or catalogue of data")
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a problem")
    form.add_argument("--sarif", action="store_true", help="a SARIF 2.1.0 log, for code review tools")
    check.set_defaults(func=run_check)

    test = commands.add_parser("test", help="run policies' test files")
    test.add_argument(
        "files", nargs="+", metavar="TESTFILE", help="test file, beside the policies that it names"
    )
    test.add_argument("--run", metavar="TEXT", default="", help="only cases whose name holds this text")
    test.add_argument("--cover", action="store_true", help="show what no case has seen")
    test.add_argument(
        "--mutate", action="store_true", help="plant mistakes and show those that nothing notices"
    )
    test.add_argument("--no-wire", action="store_true", help="send no exchanges through a real boundary")
    test.add_argument("--baseline", metavar="FILE", help="hold the corpora's counts against this file")
    test.add_argument(
        "--write-baseline", action="store_true", help="write the corpora's counts as the new baseline"
    )
    test.add_argument(
        "--from-witness", metavar="FILE",
        help="print what `prove --json` or `diff --json` found (`-`: stdin) as tests, and run nothing",
    )  # fmt: skip
    test.add_argument("--json", action="store_true", help="one JSON object a case")
    test.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML too")
    test.set_defaults(func=run_test)

    proof = commands.add_parser("prove", help="prove the invariants of policies for all facts there can be")
    proof.add_argument("files", nargs="+", metavar="FILE", help="the layers that are judged together")
    proof.add_argument("--json", action="store_true", help="one JSON object a result")
    proof.add_argument("--write-test", metavar="FILE", help="write the counterexamples as a test file")
    proof.set_defaults(func=run_prove)

    _add_comparisons(commands)
    add_bundle_parsers(commands)
    add_activation_parsers(commands)

    facts = commands.add_parser("facts", help="list the facts that conditions can ask for")
    facts.add_argument("--json", action="store_true", help="one JSON object a fact")
    facts.set_defaults(func=run_facts)

    schema = commands.add_parser("schema", help="print the JSON Schema of policy files, for editors")
    schema.add_argument("--tests", action="store_true", help="that of test files instead")
    schema.set_defaults(func=run_schema)

    lsp = commands.add_parser("lsp", help="serve an editor: mistakes, completion, hover (zoneproxy[editor])")
    lsp.add_argument("--stdio", action="store_true", help="what it does anyway; some editors insist on it")
    lsp.set_defaults(func=run_lsp)


def _add_comparisons(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what compares versions and what explains decisions."""
    diff = commands.add_parser(
        "diff", help="show what a new version allows and denies that the old one did not"
    )
    diff.add_argument("old", metavar="OLD", help="policy file, or several with commas between them")
    diff.add_argument("new", metavar="NEW", help="policy file, or several with commas between them")
    diff.add_argument("--json", action="store_true", help="one JSON object a difference")
    diff.add_argument("--replay", metavar="LOG", help="judge the decisions recorded in a log, not all facts")
    _add_vkey(diff)
    diff.set_defaults(func=run_diff)

    explain = commands.add_parser("explain", help="show why facts are allowed or denied, rule by rule")
    explain.add_argument("facts", metavar="FACTS", help="YAML file: a mapping of facts to values")
    explain.add_argument("files", nargs="+", metavar="FILE", help="the layers that are judged together")
    explain.add_argument(
        "--phase", choices=["collect", "process", "return"], default="collect", help="the leg"
    )
    explain.add_argument("--all", action="store_true", help="also rules that did not fire")
    explain.set_defaults(func=run_explain)

    why = commands.add_parser("why", help="show why a recorded decision came out as it did")
    why.add_argument("record", metavar="LOG#INDEX", help="a log's directory or address, and an index")
    why.add_argument("--all", action="store_true", help="also rules that did not fire")
    _add_vkey(why)
    why.set_defaults(func=run_why)


def _add_vkey(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier key, from a source you trust (else the one that lies in the log)",
    )  # fmt: skip
    parser.add_argument(
        "--opening-key", action="append", type=Path, default=[], metavar="FILE",
        help="a key that opens the records' private parts: without one, some decisions can't be told",
    )  # fmt: skip


def run_check(args: argparse.Namespace) -> int:
    """Check each file, and that an operator's and a regulator's file fit together."""
    sources = {name: read_file(name) for name in args.files}
    catalogues = {name: data for name, data in sources.items() if is_catalogue(data)}
    policies, problems = load_all({name: data for name, data in sources.items() if name not in catalogues})
    read, faults = _read_all(catalogues)
    problems += faults
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
        size += f", {_unconfirmed(policy)} parts unverified"
        name = f"{policy.layer} `{policy.name}` revision {policy.revision}"
        print(f"ok: `{policy.file}`: {name}, {size}, sha256 {policy.digest[:16]}", file=sys.stderr)
    for name, catalogue in read.items():
        metadata, count = catalogue.document.metadata, len(catalogue.document.entries)
        of = f"{metadata.about} `{metadata.name}` of {metadata.version}, {count} entries"
        print(f"ok: `{name}`: {of}, {catalogue.unverified} of them unverified", file=sys.stderr)
    return OK


def _unconfirmed(policy: Policy) -> int:
    """Count the parts of a policy that rest on a text which nobody has confirmed."""

    def count(part: object) -> int:
        if isinstance(part, dict):
            return (part.get("unverified") is True) + sum(map(count, part.values()))
        return sum(map(count, part)) if isinstance(part, list) else 0

    return count(policy.document.model_dump(exclude={"rules": {"__all__": {"when"}}}))


def _read_all(sources: Mapping[str, bytes]) -> tuple[dict[str, Catalogue], list[Problem]]:
    read: dict[str, Catalogue] = {}
    problems: list[Problem] = []
    for name, data in sources.items():
        try:
            read[name] = read_catalogue(data, name)
        except PolicyError as error:
            problems += error.problems
    return read, problems


def run_facts(args: argparse.Namespace) -> int:
    """List the vocabulary."""
    for spec in VOCABULARY.values():
        if args.json:
            print(
                json.dumps(
                    {
                        "name": spec.name,
                        "type": spec.type,
                        "phase": spec.phase,
                        "provider": spec.provider,
                        "doc": spec.doc,
                        "values": list(spec.values),
                        "private": spec.private,
                    },
                    ensure_ascii=False,
                )
            )
        else:
            values = f" ({', '.join(spec.values)})" if spec.values else ""
            print(f"{spec.name:24} {spec.type:8} {spec.phase:8} {spec.doc}{values}")
    return OK


def run_schema(args: argparse.Namespace) -> int:
    """Print a schema."""
    schema = cases_schema() if args.tests else policy_schema()
    print(json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True))
    return OK


def run_lsp(_args: argparse.Namespace) -> int:
    """Serve one editor over stdin and stdout until it closes them.

    Raises:
        ConfigError: the extra is not installed.
    """
    try:
        from zoneproxy.cli.policy.lsp import serve  # noqa: PLC0415 - it needs an extra
    except ImportError:
        message = "the language server needs the package `pygls`"
        raise ConfigError(message, hint="pip install 'zoneproxy[editor]'") from None
    return serve()
