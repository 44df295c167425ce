from __future__ import annotations

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.terms.networks import Network, NetworkTable, embedded_v4, read_address, read_prefix
from zoneproxy.terms.phase import Side


def table(*prefixes: str) -> NetworkTable:
    """Register prefixes; each one's country tells its place in the list."""
    return NetworkTable(
        Network(read_prefix(prefix), Side.OVERSEAS, f"A{chr(65 + n)}") for n, prefix in enumerate(prefixes)
    )


def country(networks: NetworkTable, address: str) -> str | None:
    found = networks.find(read_address(address))
    return found.country if found else None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:201", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, canonical: str) -> None:
    """An address is read in its canonical form, one inside IPv6 as the IPv4 address it means."""
    assert str(read_address(text)) == canonical


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "01.2.3.4", "fe80::1%eth0", "::ffff:1.2.3.4%1"])
def test_what_is_no_address_is_none(text: str) -> None:
    """What is no plain address, or bears a zone index, has no reading."""
    assert read_address(text) is None


def test_a_mapped_prefix_is_the_ipv4_prefix_it_means() -> None:
    """A prefix inside ::ffff:0:0/96 is IPv4, so it can't be registered a second time in disguise."""
    assert str(read_prefix("::ffff:10.0.0.0/104")) == "10.0.0.0/8"
    with pytest.raises(ValueError, match=r"`10\.0\.0\.0/8` is registered twice"):
        table("10.0.0.0/8", "::ffff:10.0.0.0/104")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "example", ""])
def test_a_prefix_with_host_bits_is_refused(text: str) -> None:
    """A prefix means one network, or nothing."""
    with pytest.raises(ValueError, match=r".+"):
        read_prefix(text)


def test_the_longest_prefix_speaks() -> None:
    """Nested prefixes answer for what is theirs, also at both ends, in any order of registration."""
    prefixes = ["10.0.0.0/8", "10.0.0.0/16", "10.255.255.0/24", "10.0.0.0/32"]
    for order in itertools.permutations(prefixes):
        networks = table(*order)
        for address, owner in [
            ("10.0.0.0", "10.0.0.0/32"),
            ("10.0.0.1", "10.0.0.0/16"),
            ("10.1.0.0", "10.0.0.0/8"),
            ("10.255.254.255", "10.0.0.0/8"),
            ("10.255.255.255", "10.255.255.0/24"),
        ]:
            assert country(networks, address) == f"A{chr(65 + order.index(owner))}"
        assert country(networks, "9.255.255.255") is None
        assert country(networks, "11.0.0.0") is None


def test_the_families_are_apart() -> None:
    """An IPv6 prefix says nothing of an IPv4 address, and an IPv4 peer on a dual-stack socket is IPv4."""
    networks = table("::/0", "192.0.2.0/24")
    assert country(networks, "198.51.100.1") is None
    assert country(networks, "::ffff:192.0.2.7") == "AB"
    assert country(networks, "2001:db8::1") == "AA"
    assert networks.find(None) is None


PREFIXES = st.builds(
    lambda value, length: ipaddress.ip_network((value, length), strict=False),
    st.integers(0, 2**32 - 1).map(lambda value: value & 0xC0F00003),
    st.integers(0, 32),
)


@given(st.lists(PREFIXES, unique=True, max_size=12), st.integers(0, 2**32 - 1))
def test_the_table_agrees_with_a_slow_search(prefixes: list[ipaddress.IPv4Network], value: int) -> None:
    """What bisection finds is what looking at every prefix finds."""
    networks = NetworkTable(Network(prefix, Side.OVERSEAS, "SG") for prefix in prefixes)
    edges = {int(prefix[end]) + step for prefix in prefixes for end in (0, -1) for step in (-1, 0, 1)}
    for at in {value, *edges}:
        if 0 <= at < 2**32:
            address = ipaddress.IPv4Address(at)
            holding = [prefix for prefix in prefixes if address in prefix]
            longest = max(holding, key=lambda prefix: prefix.prefixlen, default=None)
            found = networks.find(address)
            assert (found.prefix if found else None) == longest


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("192.0.2.33", ()),
        ("::", ()),
        ("::1", ()),
        ("2001:db8::1", ()),
        ("::192.0.2.33", ("192.0.2.33",)),
        ("64:ff9b::192.0.2.33", ("192.0.2.33",)),
        ("2002:c000:221::1", ("192.0.2.33",)),
        ("2001:0:4136:e378:8000:63bf:3fff:fdde", ("192.0.2.33",)),
        ("fe80::200:5efe:192.0.2.33", ("192.0.2.33",)),
    ],
)
def test_an_ipv4_address_is_found_inside_ipv6(text: str, inside: tuple[str, ...]) -> None:
    """Z5: what a tunnel or translator would reach is known; the examples are those of their RFCs."""
    assert tuple(map(str, embedded_v4(read_address(text)))) == inside


@pytest.mark.parametrize(
    "text",
    ["64:ff9b:1:c000:2:2100::", "64:ff9b:1:c0:0:221::", "64:ff9b:1:0:c0:2:2100:0", "64:ff9b:1::192.0.2.33"],
)
def test_the_local_translators_prefix_may_have_any_length(text: str) -> None:
    """Z5: prefixes of 48, 56, 64 and 96 bits write the address in different places (RFC 6052)."""
    assert "192.0.2.33" in map(str, embedded_v4(read_address(text)))
