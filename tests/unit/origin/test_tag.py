"""Votes become one tag; any contradiction makes it unknown (Z1)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.evidence import Source, Vote
from zoneproxy.origin.tag import OriginClass, conclude
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
