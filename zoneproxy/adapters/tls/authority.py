"""The zone's outward authority: it proves the boundary to workloads whose tunnels it looks into.

The authority is the zone's own, made by `zoneproxy outward make` for the destinations that zone.yaml
registers with TLS. Its certificate names them (name constraints, RFC 5280, section 4.2.1.10), so a workload
that trusts it believes it of nothing else, whoever holds its key. Leafs are for one destination each, live
for hours, all have the one key that this process made and never wrote down, and are kept in bounded memory.

Worked example: made for `tools.example:443` and `127.0.10.7:8443`, it signs for `tools.example` and for
127.0.10.7. For `mail.example` `Leafs.context` raises; a leaf that somebody signs with a stolen key for
`mail.example` is refused by every workload. By the RFC a constraint on `tools.example` covers what lies below
it too (`a.tools.example`): the memory of leafs does not.

Trust: the key's file. Whoever has it can stand between a workload and these destinations, inside the zone.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zoneproxy.adapters.files.settings import read_small, write_new
from zoneproxy.adapters.keys.certificates import insist_in_time, insist_on_key, read_certificates
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import read_address

WHAT = "the outward authority's certificate"
SKEW = timedelta(hours=1)
"""How far a workload's clock may be behind."""


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that was read.

    Attributes:
        certificate: what workloads trust.
        key: its private key.
        hosts: the hosts that its certificate names, canonical.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    hosts: frozenset[str]


