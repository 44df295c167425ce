"""How a connection came, and whether a request keeps to it (Z1)."""

from __future__ import annotations

import pytest

from tests.support.tiny_ca import TinyCa
from zoneproxy.origin.arrival import PLAIN, Arrival, host_disagrees, passed_on, shaken
from zoneproxy.origin.certificate import UNVERIFIED, CertificateError, ClientCertificate
from zoneproxy.origin.proxy_protocol import Forwarded


def test_a_front_tells_of_the_caller() -> None:
    """Name, TLS and certificate are the front's word; without them nothing is said."""
    assert passed_on("127.0.40.1", Forwarded("203.0.113.9", 1)) == Arrival("127.0.40.1")
    pair = TinyCa().issue("toyco")
    told = Forwarded("203.0.113.9", 1, "Door.Example.", True, "toyco", pair.der)  # noqa: FBT003
    arrival = passed_on("127.0.40.1", told)
    assert (arrival.front, arrival.tls, arrival.authority) == ("127.0.40.1", "front", "door.example")
    assert arrival.certificate is not None
    assert pair.pin in arrival.certificate.identities
    only_named = passed_on("127.0.40.1", Forwarded("203.0.113.9", 1, tls=True, common_name="toyco"))
    assert only_named.certificate is not None
    assert only_named.certificate.identities == {"dn:CN=toyco"}
    with pytest.raises(CertificateError):
        passed_on("127.0.40.1", Forwarded("203.0.113.9", 1, certificate=b"nonsense"))


@pytest.mark.parametrize(
    ("authority", "hosts", "disagrees"),
    [
        ("", ["anything"], False),
        ("", [], False),
        ("door.example", ["door.example"], False),
        ("door.example", ["Door.Example.:8443"], False),
        ("door.example", ["door.example:"], False),
        ("door.example", ["other.example"], True),
        ("door.example", ["door.example.evil"], True),
        ("door.example", ["door.example:8443:1"], True),
        ("door.example", ["[::1]:8443"], True),
        ("door.example", [], True),
        ("door.example", ["door.example", "door.example"], True),
        ("door.example", [""], True),
    ],
)
def test_the_host_is_the_name_of_the_handshake(authority: str, hosts: list[str], disagrees: bool) -> None:  # noqa: FBT001
    """Z1: the name in TLS and the name in HTTP are one."""
    headers = [("host", host) for host in hosts] + [("x-host", "door.example")]
    assert host_disagrees(Arrival(tls="door", authority=authority), headers) is disagrees
    assert not host_disagrees(PLAIN, headers)


def test_a_certificate_that_the_front_could_not_verify_is_told() -> None:
    """Z1: a caller that shows a false certificate is not one that shows none."""
    told = Forwarded("203.0.113.9", 1, tls=True, unverified=True)
    assert passed_on("127.0.40.1", told).certificate is UNVERIFIED
    assert not UNVERIFIED.identities


OWN = ClientCertificate(frozenset({"dn:CN=toyco", "sha256:" + "0" * 64}), "dn:CN=toyco")
OTHER = ClientCertificate(frozenset({"dn:CN=other"}), "dn:CN=other")


@pytest.mark.parametrize(
    ("told", "contradicted"),
    [
        (Arrival("127.0.40.1"), False),
        (Arrival("127.0.40.1", authority="door.example"), False),
        (Arrival("127.0.40.1", authority="other.example"), True),
        (Arrival("127.0.40.1", certificate=OWN), False),
        (Arrival("127.0.40.1", certificate=OTHER), True),
        (Arrival("127.0.40.1", certificate=UNVERIFIED), True),
    ],
    ids=["nothing", "name", "other name", "certificate", "other certificate", "unverified"],
)
def test_front_and_handshake_are_held_against_each_other(told: Arrival, *, contradicted: bool) -> None:
    """Z1: the handshake is believed, and a front that tells of another one makes the origin unknown."""
    arrival = shaken(told, "door.example", OWN)
    assert (arrival.tls, arrival.authority, arrival.certificate) == ("door", "door.example", OWN)
    assert arrival.contradicted is contradicted
    assert shaken(told, "", None).contradicted is (told.authority != "" or told.certificate is not None)
