"""PEM files are checked before anything relies on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from tests.support.tiny_ca import DAY, TinyCa, now
from zoneproxy.adapters.keys.certificates import (
    insist_in_time,
    insist_on_key,
    read_certificates,
    read_revocations,
)
from zoneproxy.terms.errors import ConfigError

NOW_MS = int(now().timestamp()) * 1000


def test_a_chain_is_read_in_its_order(tmp_path: Path) -> None:
    """The first certificate is the one that is presented."""
    ca = TinyCa()
    pair = ca.issue("door", server=True)
    (tmp_path / "chain.pem").write_bytes(pair.pem + ca.pem)
    found = read_certificates(tmp_path / "chain.pem", "the chain")
    assert found == [pair.certificate, ca.certificate]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_is_told(data: bytes, tmp_path: Path) -> None:
    """The operator sees which file it is."""
    (tmp_path / "a.pem").write_bytes(data)
    with pytest.raises(ConfigError, match=r"the chain `.*a.pem` is no PEM certificate"):
        read_certificates(tmp_path / "a.pem", "the chain")
    with pytest.raises(ConfigError, match="is missing"):
        read_certificates(tmp_path / "b.pem", "the chain")


@pytest.mark.parametrize(
    ("days", "words"), [((-9, -1), "expired on"), ((1, 9), "is valid from"), ((-1, 1), "")]
)
def test_a_certificate_is_inside_its_time(days: tuple[int, int], words: str, tmp_path: Path) -> None:
    """One that is over proves nothing, and refuses the start."""
    found = TinyCa().issue("door", days=days).certificate
    if not words:
        insist_in_time(found, tmp_path, "the certificate", NOW_MS)
        return
    with pytest.raises(ConfigError, match=words):
        insist_in_time(found, tmp_path, "the certificate", NOW_MS)


def test_a_key_is_the_certificates_and_its_owners(tmp_path: Path) -> None:
    """A key that others may read, of another certificate, encrypted or broken is refused."""
    ca = TinyCa()
    pair, other = ca.issue("door"), ca.issue("other")
    _, key = pair.write(tmp_path, "door")
    insist_on_key(key, pair.certificate)
    with pytest.raises(ConfigError, match="not the key of the certificate"):
        insist_on_key(key, other.certificate)
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="may be read by others"):
        insist_on_key(key, pair.certificate)
    key.chmod(0o600)
    encryption = BestAvailableEncryption(b"secret")
    key.write_bytes(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    with pytest.raises(ConfigError, match="is encrypted"):
        insist_on_key(key, pair.certificate)
    key.write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="no PEM private key"):
        insist_on_key(key, pair.certificate)


def test_every_authority_has_its_list(tmp_path: Path) -> None:
    """Z22: without a list of each, in time and signed by it, nobody could be believed."""
    one, two = TinyCa("one"), TinyCa("two")
    one.revoked += [7, 8]
    path = tmp_path / "all.crl"
    path.write_bytes(one.crl() + two.crl())
    authorities = [one.certificate, two.certificate]
    found = read_revocations(path, authorities, NOW_MS)
    assert found == {(one.certificate.subject.public_bytes(), serial) for serial in (7, 8)}
    path.write_bytes(one.crl())
    with pytest.raises(ConfigError, match="no revocation list of `CN=two`"):
        read_revocations(path, authorities, NOW_MS)
    path.write_bytes(one.crl() + TinyCa("two").crl())
    with pytest.raises(ConfigError, match="no revocation list of `CN=two`"):
        read_revocations(path, authorities, NOW_MS)
    path.write_bytes(one.crl() + two.crl(days=(-9, -1)))
    with pytest.raises(ConfigError, match=r"`CN=two`.*is out of date"):
        read_revocations(path, authorities, NOW_MS)
    later = NOW_MS + int(8 * DAY.total_seconds()) * 1000
    path.write_bytes(one.crl() + two.crl())
    with pytest.raises(ConfigError, match="is out of date"):
        read_revocations(path, authorities, later)
    path.write_bytes(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    with pytest.raises(ConfigError, match="can't be read"):
        read_revocations(path, authorities, NOW_MS)
