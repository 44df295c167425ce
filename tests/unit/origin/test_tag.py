"""Votes become one tag; any contradiction makes it unknown (Z1)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.evidence import Source, Vote
from zoneproxy.origin.tag import Agreement, OriginClass, conclude
from zoneproxy.terms.phase import Side

SIDES = st.sampled_from([None, *Side])
COUNTRIES = st.sampled_from([None, "SG", "MY", "CN"])
VOTES = st.tuples(*(st.builds(Vote, st.just(source), SIDES, COUNTRIES, st.booleans()) for source in Source))


@given(VOTES)
def test_only_unanimity_gives_a_class(votes: tuple[Vote, ...]) -> None:
    """A class other than unknown means that all who speak say the same, and nobody objects."""
    tag = conclude(votes)
    sides = {vote.side for vote in votes if vote.side is not None}
    countries = {vote.country for vote in votes if vote.country is not None}
    if tag.cls is OriginClass.UNKNOWN:
        assert tag.agreeing == 0
        assert tag.country is None
        return
    assert sides == {Side(tag.cls.value)}
    assert len(countries) <= 1
    assert not any(vote.objects for vote in votes)
    assert tag.agreeing == sum(vote.side is not None for vote in votes)


@given(VOTES, st.permutations(range(len(Source))))
def test_order_has_no_meaning(votes: tuple[Vote, ...], order: list[int]) -> None:
    """The sources are heard in any order."""
    shuffled = conclude([votes[place] for place in order])
    assert (shuffled.cls, shuffled.country, shuffled.agreeing) == (
        conclude(votes).cls,
        conclude(votes).country,
        conclude(votes).agreeing,
    )


def test_one_domestic_voice_is_enough() -> None:
    """Two overseas voices do not outvote a domestic one."""
    votes = (
        Vote(Source.DOOR, Side.OVERSEAS, "SG"),
        Vote(Source.NETWORK, Side.DOMESTIC, "CN"),
        Vote(Source.CREDENTIAL, Side.OVERSEAS, "SG"),
    )
    assert conclude(votes).cls is OriginClass.UNKNOWN


def test_silence_is_unknown() -> None:
    """Nobody speaking is no origin."""
    assert conclude([Vote(Source.DOOR), Vote(Source.NETWORK)]).cls is OriginClass.UNKNOWN


THREE = tuple(Vote(source, Side.OVERSEAS, "SG") for source in (Source.DOOR, Source.CREDENTIAL, Source.GEOIP))
FIRST, LAST = {Source.DOOR: 1, Source.CREDENTIAL: 1}, {Source.CREDENTIAL: 1, Source.GEOIP: 2}


@pytest.mark.parametrize(
    ("least", "weights", "most_age_ms", "age_ms", "enough"),
    [
        (3, {}, {}, None, True),
        (4, {}, {}, None, False),
        (2, FIRST, {}, None, True),
        (3, FIRST, {}, None, False),
        (3, LAST, {}, None, True),
        (3, LAST, {Source.GEOIP: 1000}, 1000, True),
        (3, LAST, {Source.GEOIP: 1000}, 1001, False),
        (3, LAST, {Source.GEOIP: 1000}, None, False),
        (2, {Source.ROUTING: 3}, {}, 0, False),
    ],
    ids=["all", "too few", "listed", "not listed", "weight", "fresh", "old", "no date", "silent"],
)
def test_a_policy_says_how_much_evidence_is_enough(
    least: int,
    weights: Mapping[Source, int],
    most_age_ms: Mapping[Source, int],
    age_ms: int | None,
    *,
    enough: bool,
) -> None:
    """Z1: the listed sources' weights must come to what is asked for; else the origin is unknown."""
    asked = Agreement(least, weights, most_age_ms)
    tag = conclude(THREE, [Agreement(2), asked], age_ms=age_ms)
    assert tag.cls is (OriginClass.OVERSEAS if enough else OriginClass.UNKNOWN)
    assert tag.agreeing == (3 if enough else 0)
    assert conclude(THREE, [asked, Agreement(9)], age_ms=age_ms).cls is OriginClass.UNKNOWN


def test_a_source_that_does_not_count_can_still_contradict() -> None:
    """Z1: no list of a policy makes a domestic voice unheard."""
    votes = (*THREE, Vote(Source.NETWORK, Side.DOMESTIC, "CN"))
    assert conclude(votes, [Agreement(2, FIRST)]).cls is OriginClass.UNKNOWN
