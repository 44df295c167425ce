"""The built-in table of IPv6 networks."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

from zoneproxy.content.tables.networks6 import blocks


def test_runs_are_ascending_and_apart():
    """The search by bisection relies on it."""
    made = blocks()
    assert len(made) > 1000
    assert all(first <= last for first, last in made)
    assert all(one[1] < other[0] for one, other in pairwise(made))


def test_a_known_network_is_in_it_and_a_foreign_one_is_not():
    """240e::/18 is China Telecom's; 2001:4860::/32 is Google's."""

    def inside(text):
        number = int(ipaddress.ip_address(text))
        return any(first <= number <= last for first, last in blocks())

    assert inside("240e::1")
    assert not inside("2001:4860:4860::8888")
