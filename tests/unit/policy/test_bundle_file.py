"""`zoneproxy.policy.bundle_file`: a bundle says what it is, and is what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bundles import pilot_bundle, small_bundle
from tests.support.small_policy import text
from zoneproxy.policy.bundle_archive import pack
from zoneproxy.policy.bundle_file import (
    MANIFEST,
    PROOF,
    TESTS,
    load_any,
    plain_json,
    read_bundle,
    write_bundle,
)
from zoneproxy.policy.bundle_flaws import BundleError
from zoneproxy.terms.errors import PolicyError

Members = dict[str, bytes]


def codes(data: bytes) -> set[str]:
    with pytest.raises(BundleError) as caught:
        read_bundle(data, "x.zpb")
    assert all(flaw.message[0].islower() or flaw.message[0] == "`" for flaw in caught.value.flaws)
    return {flaw.code for flaw in caught.value.flaws}


def said(known: Members, /, **changes: Any) -> Members:
    """The members with fields of the manifest replaced."""
    return {**known, MANIFEST: plain_json({**json.loads(known[MANIFEST]), **changes})}


def renamed(members: Members) -> Members:
    """The manifest as it would be for these members."""
    named = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in members.items()
        if name != MANIFEST
    }
    return said(members, members=named)


def test_a_bundle_is_what_it_says() -> None:
    """Layer, revision and window are the policy's own; its digest is that of all bytes."""
    bundle = small_bundle()
    metadata = bundle.policy.document.metadata
    assert (bundle.layer, bundle.revision, bundle.manifest.name) == ("operator", 1, metadata.name)
    assert bundle.policy.digest == bundle.digest == hashlib.sha256(bundle.data).hexdigest()
    assert bundle.statement == f"zoneproxy-bundle-1\noperator small 1\n{bundle.content}\n"
    assert bundle.note == b""
    assert set(bundle.folder("tests")) == {"small_test.yaml"}


def test_the_same_input_gives_the_same_bytes() -> None:
    """Whoever makes it again gets the bytes that were signed."""
    assert small_bundle().data == small_bundle().data


def test_a_signature_changes_the_digest_and_not_the_content() -> None:
    """Signatures are added to what stays the same."""
    one = small_bundle()
    two = read_bundle(one.signed(b"anything"), "x")
    assert two.content == one.content
    assert two.digest != one.digest
    assert two.note == b"anything"


CHANGES: dict[str, tuple[Callable[[Members], Members], set[str]]] = {
    "no manifest": (lambda m: {n: d for n, d in m.items() if n != MANIFEST}, {"ZB02"}),
    "manifest is no JSON": (lambda m: {**m, MANIFEST: b"{"}, {"ZB03"}),
    "manifest with spaces": (lambda m: {**m, MANIFEST: m[MANIFEST].replace(b":", b": ", 1)}, {"ZB03"}),
    "manifest nested too deep": (lambda m: {**m, MANIFEST: b"[" * 50_000}, {"ZB03"}),
    "manifest with a float": (lambda m: said(m, revision=1.0), {"ZB03"}),
    "unknown field": (lambda m: said(m, more=1), {"ZB03"}),
    "unknown format": (lambda m: said(m, format="zoneproxy-bundle-2"), {"ZB03"}),
    "unknown layer": (lambda m: said(m, layer="owner"), {"ZB03"}),
    "another layer": (lambda m: said(m, layer="regulator"), {"ZB03"}),
    "another revision": (lambda m: said(m, revision=9), {"ZB03"}),
    "another window": (lambda m: said(m, effective={"from": "2026-01-01", "until": "2099-12-31"}), {"ZB03"}),
    "another engine": (lambda m: said(m, engine=2), {"ZB05"}),
    "another policy": (lambda m: said(m, policy="policy/other.yaml"), {"ZB02", "ZB03"}),
    "changed test": (lambda m: {**m, "tests/small_test.yaml": b"x"}, {"ZB03"}),
    "test left out": (lambda m: {n: d for n, d in m.items() if not n.startswith("tests/")}, {"ZB03"}),
    "no tests at all": (
        lambda m: renamed({n: d for n, d in m.items() if not n.startswith("tests/")}),
        {"ZB03"},
    ),
    "no proof": (lambda m: renamed({n: d for n, d in m.items() if n != PROOF}), {"ZB03"}),
    "no results": (lambda m: renamed({n: d for n, d in m.items() if n != TESTS}), {"ZB03"}),
    "stray result": (lambda m: renamed({**m, "results/more.json": b"{}"}), {"ZB03"}),
    "stray member": (lambda m: {**m, "data/extra": b"x"}, {"ZB03"}),
    "two policies": (lambda m: renamed({**m, "policy/z.yaml": text()}), {"ZB03"}),
    "two of a name": (lambda m: renamed({**m, "beside/small.yaml": text()}), {"ZB03"}),
    "faulty policy": (lambda m: renamed({**m, "policy/small.yaml": b"kind: Nothing\n"}), {"ZB04"}),
    "faulty neighbour": (lambda m: renamed({**m, "beside/other.yaml": b"x"}), {"ZB04"}),
    "faulty catalogue": (
        lambda m: renamed({**m, "data/list.yaml": b"kind: ZoneDataCatalogue\nx: 1\n"}),
        {"ZB04"},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_fit_is_refused(name: str) -> None:
    """One fault each; its class is told."""
    change, expected = CHANGES[name]
    assert codes(pack(change(dict(small_bundle().members)))) == expected


def test_all_that_is_wrong_is_told_at_once() -> None:
    """A bundle with three faults tells three."""
    members = said(dict(small_bundle().members), revision=9, engine=7)
    assert codes(pack({**members, "data/extra": b"x"})) == {"ZB03", "ZB05"}


def test_one_way_in_for_files_and_bundles() -> None:
    """Whatever reads policies reads both; the mistakes of each keep their kind."""
    assert load_any(pilot_bundle("operator"), "x").layer == load_any(text(), "x").layer == "operator"
    with pytest.raises(PolicyError):
        load_any(b"x", "x")
    with pytest.raises(BundleError):
        load_any(pilot_bundle("operator")[:-512], "x")


def test_nothing_is_written_that_can_not_be_read() -> None:
    """A bundle without results is refused by its own writer."""
    with pytest.raises(BundleError):
        write_bundle("policy/small.yaml", {"policy/small.yaml": text()})
