"""What never leaves the zone, one kind at most."""

from __future__ import annotations

import struct

from zoneproxy.content.artefacts import CATEGORIES, find
from zoneproxy.terms.facts import VOCABULARY


def test_an_asset_is_one_hit_of_its_category():
    """Z9: the kind is the value, so that nothing of the file is kept."""
    (hit,) = find(b"GGUF" + struct.pack("<IQQ", 3, 1, 0))
    assert (hit.kind, hit.category, hit.value) == ("model_weights", "model_weights", "model_weights")


def test_other_bytes_are_none():
    """Clean bytes say nothing."""
    assert list(find(b"hello")) == []


def test_categories_are_those_of_the_facts():
    """Every category stands in the vocabulary."""
    assert set(CATEGORIES.values()) <= set(VOCABULARY["response.categories"].values)
