"""Each source says what it alone can know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.zone_world import CREDENTIAL, DOORS, rules
from zoneproxy.origin.evidence import Evidence, Source, gather
from zoneproxy.origin.tag import OriginClass, conclude, origin_facts

BEARER = (("authorization", f"Bearer {CREDENTIAL}"),)


def evidence(
    route: str | None = "cable-sg-1",
    peer: str = "127.0.10.9",
    headers: tuple[tuple[str, str], ...] = BEARER,
) -> Evidence:
    return gather(
        door=None if route is None else DOORS[route],
        peer=peer,
        headers=headers,
        networks=rules().networks,
        tenants=rules().tenants,
    )


@pytest.mark.parametrize(
    ("route", "peer", "headers", "expected"),
    [
        ("cable-sg-1", "127.0.10.9", BEARER, ("overseas", "SG", 3)),
        ("cable-sg-1", "127.0.0.1", BEARER, ("overseas", "SG", 2)),
        ("cable-sg-1", "::ffff:127.0.10.9", BEARER, ("overseas", "SG", 3)),
        ("cable-sg-1", "127.0.20.9", BEARER, ("unknown", None, 0)),
        ("cable-sg-1", "2002:7f00:1409::1", BEARER, ("unknown", None, 0)),
        ("cable-sg-1", "64:ff9b::127.0.20.9", BEARER, ("unknown", None, 0)),
        ("cable-sg-1", "2002:7f00:a09::1", BEARER, ("overseas", "SG", 3)),
        ("cable-sg-1", "127.0.30.9", BEARER, ("unknown", None, 0)),
        ("cable-my-1", "127.0.0.1", BEARER, ("unknown", None, 0)),
        ("inland-1", "127.0.20.9", (), ("domestic", "CN", 2)),
        ("inland-1", "127.0.20.9", BEARER, ("unknown", None, 0)),
        ("zone-out-1", "127.0.30.9", (), ("zone", "CN", 2)),
        (None, "127.0.10.9", BEARER, ("unknown", None, 0)),
    ],
)
def test_the_sources_vote(
    route: str | None,
    peer: str,
    headers: tuple[tuple[str, str], ...],
    expected: tuple[str, str | None, int],
) -> None:
    """Z1: door, network and credential agree, or the origin is unknown."""
    tag = conclude(evidence(route, peer, headers).votes)
    assert (tag.cls.value, tag.country, tag.agreeing) == expected


def test_two_credentials_contradict_each_other() -> None:
    """A request that presents two different credentials proves nobody."""
    found = evidence(headers=(*BEARER, ("x-api-key", "another")))
    assert conclude(found.votes).cls is OriginClass.UNKNOWN
    assert found.tenant is None


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)


@given(st.lists(st.tuples(NAMES, st.text(max_size=30)), max_size=6))
def test_what_a_client_says_of_itself_changes_nothing(said: list[tuple[str, str]]) -> None:
    """Z1: no header but the credential moves the tag."""
    harmless = tuple(pair for pair in said if pair[0] not in ("authorization", "x-api-key"))
    assert evidence(headers=(*BEARER, *harmless)).votes == evidence().votes


def test_facts_say_what_is_known_and_no_more() -> None:
    """An unknown tenant has no id; an unregistered peer's network is called so."""
    found = evidence(peer="127.0.0.1", headers=())
    facts = origin_facts(conclude(found.votes), found)
    assert facts["tenant.id"] is None
    assert facts["client.network"] == "unregistered"
    assert facts["ingress.route"] == "cable-sg-1"
    assert [vote.source for vote in found.votes] == list(Source)
