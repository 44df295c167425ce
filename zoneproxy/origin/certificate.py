"""Client certificates: whom one identifies, once it has been verified.

A tenant registers the identities that its certificates may have, each in one of three spellings:

| spelling | the certificate |
| --- | --- |
| `spiffe://zone.example/tenant/toyco-sg` | has this as its only URI name (SPIFFE X.509-SVID, section 2) |
| `sha256:<64 hex>` | has a public key whose SubjectPublicKeyInfo has this digest (RFC 7469, section 2.4) |
| `dn:CN=toyco-sg,O=ToyCo` | has this subject (RFC 4514), whole and in this order |

One identity belongs to one tenant. A certificate that fits two tenants identifies nobody.

Trust: the chain, its purpose and its revocation were verified in the TLS handshake, by the door or by a
registered front; here only dates are looked at again, because a connection may outlive its certificate.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_PIN = re.compile(r"sha256:[0-9a-f]{64}\Z", re.ASCII)
# SPIFFE-ID, section 2: lower-case trust domain, path segments without dots alone, no query, no fragment.
_SPIFFE = re.compile(r"spiffe://[a-z0-9._-]{1,255}(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)*\Z", re.ASCII)
_DN = "dn:"
MAX_IDENTITY = 2048


class CertificateError(ValueError):
    """A certificate, or the spelling of an identity, can't be read."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A caller's verified certificate.

    Attributes:
        identities: what it identifies, in the three spellings.
        shown: the identity for records: the SPIFFE id, else the subject.
        serial: issuer (DER) and serial number, by which a list revokes it.
        not_before_s, not_after_s: seconds since 1970 UTC, both inside its time.
        revoked: a newer revocation list than that of its handshake names it.
    """

    identities: frozenset[str]
    shown: str
    serial: tuple[bytes, int] = (b"", 0)
    not_before_s: int = 0
    not_after_s: int = 2**63
    revoked: bool = False

    def in_time(self, now_ms: int) -> bool:
        """Tell whether the certificate is inside its time."""
        return self.not_before_s <= now_ms // 1000 <= self.not_after_s


UNVERIFIED = ClientCertificate(frozenset(), "unverified")
"""One that a caller presented and its front could not verify: it identifies nobody."""


class CertificateState(StrEnum):
    """What came of the certificate that a caller presented."""

    NONE = "none"
    KNOWN = "known"
    UNKNOWN = "unknown"
    CONTRADICTORY = "contradictory"
    EXPIRED = "expired"
    REVOKED = "revoked"


def read_identity(text: str) -> str:
    """Read a registered identity in its canonical spelling.

    >>> read_identity("dn:CN=toyco-sg, O=ToyCo")
    'dn:CN=toyco-sg,O=ToyCo'

    Raises:
        CertificateError: it is none of the three spellings.
    """
    if _PIN.match(text) or (text.startswith("spiffe://") and _SPIFFE.match(text)):
        return text
    if text.startswith(_DN):
        try:
            name = x509.Name.from_rfc4514_string(re.sub(r"(?<!\\),\s+", ",", text.removeprefix(_DN)))
        except ValueError:
            raise CertificateError("this is no distinguished name") from None
        if name.rdns:
            return _DN + name.rfc4514_string()
    raise CertificateError(
        "an identity is `spiffe://...`, `sha256:` and 64 hex digits, or `dn:` and a subject"
    )


def spki_pin(certificate: x509.Certificate) -> str:
    """Return `sha256:` and the digest of a certificate's public key (SubjectPublicKeyInfo, DER)."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(spki).hexdigest()}"


def read_certificate(der: bytes) -> ClientCertificate:
    """Read a verified client certificate.

    Args:
        der: the certificate as the handshake presented it.

    Raises:
        CertificateError: it can't be read in one way: another key or name type, or several SPIFFE ids.
    """
    try:
        found = x509.load_der_x509_certificate(der)
        pin = spki_pin(found)
        subject = found.subject.rfc4514_string()
        uris = _uris(found)
        issuer = found.issuer.public_bytes()
        not_before, not_after = found.not_valid_before_utc, found.not_valid_after_utc
    except Exception as error:
        # Its makers decide what is inside: whatever can't be read identifies nobody.
        raise CertificateError("the certificate can't be read") from error
    spiffe = [uri for uri in uris if uri.lower().startswith("spiffe:")]
    if spiffe and (len(uris) > 1 or not _SPIFFE.match(spiffe[0])):
        raise CertificateError("the certificate has a SPIFFE id that is not its only URI, or is none")
    identities = {pin, *spiffe} | ({_DN + subject} if subject else set())
    return ClientCertificate(
        frozenset(identities),
        (spiffe[0] if spiffe else _DN + subject)[:MAX_IDENTITY],
        (issuer, found.serial_number),
        int(not_before.timestamp()),
        int(not_after.timestamp()),
    )


def named_by_front(common_name: str) -> ClientCertificate:
    """Make what is known of a certificate of which a front passes only the common name on.

    Raises:
        CertificateError: it can't be a common name.
    """
    try:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    except ValueError:
        raise CertificateError("the certificate's name can't be read") from None
    subject = _DN + name.rfc4514_string()
    return ClientCertificate(frozenset((subject,)), subject[:MAX_IDENTITY])


def _uris(found: x509.Certificate) -> list[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