def make_authority(
    certificate: Path, key: Path, *, zone: str, hosts: Collection[str], days: int, now_ms: int
) -> Authority:
    """Make an authority for these hosts; both files must not exist, and the key comes first, mode 0600.

    Args:
        certificate: where it is written, PEM.
        key: where its private key is written, PEM.
        zone: the zone's name, for people.
        hosts: canonical names and addresses; at least one.
        days: how long it is valid.
        now_ms: milliseconds since 1970 UTC.

    Raises:
        ConfigError: a file exists already or can't be written, or there are no hosts.
    """
    if not hosts:
        raise ConfigError(
            "no destination needs an authority", hint="register one with `tls` under `outward` in zone.yaml"
        )
    if certificate.exists():
        raise ConfigError(f"`{certificate}` exists already", hint="nothing is ever overwritten")
    own = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(now_ms // 1000, UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"zoneproxy outward authority of {zone}")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(
            x509.NameConstraints([_constraint(host) for host in sorted(hosts)], None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .sign(own, SHA256())
    )
    write_new(key, _pem(own), mode=0o600)
    write_new(certificate, made.public_bytes(Encoding.PEM))
    return Authority(made, own, frozenset(hosts))


def read_authority(certificate: Path, key: Path, now_ms: int) -> Authority:
    """Read an authority.

    Raises:
        ConfigError: a file is missing, expired, readable by others, or not what it should be.
    """
    found = read_certificates(certificate, WHAT)
    if len(found) != 1:
        raise ConfigError(f"{WHAT} `{certificate}` holds {len(found)} certificates", hint="give one")
    insist_in_time(found[0], certificate, WHAT, now_ms)
    insist_on_key(key, found[0])
    private = load_pem_private_key(read_small(key, "the key file"), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"the key file `{key}` is no EC key", hint="make one: `zoneproxy outward make`")
    try:
        is_authority = found[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        constraints = found[0].extensions.get_extension_for_class(x509.NameConstraints)
    except (x509.ExtensionNotFound, ValueError):
        is_authority, constraints = False, None
    if not is_authority or constraints is None or not constraints.critical:
        raise ConfigError(
            f"{WHAT} `{certificate}` is not bound to the names of destinations",
            hint="make one that is: `zoneproxy outward make`",
        )
    return Authority(found[0], private, frozenset(_hosts(constraints.value)))


def insist_on_hosts(authority: Authority, hosts: Collection[str], certificate: Path) -> None:
    """Refuse an authority that does not name all of these hosts.

    Raises:
        ConfigError: one is missing.
    """
    missing = sorted(set(hosts) - authority.hosts)
    if missing:
        raise ConfigError(
            f"{WHAT} `{certificate}` does not name `{missing[0]}`",
            hint="the list of destinations has grown: make another authority (`zoneproxy outward make`), "
            "have the workloads trust it, then name it in zone.yaml",
        )


class Leafs:
    """Certificates for single destinations, in memory alone.

    Args:
        authority: signs them.
        hosts: the destinations; for others none is made.
        hours: how long one is valid; half of that it is used.
        most: how many are kept; the one that was not asked for longest goes first.
    """

    def __init__(self, authority: Authority, hosts: Collection[str], *, hours: int, most: int) -> None:
        self._authority = authority
        self._hosts = frozenset(hosts) & authority.hosts
        self._life = timedelta(hours=hours)
        self._most = most
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._kept: OrderedDict[str, tuple[bytes, datetime, datetime]] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def context(self, host: str, now_ms: int, heard: Callable[[str], bool]) -> ssl.SSLContext:
        """Make the boundary's end of a tunnel's handshake.

        Args:
            host: canonical host that the tunnel leads to.
            now_ms: milliseconds since 1970 UTC.
            heard: takes the name that the workload asks for, or nothing, and says whether it may.

        Raises:
            ConfigError: it can't be proven: the host is no destination, or the authority is over.
        """
        pem = self.leaf(host, now_ms) + _pem(self._key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.set_alpn_protocols(["http/1.1"])

        def ask(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
            return None if heard(name or "") else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

        context.sni_callback = ask
        with _in_memory(pem) as path:
            context.load_cert_chain(path)
        return context

    def leaf(self, host: str, now_ms: int) -> bytes:
        """Return a destination's certificate, PEM; made if there is none, or none that is young enough.

        Raises:
            ConfigError: the host is no destination, or the authority is over.
        """
        if host not in self._hosts:
            raise ConfigError("no certificate is made for this host", hint="register it, with `tls`")
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        kept = self._kept.get(host)
        if kept is None or not kept[1] <= now < kept[2]:  # a clock that was put back makes a new one, too
            kept = self._make(host, now)
            self._kept[host] = kept
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(host)
        return kept[0]

    def _make(self, host: str, now: datetime) -> tuple[bytes, datetime, datetime]:
        """Sign a leaf; it is given out for half of its life, so that what a workload gets never ends soon."""
        issuer = self._authority.certificate
        last = min(now.replace(microsecond=0) + self._life, issuer.not_valid_after_utc)
        if not issuer.not_valid_before_utc <= now < last:
            raise ConfigError("the outward authority is not inside its time", hint="make another one")
        address = read_address(host)
        name = x509.DNSName(host) if address is None else x509.IPAddress(address)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer.subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(now.replace(microsecond=0) - SKEW, issuer.not_valid_before_utc))
            .not_valid_after(last)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority.key.public_key()),
                critical=False,
            )
            .sign(self._authority.key, SHA256())
        )
        return made.public_bytes(Encoding.PEM), now, now + (last - now) / 2


@contextlib.contextmanager
def _in_memory(pem: bytes) -> Iterator[str]:
    """Name bytes by a path, as OpenSSL's loader wants one, without writing them to a disk where possible."""
    handle = -1
    try:
        handle = os.memfd_create("leaf")
        path = f"/proc/self/fd/{handle}"
    except (AttributeError, OSError):
        handle, path = tempfile.mkstemp(prefix="zoneproxy-leaf-")
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(pem)
        yield path
    finally:
        os.close(handle)
        if not path.startswith("/proc/"):
            os.unlink(path)  # noqa: PTH108 - beside the descriptor's own calls


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _constraint(host: str) -> x509.GeneralName:
    address = read_address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(ipaddress.ip_network(str(address)))


def _hosts(constraints: x509.NameConstraints) -> Iterator[str]:
    for permitted in constraints.permitted_subtrees or ():
        if isinstance(permitted, x509.DNSName):
            yield permitted.value.lower()
        elif isinstance(permitted, x509.IPAddress):
            network = permitted.value
            if getattr(network, "num_addresses", 0) == 1:
                yield str(network.network_address)  # type: ignore[union-attr]


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs, crl_sign=signs,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
