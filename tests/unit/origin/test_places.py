"""Data files are independent sources: they agree, contradict, or say nothing (Z1, Z3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.zone_world import CREDENTIAL, DOORS, NOW_MS, rules
from tests.unit.origin.test_delegated import table
from zoneproxy.origin.evidence import Evidence, Source, gather
from zoneproxy.origin.places import DAY_MS, DataFile, PlaceError, Places
from zoneproxy.origin.tag import conclude, origin_facts
from zoneproxy.terms.networks import Address, read_address

BEARER = (("authorization", f"Bearer {CREDENTIAL}"),)
COUNTRIES = {"203.0.113.9": "CN", "198.51.100.9": "SG", "192.0.2.9": "MY", "2001:db8::9": "CN"}
NUMBERS = {"203.0.113.9": 64500, "198.51.100.9": 64500}
FILES = (DataFile("a.mmdb", "aa", NOW_MS - 3 * DAY_MS), DataFile("b.txt", "bb", NOW_MS - 40 * DAY_MS))


def places() -> Places:
    return Places(
        frozenset({"CN"}),
        lambda address: COUNTRIES.get(str(address)),
        lambda address: NUMBERS.get(str(address)),
        table(),
        files=FILES,
    )


def evidence(peer: str, found: Places, route: str = "cable-sg-1") -> Evidence:
    return gather(
        door=DOORS[route],
        peer=peer,
        headers=BEARER,
        networks=rules().networks,
        tenants=rules().tenants,
        places=found,
        now_ms=NOW_MS,
    )


def conclusion(peer: str, found: Places) -> tuple[str, str | None, int]:
    tag = conclude(evidence(peer, found).votes)
    return tag.cls.value, tag.country, tag.agreeing


def test_data_files_speak_beside_the_door() -> None:
    """Z1: an address that two files call Singapore's makes two more sources that agree."""
    found = replace(places(), asn=lambda _: None)
    assert conclusion("198.51.100.9", found) == ("overseas", "SG", 4)
    assert conclusion("::ffff:198.51.100.9", found) == ("overseas", "SG", 4)
    assert conclusion("100.64.0.1", found) == ("overseas", "SG", 2)


@pytest.mark.parametrize("peer", ["203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9"])
def test_one_domestic_file_is_enough(peer: str) -> None:
    """Z1: an address that a file calls domestic is refused at the overseas door, IPv6 and mapped ones too."""
    assert conclusion(peer, places()) == ("unknown", None, 0)
    only_list = replace(places(), geoip=None, asn=None)
    assert conclusion(peer, only_list) == ("unknown", None, 0)


def test_who_announces_an_address_counts() -> None:
    """Z1: an overseas address that a domestic network announces contradicts itself."""
    assert conclusion("198.51.100.9", places()) == ("unknown", None, 0)
    found = evidence("198.51.100.9", places())
    facts = origin_facts(conclude(found.votes), found)
    assert (facts["client.asn"], facts["client.asn_country"]) == (64500, "CN")
    assert (facts["client.country"], facts["client.registry_country"]) == ("SG", "SG")


def test_traffic_from_another_market_is_stopped() -> None:
    """Z3: the tenant's market and the country of its address must be one."""
    assert conclusion("192.0.2.9", places()) == ("unknown", None, 0)
    lenient = replace(places(), says={"geoip": "side", "registry": "side", "routing": "side"})
    assert conclusion("192.0.2.9", lenient) == ("overseas", "SG", 3)


def broken(_: Address) -> None:
    raise PlaceError("planted")


def test_a_broken_file_objects() -> None:
    """Z22: where a file can't be read, nobody knows what it would have said."""
    for found in (replace(places(), geoip=broken), replace(places(), asn=broken)):
        votes = evidence("100.64.0.1", found).votes
        assert [vote.source for vote in votes if vote.objects] in ([Source.GEOIP], [Source.ROUTING])
        assert conclude(votes).agreeing == 0


def test_files_are_dated_and_hashed_into_the_facts() -> None:
    """Z15: a decision says by which data it was taken, and how old they were."""
    found = evidence("198.51.100.9", places())
    facts = origin_facts(conclude(found.votes), found)
    assert facts["origin.data"] == places().digest
    assert facts["origin.data_age_days"] == 40
    assert replace(places(), files=FILES[::-1]).digest == places().digest
    assert replace(places(), files=FILES[:1]).digest != places().digest
    bare = evidence("198.51.100.9", Places(frozenset({"CN"})))
    facts = origin_facts(conclude(bare.votes), bare)
    assert (facts["origin.data"], facts["origin.data_age_days"]) == (None, None)


def test_an_unreadable_address_is_nowhere() -> None:
    """No file is asked about what is no address."""
    assert places().find(read_address("fe80::1%eth0")).countries == {}
