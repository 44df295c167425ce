"""Detectors over one text, and the cues that call them."""

from __future__ import annotations

import pytest

from tests.unit.content.identifiers import KEY, resident_id
from zoneproxy.content.locate import has_cue, locate
from zoneproxy.content.sealed import KIND as UNINSPECTABLE
from zoneproxy.content.settings import ScanSettings

SETTINGS = ScanSettings(2, KEY)


@pytest.mark.parametrize("text", ["", "plain words", "ทุกคนมีสิทธิ", "in 2024 there were 5 of 7"])
def test_clean_text_leaves_early(text):
    """No family is asked where no cue stands."""
    assert not has_cue(text)
    assert locate(text, SETTINGS).hits == ()


def test_an_unfinished_text_is_undecided_at_its_end():
    """What could still grow is held from its beginning."""
    value = resident_id(1)
    found = locate(f"id {value}", SETTINGS, final=False)
    assert (found.hits, found.hold) == ((), 3)
    assert len(locate(f"id {value}", SETTINGS).hits) == 1


def test_words_broken_over_lines_are_found():
    """A mail address that goes on in the next line is one."""
    assert [hit.kind for hit in locate("email: gang52@\r\nqq.com", SETTINGS).hits] == ["cn_email_domestic"]


def test_a_flood_of_candidates_is_uninspectable():
    """Z22: bounded time, and never clean by default."""
    hits = locate("123 4567 " * 120_000, SETTINGS).hits
    assert UNINSPECTABLE in [hit.kind for hit in hits]
