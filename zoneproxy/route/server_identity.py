"""Who a model server must prove to be before a byte of a request is sent to it.

Its chain is verified in the TLS handshake, to the one private authority that the operator named for it.
What is looked at here stands beside that: the key is one that the operator pinned (RFC 7469, section 2.4:
SHA-256 of the SubjectPublicKeyInfo), the name is one of the certificate's, compared whole, and the
certificate is inside its time. A pin is what holds when the authority's own key is stolen; the authority
and the name are what holds when a pin's key is.

Worked example: for `name: llm.zone`, `spki_pin: sha256:ab...`, a certificate with the DNS name `llm.zone` and
another key is refused: `the key is not a pinned one`. `*.zone` does not cover `llm.zone`: wildcards are not
read. Of a certificate without alternative names the subject's common name is not looked at (RFC 9525).

Trust: who holds a pinned private key *and* a certificate of the authority for the name is the server.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What a model server proves.

    Attributes:
        name: DNS name or IP address, canonical, that its certificate must bear.
        pins: SHA-256 of the public keys that it may have, 32 bytes each; several while one is rotated.
    """

    name: str
    pins: frozenset[bytes]


def identity_flaw(wanted: ServerIdentity | None, der: bytes, now_ms: int) -> str:
    """Say what is wrong with the certificate that a server presented, or nothing.

    Args:
        wanted: who it must be; `None` where it must speak no TLS.
        der: its certificate, or empty where it spoke no TLS.
        now_ms: milliseconds since 1970 UTC.
    """
    if wanted is None:
        return "it spoke TLS where none is configured" if der else ""
    if not der:
        return "it spoke no TLS"
    try:
        found = x509.load_der_x509_certificate(der)
        spki = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        names = _names(found)
        first_s, last_s = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    except Exception:  # noqa: BLE001 - its makers decide what is inside: whatever can't be read proves nothing
        return "its certificate can't be read"
    if hashlib.sha256(spki).digest() not in wanted.pins:
        return "its key is not a pinned one"
    if wanted.name not in names:
        return f"its certificate is not for `{wanted.name}`"
    if not first_s <= now_ms / 1000 <= last_s:
        return "its certificate is not inside its time"
    return ""


def _names(found: x509.Certificate) -> set[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    hosts = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return hosts | {str(name) for name in names.get_values_for_type(x509.IPAddress)}
