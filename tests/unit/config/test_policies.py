"""`zoneproxy.config.policies`: who may sign what; the two layers share no key."""

from __future__ import annotations

import pytest

from tests.support.bundles import OPERATOR, REGULATOR, SECOND
from zoneproxy.config.policies import AllSigners, LayerSigners, Policies, check_signers
from zoneproxy.policy.read import Source, read
from zoneproxy.trace.note import Ed25519Signer, VerifierKey


def vkey(key: Ed25519Signer) -> str:
    return key.verifiers[0].vkey


def policies(regulator: LayerSigners | None, operator: LayerSigners | None = None) -> Policies:
    return Policies(
        regulator="r.zpb", operator="o.zpb", signers=AllSigners(regulator=regulator, operator=operator)
    )


def layer(*keys: str, needed: int = 1) -> LayerSigners:
    return LayerSigners(keys=list(keys), needed=needed)


def problems(given: Policies) -> list[str]:
    source: Source = read(b"policies: {}\n", "zone.yaml")
    check_signers(source, given)
    return [problem.message for problem in source.problems]


def test_signers_become_keys() -> None:
    """The named keys and the number are what bundles are checked by; a layer may have none."""
    given = policies(layer(vkey(REGULATOR)), layer(vkey(OPERATOR), vkey(SECOND), needed=2))
    assert problems(given) == []
    found = given.signers_of("operator")
    assert found is not None
    assert (len(found.keys), found.needed) == (2, 2)
    assert policies(None).signers_of("regulator") is None
    assert Policies(regulator="r.zpb", operator="o.zpb").unsigned == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (policies(layer("x")), "this is not a verifier key"),
        (policies(layer(vkey(REGULATOR), needed=2)), "2 signatures are needed, but only 1 keys may sign"),
        (policies(layer(vkey(REGULATOR)), layer(vkey(REGULATOR))), "first under `regulator`"),
        (policies(layer(vkey(REGULATOR), vkey(REGULATOR))), "first under `regulator`"),
        (
            policies(layer(VerifierKey("w", 4, OPERATOR.verifiers[0].public).vkey)),
            "bundles are signed with Ed25519 keys",
        ),
    ],
)
def test_mistakes_are_told(given: Policies, told: str) -> None:
    """A key that is none, that stands twice, or that is of another kind; more signatures than keys."""
    (message,) = problems(given)
    assert told in message
