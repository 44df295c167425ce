"""Signed bundles for tests: the pilot's layers, or small policies, under fixed keys."""

from __future__ import annotations

import functools
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.small_policy import THREE_RULES, text
from zoneproxy.adapters.state.bundles import Signers, sign
from zoneproxy.policy.bundle_file import Bundle, read_bundle
from zoneproxy.policy.bundle_results import make_bundle
from zoneproxy.trace.note import Ed25519Signer

ROOT = Path(__file__).resolve().parents[2]
TEST = """\
apiVersion: zoneproxy/v1
kind: ZonePolicyTest
policy: small.yaml
now: "2026-11-21T00:00:00+00:00"
tests:
  - name: an overseas caller is let in
    with: {origin.class: overseas, origin.country: SG, origin.agreeing: 3}
    expect: {collect: {decision: allow, rule: COL-900}}
"""


def signer(name: str = "zone.example/policy/operator", number: int = 11) -> Ed25519Signer:
    return Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


REGULATOR = signer("regulator.example/policy", 12)
OPERATOR = signer()
SECOND = signer("zone.example/policy/second", 13)


def signers(*keys: Ed25519Signer, needed: int = 1) -> Signers:
    return Signers(tuple(key.verifiers[0] for key in keys), needed)


def small_members() -> tuple[tuple[str, bytes], dict[str, bytes]]:
    """A small policy that its test covers as far as it requires."""
    return ("small.yaml", text(THREE_RULES)), {"small_test.yaml": TEST.encode()}


def small_bundle(file: str = "small.zpb") -> Bundle:
    """An unsigned bundle of a small policy."""
    policy, tests = small_members()
    return read_bundle(make_bundle(policy, tests=tests, data={}, beside={}), file)


@functools.cache
def pilot_bundle(layer: str, revision: int = 1, *edits: tuple[str, str], beside: bytes = b"") -> bytes:
    """A signed bundle of one of the pilot's layers.

    Args:
        layer: `regulator` or `operator`.
        revision: its revision.
        edits: texts of the policy and what comes in their place.
        beside: a bundle of the other layer that it is proved with.
    """
    name = f"shantou-pilot.{layer}"
    policy = (ROOT / f"policies/{name}.yaml").read_text("utf-8")
    for old, new in (("revision: 1\n", f"revision: {revision}\n"), *edits):
        if old not in policy:
            raise AssertionError(f"`{old}` is not in {name}")
        policy = policy.replace(old, new)
    cases = (ROOT / f"policies/{name}_test.yaml").read_text("utf-8").replace("rules: 100%", "rules: 90%")
    tests = {f"{name}_test.yaml": cases.encode()}
    others = {"other.yaml": read_bundle(beside, "beside").folder("policy").popitem()[1]} if beside else {}
    made = make_bundle((f"{name}.yaml", policy.encode()), tests=tests, data={}, beside=others)
    key = REGULATOR if layer == "regulator" else OPERATOR
    return sign(read_bundle(made, f"{layer}.zpb"), key)


def name_bundles(folder: Path) -> None:
    """Have a zone's configuration name signed bundles of the pilot, and whose signatures count."""
    config = folder / "zone.yaml"
    text = config.read_text("utf-8")
    for layer in ("regulator", "operator"):
        (folder / f"policies/{layer}.zpb").write_bytes(pilot_bundle(layer))
        text = text.replace(f"policies/shantou-pilot.{layer}.yaml", f"policies/{layer}.zpb")
    keys = "".join(
        f'    {layer}: {{keys: ["{key.verifiers[0].vkey}"]}}\n'
        for layer, key in (("regulator", REGULATOR), ("operator", OPERATOR))
    )
    start, end = text.index("  unsigned:"), text.index("  regulator: policies/")
    config.write_text(f"{text[:start]}  signers:\n{keys}{text[end:]}", "utf-8")
