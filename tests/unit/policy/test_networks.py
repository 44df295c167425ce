"""Addresses and networks as numbers."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.policy.networks import (
    END,
    V4_BASE,
    address_number,
    address_text,
    merge,
    network_fault,
    network_range,
)


def test_a_wrapped_address_is_the_address_itself() -> None:
    """Writing an IPv4 address as IPv6 carries nobody past a rule (Z1)."""
    assert address_number("::ffff:116.17.2.3") == address_number("116.17.2.3")
    assert network_range("::ffff:116.16.0.0/108") == network_range("116.16.0.0/12")


def test_the_two_families_do_not_mix() -> None:
    """All of IPv6 holds no IPv4 address."""
    first, last = network_range("::/0")
    assert not first <= address_number("10.0.0.1") <= last
    assert network_range("0.0.0.0/0") == (V4_BASE, END - 1)


@given(st.ip_addresses())
def test_numbers_and_texts_are_inverse(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """An address survives the way there and back, but for its wrapping."""
    number = address_number(str(address))
    assert address_number(address_text(number)) == number


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("10.0.0.1/8", "write `10.0.0.0/8`"),
        ("240e::1/20", "write `240e::/20`"),
        ("10.0.0/8", "write an address, a slash and the prefix length, as `10.0.0.0/8`"),
        ("cn", "write an address, a slash and the prefix length, as `10.0.0.0/8`"),
    ],
)
def test_faults_come_with_a_remedy(text: str, remedy: str) -> None:
    """Host bits are shown cleared."""
    fault = network_fault(text)
    assert fault is not None
    assert fault[1] == remedy


def test_right_networks_have_no_fault() -> None:
    """A single address is a network of one."""
    assert network_fault("10.0.0.0/8") is None
    assert network_fault("240e:12::1") is None


def test_merging_keeps_the_border_between_the_families() -> None:
    """Neighbours join, the last IPv6 and the first IPv4 address don't."""
    assert merge([(0, 4), (5, 9), (8, 12)]) == ((0,), (12,))
    assert merge([(V4_BASE - 1, V4_BASE - 1), (V4_BASE, V4_BASE)]) == (
        (V4_BASE - 1, V4_BASE),
        (V4_BASE - 1, V4_BASE),
    )
