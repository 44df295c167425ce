"""What a verified certificate identifies, and what it does not (Z1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tiny_ca import TinyCa
from zoneproxy.origin.certificate import (
    CertificateError,
    CertificateState,
    ClientCertificate,
    named_by_front,
    read_certificate,
    read_identity,
)
from zoneproxy.origin.tenants import Tenant, TenantRegistry

CA = TinyCa()
SPIFFE = "spiffe://zone.example/tenant/toyco-sg"
PIN = "sha256:" + "ab" * 32
NOW_MS = 1_795_000_000_000


def held(*identities: str, **changes: object) -> ClientCertificate:
    return ClientCertificate(frozenset(identities), identities[0], **changes)  # type: ignore[arg-type]


def registry() -> TenantRegistry:
    return TenantRegistry(
        [
            Tenant("toyco-sg", "SG", "overseas", (), certificates=(SPIFFE, PIN)),
            Tenant("other-sg", "SG", "overseas", (), certificates=("dn:CN=other,O=Other",)),
        ]
    )


def test_a_certificate_is_read_in_three_spellings() -> None:
    """Z1: key, SPIFFE id and subject identify it."""
    pair = CA.issue("toyco-sg", uris=(SPIFFE,), hosts=("client.example",))
    found = read_certificate(pair.der)
    assert found.identities == {pair.pin, SPIFFE, "dn:CN=toyco-sg"}
    assert found.shown == SPIFFE
    assert found.serial[1] == pair.certificate.serial_number
    assert read_certificate(CA.issue("plain").der).shown == "dn:CN=plain"


@pytest.mark.parametrize(
    "uris",
    [
        (SPIFFE, "spiffe://zone.example/other"),
        (SPIFFE, "https://zone.example"),
        ("spiffe://Zone.Example/tenant",),
        ("SPIFFE://zone.example/tenant",),
        ("spiffe://zone.example/a/../b",),
        ("spiffe://zone.example/a/",),
        ("spiffe://zone.example/a?b",),
        ("spiffe://user@zone.example/a",),
        ("spiffe://",),
    ],
)
def test_a_spiffe_id_that_can_be_read_in_two_ways_is_refused(uris: tuple[str, ...]) -> None:
    """An X.509-SVID has one URI name, in one spelling."""
    with pytest.raises(CertificateError, match="SPIFFE"):
        read_certificate(CA.issue("toyco-sg", uris=uris).der)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(der: bytes) -> None:
    """No bytes of a caller's make anything but an error of ours."""
    with pytest.raises(CertificateError):
        read_certificate(der)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_certificate_never_crashes_the_reader(at: int, byte: int) -> None:
    """A byte that was changed is another certificate, or none."""
    der = bytearray(BASE)
    der[at % len(der)] = byte
    try:
        found = read_certificate(bytes(der))
    except CertificateError:
        return
    assert found.identities


BASE = CA.issue("toyco-sg", uris=(SPIFFE,)).der


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (SPIFFE, SPIFFE),
        (PIN, PIN),
        ("dn:CN=toyco-sg, O=ToyCo", "dn:CN=toyco-sg,O=ToyCo"),
        ("dn:CN=a\\, b,O=c", "dn:CN=a\\, b,O=c"),
    ],
)
def test_registered_identities_have_one_spelling(text: str, read: str) -> None:
    """What is registered is compared as text: it is spelled once."""
    assert read_identity(text) == read
    assert read_identity(read) == read


@pytest.mark.parametrize(
    "text", ["", "toyco", "sha256:ABCD", "sha256:" + "AB" * 32, "dn:", "dn:nonsense", "spiffe://", "cn:toyco"]
)
def test_what_is_no_identity_is_refused(text: str) -> None:
    """A spelling that nobody can present would lock the tenant out in silence."""
    with pytest.raises(CertificateError):
        read_identity(text)


def test_one_identity_has_one_tenant() -> None:
    """Z1: two tenants can't register the same certificate."""
    with pytest.raises(ValueError, match="share"):
        TenantRegistry([Tenant(name, "SG", "overseas", (), certificates=(SPIFFE,)) for name in ("a", "b")])


@pytest.mark.parametrize(
    ("certificate", "tenant", "state"),
    [
        (None, None, CertificateState.NONE),
        (held(SPIFFE), "toyco-sg", CertificateState.KNOWN),
        (held("dn:CN=x", PIN), "toyco-sg", CertificateState.KNOWN),
        (held("dn:CN=other,O=Other"), "other-sg", CertificateState.KNOWN),
        (held("dn:CN=other"), None, CertificateState.UNKNOWN),
        (held(SPIFFE, "dn:CN=other,O=Other"), None, CertificateState.CONTRADICTORY),
        (held(SPIFFE, revoked=True), None, CertificateState.REVOKED),
        (held(SPIFFE, not_after_s=NOW_MS // 1000 - 1), None, CertificateState.EXPIRED),
        (held(SPIFFE, not_before_s=NOW_MS // 1000 + 1), None, CertificateState.EXPIRED),
    ],
)
def test_whom_a_certificate_identifies(
    certificate: ClientCertificate | None, tenant: str | None, state: CertificateState
) -> None:
    """Z1: exactly one tenant, inside its time and not revoked, or nobody."""
    found, came = registry().by_certificate(certificate, NOW_MS)
    assert (found.id if found else None, came) == (tenant, state)


def test_a_front_may_pass_only_a_name_on() -> None:
    """A common name is a subject of one part, and no other tenant's longer one."""
    assert named_by_front("other").identities == {"dn:CN=other"}
    assert named_by_front("a,O=Other").identities == {"dn:CN=a\\,O=Other"}
    with pytest.raises(CertificateError):
        named_by_front("")
