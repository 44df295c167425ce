"""Certificates, keys and revocation lists in PEM files, read and checked before anything relies on them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from zoneproxy.adapters.files.settings import read_private, read_small
from zoneproxy.terms.errors import ConfigError

_CRL = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


def read_certificates(path: Path, what: str) -> list[x509.Certificate]:
    """Read the certificates of a PEM file, in its order.

    Args:
        path: the file.
        what: what it is, for messages: `the door's certificate`.

    Raises:
        ConfigError: it can't be read, or holds none.
    """
    try:
        return x509.load_pem_x509_certificates(read_small(path, what))
    except ValueError:
        raise ConfigError(f"{what} `{path}` is no PEM certificate", hint="give PEM blocks") from None


def insist_in_time(certificate: x509.Certificate, path: Path, what: str, now_ms: int) -> None:
    """Refuse a certificate that proves nothing now.

    Raises:
        ConfigError: it is over, or not yet valid.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    if now > certificate.not_valid_after_utc:
        day = certificate.not_valid_after_utc.date().isoformat()
        raise ConfigError(f"{what} `{path}` expired on {day}", hint="have a new one issued")
    if now < certificate.not_valid_before_utc:
        day = certificate.not_valid_before_utc.date().isoformat()
        raise ConfigError(f"{what} `{path}` is valid from {day} on", hint="check this machine's clock")


def insist_on_key(path: Path, certificate: x509.Certificate) -> None:
    """Refuse a private key that others may read, that is encrypted, or that is not the certificate's.

    Raises:
        ConfigError: it can't be used.
    """
    data = read_private(path)
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        raise ConfigError(
            f"the key file `{path}` is encrypted",
            hint="give it unencrypted, mode 0600",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"the key file `{path}` is no PEM private key", hint="give PKCS#8 PEM") from None
    if _spki(key.public_key()) != _spki(certificate.public_key()):  # type: ignore[arg-type]
        raise ConfigError(
            f"the key file `{path}` is not the key of the certificate",
            hint="give the pair that belongs together",
        )


def read_revocations(
    path: Path, authorities: list[x509.Certificate], now_ms: int
) -> frozenset[tuple[bytes, int]]:
    """Read the revocation lists of all these authorities.

    Args:
        path: a PEM file with one list or more.
        authorities: who must have signed one each.
        now_ms: milliseconds since 1970 UTC.

    Returns:
        Issuer (DER) and serial number of each revoked certificate.

    Raises:
        ConfigError: a list can't be read, is signed by another key, is missing, or is out of date.
    """
    blocks = _CRL.findall(read_small(path, "the revocation list"))
    try:
        lists = [x509.load_pem_x509_crl(block) for block in blocks]
    except ValueError:
        raise ConfigError(f"the revocation list `{path}` can't be read", hint="give PEM blocks") from None
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    revoked = set[tuple[bytes, int]]()
    for authority in authorities:
        subject = authority.subject
        mine = [found for found in lists if found.issuer == subject and _signed(found, authority)]
        if not mine:
            raise ConfigError(
                f"`{path}` holds no revocation list of `{subject.rfc4514_string()}`",
                hint="every authority in `client_ca` signs a list, also an empty one",
            )
        newest = max(mine, key=lambda found: found.last_update_utc)
        if newest.next_update_utc is None or newest.next_update_utc < now:
            raise ConfigError(
                f"the revocation list of `{subject.rfc4514_string()}` in `{path}` is out of date",
                hint="fetch the newest list from the authority",
            )
        revoked.update((subject.public_bytes(), entry.serial_number) for found in mine for entry in found)
    return frozenset(revoked)


def _signed(found: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        return found.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _spki(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
