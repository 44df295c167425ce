"""What a bundle's proofs and tests say: run when it is made, and again whenever somebody doubts them.

The results are JSON in the bundle's one form, without times or places, so that the same policy gives the
same bytes on any machine; the manifest digests them and the signatures stand over that. They name the
digests of what was judged, so that results of other files can't be put beside a policy.

    results/proof.json   {"engine", "policies": [sha256], "proofs": [{"id", "phase", "holds"}]}
    results/tests.json   {"engine", "policies": [sha256], "tests": [{"file", "sha256", "passed", "failed",
                          "skipped", "rules": [seen, all], "leaves": [seen, all]}]}
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoneproxy.policy.bundle import ENGINE, Policy, check_layers, load
from zoneproxy.policy.bundle_archive import is_member_name
from zoneproxy.policy.bundle_file import PROOF, TESTS, Bundle, plain_json, write_bundle
from zoneproxy.policy.bundle_flaws import BundleError, Flaw, of_problems
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import run
from zoneproxy.policy.coverage import measure
from zoneproxy.policy.link import link
from zoneproxy.policy.prove import Report, prove
from zoneproxy.terms.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Results:
    """What was found.

    Attributes:
        proof, tests: the two members' bytes.
        flaws: what fails in them.
    """

    proof: bytes
    tests: bytes
    flaws: tuple[Flaw, ...]


def make_bundle(
    policy: tuple[str, bytes],
    *,
    tests: Mapping[str, bytes],
    data: Mapping[str, bytes],
    beside: Mapping[str, bytes],
) -> bytes:
    """Make an unsigned bundle: prove and test first, and refuse where something fails.

    Args:
        policy: the policy's plain file name and its bytes.
        tests: its test files by their plain names.
        data: data files that belong to it.
        beside: the other layer's policy, where tests or invariants ask for both.

    Raises:
        BundleError: with every proof and every test that fails.
        PolicyError: the policy has mistakes.
    """
    file = policy[0]
    load(policy[1], file)
    if not tests:
        raise BundleError([Flaw("ZB10", file, "it has no tests", "give its test file with `--test FILE`")])
    members = {f"policy/{file}": policy[1]}
    for folder, files in (("tests", tests), ("data", data), ("beside", beside)):
        members |= {f"{folder}/{name}": content for name, content in files.items()}
    odd = [name for name in members if not is_member_name(name)]
    if odd:
        raise BundleError([Flaw("ZB02", file, f"`{name}` can't be a member's name") for name in odd])
    results = examine(file, policy, tests, beside)
    if results.flaws:
        raise BundleError(results.flaws)
    return write_bundle(f"policy/{file}", {**members, PROOF: results.proof, TESTS: results.tests})


def recheck(bundle: Bundle) -> list[Flaw]:
    """Prove and test again; the results must be those in the bundle, and all must hold."""
    name = bundle.manifest.policy.removeprefix("policy/")
    policy = (name, bundle.members[bundle.manifest.policy])
    found = examine(bundle.file, policy, bundle.folder("tests"), bundle.folder("beside"))
    flaws = list(found.flaws)
    for member, data, code in ((PROOF, found.proof, "ZB09"), (TESTS, found.tests, "ZB10")):
        if bundle.members[member] != data:
            said = f"`{member}` is not what comes out when it is run again"
            flaws.append(Flaw(code, bundle.file, said, "trust only what was run here; ask who signed it"))
    return flaws


def examine(
    file: str, policy: tuple[str, bytes], tests: Mapping[str, bytes], beside: Mapping[str, bytes]
) -> Results:
    """Prove the invariants and run the tests of one layer.

    Args:
        file: name for messages.
        policy: plain name and bytes of the layer.
        tests: its test files by their plain names.
        beside: the other layer's policy, if it is needed.
    """
    flaws: list[Flaw] = []
    loaded: dict[str, Policy] = {}
    for name, data in (policy, *beside.items()):
        try:
            loaded[name] = load(data, name)
        except PolicyError as error:
            flaws += of_problems(file, error.problems)
    digests = sorted(one.digest for one in loaded.values())
    proofs = _proofs(file, tuple(loaded.values()), flaws) if not flaws else []
    rows = [_test(file, name, data, loaded, flaws) for name, data in sorted(tests.items())]
    base = {"engine": ENGINE, "policies": digests}
    return Results(plain_json({**base, "proofs": proofs}), plain_json({**base, "tests": rows}), tuple(flaws))


def _proofs(file: str, policies: Sequence[Policy], flaws: list[Flaw]) -> list[dict[str, Any]]:
    if len(policies) > 1:
        try:
            check_layers(policies)
        except PolicyError as error:
            flaws += of_problems(file, error.problems)
            return []
    report = prove(policies)
    flaws += _broken(file, report)
    return [{"id": one.id, "phase": str(one.phase), "holds": one.holds} for one in report.proofs]


def failed_proofs(file: str, policies: Sequence[Policy]) -> list[Flaw]:
    """Prove every invariant of layers that are judged together; return those that can be broken."""
    return _broken(file, prove(policies))


def _broken(file: str, report: Report) -> list[Flaw]:
    hint = "`zoneproxy policy prove --write-test FILE` writes the counterexample as a test"
    return [
        Flaw("ZB09", file, f"the invariant `{proof.id}` can be broken in {proof.phase}: {proof.claim}", hint)
        for proof in report.proofs
        if not proof.holds
    ]


def _test(
    file: str, name: str, data: bytes, policies: Mapping[str, Policy], flaws: list[Flaw]
) -> dict[str, Any]:
    row: dict[str, Any] = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    try:
        tests = read_tests(data, name)
        asked = [path.rpartition("/")[2] for path in tests.policies]
        if strangers := [one for one in asked if one not in policies]:
            hint = "give the other layer's file with `--beside FILE`"
            flaws.append(Flaw("ZB10", file, f"`{name}` tests `{strangers[0]}`, which is not here", hint))
            return row
        suite = link(tests, [policies[one] for one in asked])
    except PolicyError as error:
        flaws += of_problems(file, error.problems)
        return row
    outcomes = run(suite)
    failed = [outcome for outcome in outcomes if outcome.failures]
    flaws += [
        Flaw("ZB10", file, f"{name}:{one.case.line}: the test `{one.case.name}` fails: {one.failures[0]}")
        for one in failed
    ]
    if not outcomes:
        flaws.append(Flaw("ZB10", file, f"`{name}` runs no test at all"))
    found = measure(suite)
    for what, share, wanted in (
        ("rules", found.rules_percent, suite.require.rules),
        ("leaves", found.leaves_percent, suite.require.leaves),
    ):
        if share < int(wanted.rstrip("%")):
            said = f"`{name}` covers {share:.1f}% of the {what}, below the required {wanted}"
            flaws.append(Flaw("ZB10", file, said, "`zoneproxy policy test --cover` shows what is missing"))
    return row | {
        "passed": len(outcomes) - len(failed),
        "failed": len(failed),
        "skipped": len(suite.cases) - len(outcomes),
        "rules": [found.rules_seen, found.rules],
        "leaves": [found.leaves_seen, found.leaves],
    }
