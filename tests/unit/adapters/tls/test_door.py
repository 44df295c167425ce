"""A door's TLS: what it is made of, and how changed files are taken up."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.proven_lab import NAME, SPIFFE, Customs
from tests.support.tiny_ca import TinyCa, now
from zoneproxy.adapters.tls.door import DoorTls
from zoneproxy.origin.arrival import Arrival
from zoneproxy.origin.certificate import read_certificate
from zoneproxy.terms.errors import ConfigError

NOW_MS = int(now().timestamp()) * 1000


@pytest.fixture
def customs(tmp_path: Path) -> Customs:
    return Customs.make(tmp_path)


def test_a_context_demands_what_is_configured(customs: Customs) -> None:
    """No old version, no ticket, no compression, no renegotiation; a certificate where one is required."""
    context = DoorTls(customs.files(), NOW_MS).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.num_tickets == 0
    for option in (ssl.OP_NO_TICKET, ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION):
        assert context.options & option
    assert [one["subject"] for one in context.get_ca_certs()] == [
        ((("commonName", customs.ca.common_name),),)
    ]
    optional = DoorTls(customs.files(require=False, min_version="1.2"), NOW_MS).context
    assert (optional.verify_mode, optional.minimum_version) == (ssl.CERT_OPTIONAL, ssl.TLSVersion.TLSv1_2)
    assert DoorTls(customs.files(client_ca=None), NOW_MS).context.verify_mode is ssl.CERT_NONE


def test_files_that_do_not_fit_refuse_the_start(customs: Customs) -> None:
    """Each is told by name; nothing is half used."""
    TinyCa().issue("other").write(customs.folder, "other")
    (customs.folder / "empty.pem").write_bytes(b"")
    for changes in (
        {"key": customs.folder / "other.key"},
        {"certificate": customs.folder / "empty.pem"},
        {"client_ca": customs.folder / "empty.pem"},
        {"crl": customs.folder / "empty.pem"},
        {"crl": customs.folder / "missing.crl"},
    ):
        with pytest.raises(ConfigError):
            DoorTls(customs.files(**changes), NOW_MS)


def test_changed_files_are_taken_up_whole_or_not_at_all(customs: Customs) -> None:
    """Z22: a broken new file keeps the old one in force."""
    tls = DoorTls(customs.files(), NOW_MS)
    before = tls.context
    assert not tls.refresh(NOW_MS)
    (customs.folder / "clients.pem").write_bytes(b"half a cert")
    with pytest.raises(ConfigError):
        tls.refresh(NOW_MS)
    assert tls.context is before
    (customs.folder / "clients.pem").write_bytes(TinyCa("another").pem)
    assert tls.refresh(NOW_MS)
    assert tls.context is not before
    assert not tls.refresh(NOW_MS)


def test_a_revoked_certificate_is_seen_on_open_connections(customs: Customs) -> None:
    """Z21: the newest list speaks of connections that came before it."""
    pair = customs.ca.issue("toyco-sg", uris=(SPIFFE,))
    crl = customs.folder / "clients.crl"
    crl.write_bytes(customs.ca.crl())
    tls = DoorTls(customs.files(crl=crl), NOW_MS)
    arrival = Arrival(tls="door", authority=NAME, certificate=read_certificate(pair.der))
    assert tls.review(arrival) is arrival
    customs.ca.revoked.append(pair.certificate.serial_number)
    crl.write_bytes(customs.ca.crl())
    assert tls.refresh(NOW_MS)
    certificate = tls.review(arrival).certificate
    assert certificate is not None
    assert certificate.revoked
    assert tls.review(replace(arrival, certificate=None)).certificate is None
