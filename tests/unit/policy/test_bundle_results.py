"""`zoneproxy.policy.bundle_results`: what fails is not made a bundle of, and results can be run again."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.support.bundles import TEST, pilot_bundle, small_bundle, small_members
from tests.support.small_policy import THREE_RULES, text
from zoneproxy.policy.bundle_archive import pack
from zoneproxy.policy.bundle_file import MANIFEST, PROOF, TESTS, Bundle, plain_json, read_bundle
from zoneproxy.policy.bundle_flaws import BundleError, Flaw
from zoneproxy.policy.bundle_results import failed_proofs, make_bundle, recheck
from zoneproxy.terms.errors import PolicyError

BROKEN = """\
invariants:
  - {id: INV-001, phase: collect, claim: three sources, never_allow_when: {origin.agreeing: {lt: 3}}}
"""


def refused(policy: bytes, tests: dict[str, bytes], **more: dict[str, bytes]) -> list[Flaw]:
    with pytest.raises(BundleError) as caught:
        make_bundle(("small.yaml", policy), tests=tests, data={}, beside=more.get("beside", {}))
    return list(caught.value.flaws)


def test_a_failing_proof_is_not_signed() -> None:
    """An invariant that can be broken stops the bundle, and is named."""
    policy, tests = small_members()
    flaws = refused(policy[1] + BROKEN.encode(), tests)
    assert [flaw.code for flaw in flaws] == ["ZB09"]
    assert "`INV-001`" in flaws[0].message


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("decision: allow, rule: COL-900", "decision: deny", "fails"),
        ("kind: ZonePolicyTest\n", "kind: ZonePolicyTest\nrequire: {rules: 100%}\n", "covers"),
        ("policy: small.yaml", "policy: other.yaml", "is not here"),
        ("policy: small.yaml", "policy: [small.yaml, ../x/other.yaml]", "is not here"),
        ("origin.class: overseas,", "origin.clas: overseas,", "unknown fact"),
        ("name: an", "skip: later\n    name: an", "no test at all"),
    ],
)
def test_a_failing_test_is_not_signed(old: str, new: str, word: str) -> None:
    """A test that fails, tests nothing, tests something else or covers too little stops the bundle."""
    assert old in TEST
    flaws = refused(small_members()[0][1], {"small_test.yaml": TEST.replace(old, new, 1).encode()})
    assert word in flaws[0].message


def test_no_tests_no_bundle() -> None:
    """A policy that nothing tests is not signed."""
    assert [flaw.code for flaw in refused(text(), {})] == ["ZB10"]


def test_a_faulty_policy_is_told_at_its_place() -> None:
    """The mistakes of a plain policy are the author's, with line and column."""
    with pytest.raises(PolicyError):
        make_bundle(("small.yaml", b"x"), tests={"t.yaml": b""}, data={}, beside={})


def test_odd_names_are_refused() -> None:
    """A file whose name no member can have is told by its name."""
    with pytest.raises(BundleError, match="tests/a b"):
        make_bundle(("small.yaml", text()), tests={"a b": b""}, data={}, beside={})


def test_both_layers_are_proved_together() -> None:
    """What the operator's layer can't prove alone is proved beside the regulator's."""
    policy, tests = small_members()
    floor = text(
        "rules:\n  - {id: COL-901, phase: collect, effect: allow, when: {origin.agreeing: {ge: 3}},"
        " reason: collected_overseas}\n",
        layer="regulator",
    )
    made = make_bundle(
        ("small.yaml", policy[1] + BROKEN.encode()), tests=tests, data={}, beside={"floor.yaml": floor}
    )
    bundle = read_bundle(made, "x")
    assert json.loads(bundle.members[PROOF])["proofs"][0] == {
        "holds": True,
        "id": "INV-001",
        "phase": "collect",
    }
    assert not recheck(bundle)
    clash = refused(policy[1], tests, beside={"other.yaml": text(THREE_RULES, layer="regulator")})
    assert "stands in" in clash[0].message


def test_results_are_the_same_when_run_again() -> None:
    """Nothing of the machine or the moment stands in the results."""
    for bundle in (small_bundle(), read_bundle(pilot_bundle("regulator"), "x")):
        assert recheck(bundle) == []


@pytest.mark.parametrize(("member", "code"), [(PROOF, "ZB09"), (TESTS, "ZB10")])
def test_results_that_nobody_gets_are_told(member: str, code: str) -> None:
    """Signed results of another run are not believed when they are run again."""
    bundle = small_bundle()
    forged = forge(bundle, member, bundle.members[member].replace(b'"engine":1', b'"engine":1,"more":1'))
    assert [flaw.code for flaw in recheck(forged)] == [code]


def forge(bundle: Bundle, member: str, data: bytes) -> Bundle:
    """The bundle with another member and the manifest that fits it."""
    manifest = json.loads(bundle.members[MANIFEST])
    manifest["members"][member] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return read_bundle(pack({**bundle.members, member: data, MANIFEST: plain_json(manifest)}), "forged")


def test_a_joint_proof_that_fails() -> None:
    """The same question is asked of layers that were signed apart."""
    policy = read_bundle(pilot_bundle("operator"), "x").policy
    assert failed_proofs("x", [policy]) == []
