"""Tenants and their credentials."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.tenants import CredentialState, Tenant, TenantRegistry, credential_id, digest_of

OLD, NEW = "zp-old-credential", "zp-new-credential"


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


SG = Tenant("toyco-sg", "SG", "overseas", (digest(OLD), digest(NEW)))
REGISTRY = TenantRegistry([SG])


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_several_credentials_prove_one_tenant(secret: str) -> None:
    """While one is rotated, both are valid."""
    assert REGISTRY.by_credential(secret) is SG


@given(st.text(max_size=60))
def test_nothing_else_proves_it(guess: str) -> None:
    """No other text proves a tenant."""
    if guess not in (OLD, NEW):
        assert REGISTRY.by_credential(guess) is None


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        ([], CredentialState.NONE),
        ([("Authorization", f"Bearer {OLD}")], CredentialState.KNOWN),
        ([("authorization", f"bearer  {OLD} ")], CredentialState.KNOWN),
        ([("x-api-key", NEW)], CredentialState.KNOWN),
        ([("x-api-key", OLD), ("authorization", f"Bearer {OLD}")], CredentialState.KNOWN),
        ([("x-api-key", NEW), ("authorization", f"Bearer {OLD}")], CredentialState.CONTRADICTORY),
        ([("authorization", f"Basic {OLD}")], CredentialState.UNKNOWN),
        ([("authorization", "Bearer nobody")], CredentialState.UNKNOWN),
    ],
)
def test_how_a_credential_is_presented(headers: list[tuple[str, str]], state: CredentialState) -> None:
    """As the official SDKs present it; two different ones prove nobody."""
    tenant, found = REGISTRY.prove(headers)
    assert found is state
    assert (tenant is SG) is (state is CredentialState.KNOWN)


def test_no_two_tenants_share_anything() -> None:
    """Ids and credentials are one tenant's own."""
    with pytest.raises(ValueError, match="twice"):
        TenantRegistry([SG, SG])
    with pytest.raises(ValueError, match="share"):
        TenantRegistry([SG, Tenant("other", "MY", "overseas", (digest(OLD),))])
    with pytest.raises(ValueError, match="digest"):
        TenantRegistry([Tenant("other", "MY", "overseas", (b"short",))])
    assert len(REGISTRY) == 1
    assert REGISTRY["toyco-sg"] is SG


def test_a_credential_that_has_an_end_proves_until_then() -> None:
    """A rotation without a gap: the older one proves up to its end and not at it; the newer one goes on."""
    older, newer = "zp-older", "zp-newer"
    tenant = Tenant(
        "acme", "SG", "overseas", (digest_of(older), digest_of(newer)), ends={digest_of(older): 1000}
    )
    registry = TenantRegistry([tenant])
    asked = {name: [("authorization", f"Bearer {name}")] for name in (older, newer)}
    assert registry.prove(asked[older], 999) == (tenant, CredentialState.KNOWN)
    assert registry.prove(asked[older], 1000) == (None, CredentialState.EXPIRED)
    assert registry.prove(asked[newer], 10**12) == (tenant, CredentialState.KNOWN)
    assert registry.names() == {"acme"}


def test_a_credential_is_named_by_its_hash() -> None:
    """One credential has an id; none and two have none."""
    one = [("x-api-key", "zp-older")]
    assert credential_id(one) == digest_of("zp-older").hex()[:16]
    assert credential_id([]) == ""
    assert credential_id([*one, ("authorization", "Bearer other")]) == ""
