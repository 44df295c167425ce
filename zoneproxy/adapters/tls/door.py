"""TLS at our own doors, by Python's `ssl` (OpenSSL): what it demands, and what becomes of a caller's proof.

A handshake verifies a client certificate's chain to the configured authorities only, its purpose, its time
and, where revocation lists are configured, its revocation and that of every authority between: a list that
is missing or out of date refuses everybody.

No session is resumed in TLS 1.3: no tickets are given. In TLS 1.2 a session may be resumed by its id, within
one context, which holds one set of authorities and lists. When a file changes there is a new context; whose
certificate a newer list names is refused on his old connection too (`DoorTls.review`).

Session keys are never logged: these contexts do not look at `SSLKEYLOGFILE`.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.keys.certificates import (
    insist_in_time,
    insist_on_key,
    read_certificates,
    read_revocations,
)
from zoneproxy.origin.arrival import Arrival, shaken
from zoneproxy.origin.certificate import read_certificate
from zoneproxy.terms.errors import ConfigError

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class DoorFiles:
    """The files of a door's TLS, and what it demands.

    Attributes:
        certificate, key: what the door proves itself with.
        names: names that callers may ask for; empty: any.
        client_ca: authorities of client certificates; `None`: none are asked for.
        require: a caller must present one.
        crl: revocation lists of these authorities, or `None`.
        min_version: `1.2` or `1.3`.
    """

    certificate: Path
    key: Path
    names: tuple[str, ...] = ()
    client_ca: Path | None = None
    require: bool = True
    crl: Path | None = None
    min_version: str = "1.3"

    def digest(self) -> bytes:
        """Return a digest over all files' bytes.

        Raises:
            ConfigError: one can't be read.
        """
        paths = (self.certificate, self.key, self.client_ca, self.crl)
        data = [read_small(path, "the file") for path in paths if path is not None]
        return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in data)).digest()


class DoorHandshake(ssl.SSLObject):
    """A handshake that remembers the name that was asked for."""

    authority = ""


class DoorTls:
    """A door's TLS as it is in force; its files may change while it serves.

    Args:
        files: what it is made of.
        now_ms: milliseconds since 1970 UTC.

    Raises:
        ConfigError: a file can't be used.
    """

    def __init__(self, files: DoorFiles, now_ms: int) -> None:
        self._files = files
        self._digest = files.digest()
        self.context, self._revoked = _build(files, now_ms)

    def refresh(self, now_ms: int) -> bool:
        """Take changed files up, all of them or none; tell whether something changed.

        Raises:
            ConfigError: the changed files can't be used; what was in force still is.
        """
        digest = self._files.digest()
        if digest == self._digest:
            return False
        self.context, self._revoked = _build(self._files, now_ms)
        self._digest = digest
        return True

    def arrival(self, handshake: ssl.SSLObject, arrival: Arrival) -> Arrival:
        """Add to an arrival what a finished handshake proved.

        Raises:
            CertificateError: the client certificate can't be read.
        """
        der = handshake.getpeercert(binary_form=True)
        certificate = read_certificate(der) if der else None
        return shaken(arrival, getattr(handshake, "authority", ""), certificate)

    def review(self, arrival: Arrival) -> Arrival:
        """Look at a connection's certificate again: a newer list may name it."""
        certificate = arrival.certificate
        if certificate is None or certificate.serial not in self._revoked:
            return arrival
        return replace(arrival, certificate=replace(certificate, revoked=True))


def _build(files: DoorFiles, now_ms: int) -> tuple[ssl.SSLContext, frozenset[tuple[bytes, int]]]:
    own = read_certificates(files.certificate, "the door's certificate")[0]
    insist_in_time(own, files.certificate, "the door's certificate", now_ms)
    insist_on_key(files.key, own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[files.min_version]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = DoorHandshake
    context.sni_callback = _remember(frozenset(name.lower().removesuffix(".") for name in files.names))
    revoked = frozenset[tuple[bytes, int]]()
    try:
        context.load_cert_chain(files.certificate, files.key)
        if files.client_ca is not None:
            authorities = read_certificates(files.client_ca, "the client authorities' file")
            for authority in authorities:
                insist_in_time(authority, files.client_ca, "a client authority in", now_ms)
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if files.require else ssl.CERT_OPTIONAL
            if files.crl is not None:
                revoked = read_revocations(files.crl, authorities, now_ms)
                context.load_verify_locations(files.crl)
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    except ssl.SSLError as error:
        why = (error.reason or "unknown error").lower().replace("_", " ")
        raise ConfigError(
            f"the door's certificate `{files.certificate}` can't be used: {why}", hint="check its PEM files"
        ) from None
    return context, revoked


def _remember(names: frozenset[str]) -> Any:
    """Keep the name that a caller asks for; with `names`, only those are served."""

    def heard(handshake: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        authority = (name or "").lower().removesuffix(".")
        if names and authority not in names:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        handshake.authority = authority  # type: ignore[attr-defined]
        return None

    return heard
