"""Registered tenants, and the credential that proves one.

A credential is a secret that the boundary hands out once. Only its SHA-256 is kept: credentials
are long random strings, so a hash without salt or stretching can't be reversed, and whoever reads
the configuration can't call as the tenant.

A caller presents it as `Authorization: Bearer <credential>` (RFC 6750) or `x-api-key: <credential>`,
as the official SDKs do. Two headers that present two different credentials contradict each other:
neither is believed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from zoneproxy.origin.certificate import CertificateState, ClientCertificate, read_identity
from zoneproxy.terms.networks import Address, Prefix

Audience = Literal["overseas", "domestic", "mixed", "unknown"]
Headers = Iterable[tuple[str, str]]

DIGEST_BYTES = 32
# Four bytes choose the bucket. They are bytes of a hash, so the time that a look-up takes tells a
# guesser nothing about the credential itself.
_BUCKET_BYTES = 4
MAX_CREDENTIAL = 4096
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer that the zone may serve.

    Attributes:
        id: lower-case name, as records and statements write it.
        market: the country that it is registered for, ISO 3166-1 alpha-2.
        audience: whom it serves.
        credentials: SHA-256 of each valid credential, 32 bytes; several while one is rotated.
        networks: where it calls from; empty means anywhere that other evidence allows.
        certificates: identities of its client certificates (see `zoneproxy.origin.certificate`); where it has
            any, it always presents one.
        ends: when credentials end, by their SHA-256, in milliseconds since 1970 UTC; others do not end.
        callbacks: addresses at which it wants to be told (see `zoneproxy.route.callback`).
    """

    id: str
    market: str
    audience: Audience
    credentials: tuple[bytes, ...]
    networks: tuple[Prefix, ...] = ()
    certificates: tuple[str, ...] = ()
    ends: Mapping[bytes, int] = field(default_factory=dict)
    callbacks: tuple[str, ...] = ()

    def calls_from(self, address: Address | None) -> bool:
        """Tell whether `address` is one that the tenant registered (always, where it registered none)."""
        if not self.networks:
            return True
        return address is not None and any(address in prefix for prefix in self.networks)


class CredentialState(StrEnum):
    """What came of the credential that a request presents."""

    NONE = "none"
    KNOWN = "known"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CONTRADICTORY = "contradictory"


def digest_of(presented: bytes | str) -> bytes:
    """SHA-256 of a credential, 32 bytes; text is taken as UTF-8."""
    raw = presented.encode("utf-8", "surrogateescape") if isinstance(presented, str) else presented
    return hashlib.sha256(raw).digest()


def credential_id(headers: Headers) -> str:
    """Return the id of the one credential that a request presents: 16 hex digits of its SHA-256, or empty."""
    presented = presented_credentials(headers)
    return digest_of(next(iter(presented))).hex()[:16] if len(presented) == 1 else ""


def presented_credentials(headers: Headers) -> frozenset[str]:
    """Return every different credential that a request presents; empty where it presents none.

    An `Authorization` of another scheme counts as a credential too: it is one that no tenant has.
    """
    found = set[str]()
    for name, value in headers:
        if (plain := name.lower()) == "authorization":
            text = value.strip()
            is_bearer = text[: len(_BEARER)].lower() == _BEARER
            found.add(text[len(_BEARER) :].strip() if is_bearer else text)
        elif plain == "x-api-key":
            found.add(value.strip())
    return frozenset(found - {""})


class TenantRegistry:
    """All registered tenants, built once, never changed.

    Raises:
        ValueError: two tenants share an id, a credential or a certificate's identity, or one can't be read.
    """

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self._by_id: dict[str, Tenant] = {}
        self._buckets: dict[bytes, list[tuple[bytes, Tenant]]] = {}
        self._by_identity: dict[str, Tenant] = {}
        for tenant in tenants:
            if tenant.id in self._by_id:
                raise ValueError(f"tenant `{tenant.id}` is registered twice")
            self._by_id[tenant.id] = tenant
            for digest in tenant.credentials:
                self._add(digest, tenant)
            for identity in map(read_identity, tenant.certificates):
                owner = self._by_identity.setdefault(identity, tenant)
                if owner is not tenant:
                    raise ValueError(
                        f"tenants `{owner.id}` and `{tenant.id}` share the certificate `{identity}`"
                    )

    def _add(self, digest: bytes, tenant: Tenant) -> None:
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"a credential of tenant `{tenant.id}` is not a SHA-256 digest")
        bucket = self._buckets.setdefault(digest[:_BUCKET_BYTES], [])
        for other, owner in bucket:
            if other == digest:
                raise ValueError(f"tenants `{owner.id}` and `{tenant.id}` share a credential")
        bucket.append((digest, tenant))

    def __getitem__(self, tenant_id: str) -> Tenant:
        """Return a tenant by its id; KeyError where none has it."""
        return self._by_id[tenant_id]

    def names(self) -> frozenset[str]:
        """Return the ids of all registered tenants."""
        return frozenset(self._by_id)

    def __iter__(self) -> Iterator[Tenant]:
        """All registered tenants."""
        return iter(self._by_id.values())

    def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant by its id, or `None`."""
        return self._by_id.get(tenant_id)

    def __len__(self) -> int:
        """How many tenants are registered."""
        return len(self._by_id)

    def by_credential(self, presented: bytes | str) -> Tenant | None:
        """Return the tenant that `presented` proves, or `None`; hashes are compared in constant time."""
        if not presented or len(presented) > MAX_CREDENTIAL:
            return None
        digest = digest_of(presented)
        found: Tenant | None = None
        for other, tenant in self._buckets.get(digest[:_BUCKET_BYTES], ()):
            if hmac.compare_digest(digest, other):
                found = tenant
        return found

    def by_certificate(
        self, certificate: ClientCertificate | None, now_ms: int
    ) -> tuple[Tenant | None, CertificateState]:
        """Return whom a verified certificate identifies, and what came of it."""
        if certificate is None:
            return None, CertificateState.NONE
        if certificate.revoked:
            return None, CertificateState.REVOKED
        if not certificate.in_time(now_ms):
            return None, CertificateState.EXPIRED
        owners = [self._by_identity.get(identity) for identity in certificate.identities]
        found = {tenant.id: tenant for tenant in owners if tenant is not None}
        if len(found) > 1:
            return None, CertificateState.CONTRADICTORY
        tenant = next(iter(found.values()), None)
        return tenant, CertificateState.UNKNOWN if tenant is None else CertificateState.KNOWN

    def prove(self, headers: Headers, now_ms: int = 0) -> tuple[Tenant | None, CredentialState]:
        """Return whom a request's headers prove at a time, and what came of its credential."""
        presented = presented_credentials(headers)
        if not presented:
            return None, CredentialState.NONE
        if len(presented) > 1:
            return None, CredentialState.CONTRADICTORY
        credential = next(iter(presented))
        tenant = self.by_credential(credential)
        if tenant is not None and tenant.ends:
            end = tenant.ends.get(digest_of(credential))
            if end is not None and end <= now_ms:
                return None, CredentialState.EXPIRED
        return tenant, CredentialState.UNKNOWN if tenant is None else CredentialState.KNOWN
