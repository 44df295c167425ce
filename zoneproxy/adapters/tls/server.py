"""What a model server is trusted by, and what the boundary proves itself to it with: files, read once.

The one authority that is trusted is the one that is named for this server. Neither the machine's store of
authorities nor a packaged one is ever looked at: whoever can get a certificate from *some* public authority
is no model server.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.keys.certificates import insist_in_time, insist_on_key, read_certificates
from zoneproxy.route.server_identity import ServerIdentity


@dataclass(frozen=True, slots=True)
class ServerTls:
    """A model server's TLS.

    Attributes:
        identity: who it must prove to be.
        authorities: whose certificates are taken, no others.
        certificates: the boundary's own certificate and its chain; empty where it proves nothing.
        key: the private key of the first of them.
    """

    identity: ServerIdentity
    authorities: tuple[x509.Certificate, ...]
    certificates: tuple[x509.Certificate, ...] = ()
    key: CertificateIssuerPrivateKeyTypes | None = None


def read_server_tls(
    identity: ServerIdentity, ca: Path, client: tuple[Path, Path] | None, now_ms: int
) -> ServerTls:
    """Read what a model server is trusted by.

    Args:
        identity: who it must prove to be.
        ca: the private authority, PEM.
        client: the boundary's own certificate and key, PEM, or `None`.
        now_ms: milliseconds since 1970 UTC.

    Raises:
        ConfigError: a file can't be used.
    """
    authorities = tuple(read_certificates(ca, "the model server's authority"))
    for authority in authorities:
        insist_in_time(authority, ca, "the model server's authority", now_ms)
    if client is None:
        return ServerTls(identity, authorities)
    certificates = tuple(read_certificates(client[0], "the boundary's certificate"))
    insist_in_time(certificates[0], client[0], "the boundary's certificate", now_ms)
    insist_on_key(client[1], certificates[0])
    key = load_pem_private_key(read_small(client[1], "the key file"), None)
    return ServerTls(identity, authorities, certificates, key)  # type: ignore[arg-type]
