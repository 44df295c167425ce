"""Z1-Z3 as properties: evidence makes the tag, contradiction unmakes it, claims do nothing."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from zoneproxy.origin.evidence import Door, Evidence, Source, Vote, gather
from zoneproxy.origin.tag import OriginClass, conclude, origin_facts
from zoneproxy.origin.tenants import Tenant, TenantRegistry, digest_of
from zoneproxy.terms.facts import VOCABULARY, FactSheet, in_domain
from zoneproxy.terms.networks import Network, NetworkTable, read_address, read_prefix
from zoneproxy.terms.phase import Side

NETWORKS = NetworkTable(
    [
        Network(read_prefix("127.0.10.0/24"), Side.OVERSEAS, "SG"),
        Network(read_prefix("127.0.11.0/24"), Side.OVERSEAS, "MY"),
        Network(read_prefix("127.0.20.0/24"), Side.DOMESTIC, "CN"),
        Network(read_prefix("127.0.30.0/24"), Side.ZONE, "CN"),
    ]
)
BOUND = Tenant("bound-sg", "SG", "overseas", (digest_of("zp-bound"),), (read_prefix("127.0.10.0/28"),))
TENANTS = TenantRegistry(
    [
        Tenant("toyco-sg", "SG", "overseas", (digest_of("zp-sg"),)),
        Tenant("inland", "CN", "domestic", (digest_of("zp-inland"),)),
        Tenant("both", "SG", "mixed", (digest_of("zp-both"),)),
        BOUND,
    ]
)
DOORS = {
    "cable-sg-1": Door("cable-sg-1", Side.OVERSEAS, "SG"),
    "inland-1": Door("inland-1", Side.DOMESTIC, "CN"),
    "zone-out-1": Door("zone-out-1", Side.ZONE, "CN"),
}
ROUTES = st.sampled_from(["cable-sg-1", "cable-sg-1", "inland-1", "zone-out-1", "undeclared"])
PEERS = st.sampled_from(
    ["127.0.10.9", "127.0.10.99", "127.0.11.9", "127.0.20.9", "127.0.30.9", "127.0.0.1",
     "::ffff:127.0.20.9", "2001:db8::1", "fe80::1%lo", "nonsense"]
)  # fmt: skip
CREDENTIALS = st.sampled_from(["", "zp-sg", "zp-sg", "zp-inland", "zp-both", "zp-bound", "zp-nobody"])


def evidence(route: str, peer: str, credential: str, *more: tuple[str, str]) -> Evidence:
    headers = [*([("authorization", f"Bearer {credential}")] if credential else []), *more]
    return gather(door=DOORS.get(route), peer=peer, headers=headers, networks=NETWORKS, tenants=TENANTS)


VOTES = st.builds(
    Vote,
    st.sampled_from(Source),
    st.sampled_from([None, *Side]),
    st.sampled_from([None, "SG", "MY", "CN"]),
    st.sampled_from([False, False, False, True]),
)
AGREED = st.builds(
    lambda side, country, speaking: [
        Vote(source, side if speaks else None, country if speaks else None)
        for source, speaks in zip(Source, speaking, strict=True)
    ],
    st.sampled_from(Side),
    st.sampled_from([None, "SG"]),
    st.tuples(*(st.booleans() for _ in Source)),
)


@given(AGREED, VOTES)
def test_a_contradiction_never_gives_a_class(agreed: list[Vote], other: Vote) -> None:
    """Z1: one vote against the rest, in side or country, or one objection, makes the origin unknown."""
    sides = {vote.side for vote in agreed if vote.side}
    countries = {vote.country for vote in agreed if vote.country}
    assume(
        other.objects
        or (other.side is not None and sides - {other.side})
        or (other.country is not None and countries - {other.country})
    )
    everybody = [*agreed, other]
    for at in range(len(everybody)):
        order = everybody[at:] + everybody[:at]
        tag = conclude(order)
        assert (tag.cls, tag.country, tag.agreeing) == (OriginClass.UNKNOWN, None, 0)


@given(AGREED)
def test_agreement_gives_the_class(agreed: list[Vote]) -> None:
    """Z1: where all that speak say the same, that is the tag, and it counts exactly those."""
    speaking = [vote for vote in agreed if vote.side is not None]
    assume(speaking)
    tag = conclude(agreed)
    assert speaking[0].side is not None
    assert tag.cls.value == speaking[0].side.value
    assert tag.country == speaking[0].country
    assert tag.agreeing == len(speaking)
    assert tag.votes == tuple(agreed)


@given(ROUTES, PEERS, CREDENTIALS)
def test_overseas_needs_the_overseas_door(route: str, peer: str, credential: str) -> None:
    """Z1: no address and no credential makes a caller overseas who came by another door."""
    found = evidence(route, peer, credential)
    tag = conclude(found.votes)
    if tag.cls is OriginClass.OVERSEAS:
        assert route == "cable-sg-1"
        assert tag.country == "SG"
        assert found.network is None or found.network.side is Side.OVERSEAS
        assert found.tenant is None or found.tenant.market == "SG"


@given(ROUTES, PEERS)
def test_a_tenant_calls_from_where_it_registered(route: str, peer: str) -> None:
    """Z3: a tenant with registered networks is stopped outside of them, whatever else agrees."""
    tag = conclude(evidence(route, peer, "zp-bound").votes)
    if not BOUND.calls_from(read_address(peer)):
        assert tag.cls is OriginClass.UNKNOWN


CLAIMS = st.lists(
    st.tuples(
        st.sampled_from(
            ["zone-origin", "X-Zone-Origin", "zone_tag", "x-forwarded-for", "forwarded", "x-real-ip",
             "host", "via", "cf-ipcountry", "true-client-ip", "user-agent", "cookie", "proxy-authorization"]
        ),
        st.sampled_from(["overseas", "zone", "SG", "127.0.10.9", "for=127.0.20.9", "Bearer zp-sg"]),
    ),
    max_size=6,
)  # fmt: skip


@given(ROUTES, PEERS, CREDENTIALS, CLAIMS)
def test_what_a_client_claims_moves_nothing(
    route: str, peer: str, credential: str, claims: list[tuple[str, str]]
) -> None:
    """Z1, Z2: no header but a proven credential is evidence, and a tag of the client's own is noted."""
    claimed, plain = evidence(route, peer, credential, *claims), evidence(route, peer, credential)
    assert conclude(claimed.votes) == conclude(plain.votes)
    assert claimed.tenant is plain.tenant
    assert claimed.forged == any("zone" in name.lower() for name, _ in claims)


@given(ROUTES, PEERS, CREDENTIALS)
def test_facts_lie_in_their_domain(route: str, peer: str, credential: str) -> None:
    """Every fact that is given has a value of its domain, so that none turns absent unnoticed."""
    found = evidence(route, peer, credential)
    facts = origin_facts(conclude(found.votes), found)
    FactSheet().update(facts)
    assert all(value is None or in_domain(VOCABULARY[name], value) for name, value in facts.items())
    assert (facts["client.ip"] is None) == (peer in ("fe80::1%lo", "nonsense"))
