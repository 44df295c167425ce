"""The built-in table of networks."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

from zoneproxy.content.tables.networks import blocks


def test_blocks_are_ascending_and_apart():
    """The search by bisection relies on it."""
    made = blocks()
    assert len(made) > 4000
    assert all(first <= last for first, last in made)
    assert all(one[1] < other[0] for one, other in pairwise(made))


def test_a_known_block_is_in_it():
    """114.114.114.114 is a public resolver in Nanjing."""
    number = int(ipaddress.ip_address("114.114.114.114"))
    assert any(first <= number <= last for first, last in blocks())
