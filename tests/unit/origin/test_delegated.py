"""Delegation lists: taken whole or not at all."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.delegated import DelegationError, Delegations, read_delegations

GOOD = """\
# made for a test
2|apnic|20260119|5|19830613|20260118|+1000
apnic|*|ipv4|*|2|summary
apnic|*|ipv6|*|1|summary
apnic|*|asn|*|2|summary
apnic|CN|ipv4|203.0.113.0|200|20110414|allocated
apnic|SG|ipv4|198.51.100.0|128|20110412|assigned|A91
apnic|CN|ipv6|2001:db8::|32|20110414|allocated
apnic|CN|asn|64500|2|20020801|allocated
apnic||asn|64510|1||reserved
"""


def table(text: str = GOOD) -> Delegations:
    return Delegations([read_delegations(text)])


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("203.0.113.0", "CN"),
        ("203.0.113.199", "CN"),
        ("203.0.113.200", None),
        ("202.255.255.255", None),
        ("198.51.100.127", "SG"),
        ("198.51.100.128", None),
        ("2001:db8:ffff::1", "CN"),
        ("2001:db9::", None),
        ("::1", None),
    ],
)
def test_whose_an_address_is(address: str, country: str | None) -> None:
    """Z1: counts of addresses need not be powers of two; outside of all records nothing is said."""
    assert table().country(ipaddress.ip_address(address)) == country


def test_whose_an_as_is() -> None:
    """A reserved number belongs to nobody."""
    assert [table().asn_country(asn) for asn in (64499, 64500, 64501, 64502, 64510)] == [
        None, "CN", "CN", None, None,
    ]  # fmt: skip
    assert read_delegations(GOOD).date_ms == 1_768_780_800_000


FAULTS = {
    "empty": "",
    "comments only": "# nothing\n",
    "no header": GOOD.partition("+1000\n")[2],
    "another version": GOOD.replace("2|apnic|2026", "3|apnic|2026"),
    "cut off": GOOD[: GOOD.rindex("apnic|CN|asn")],
    "a line cut off": GOOD.replace("|20020801|allocated", ""),
    "a line twice": GOOD + "apnic|CN|asn|64600|2|20020801|allocated\n",
    "a summary that lies": GOOD.replace("ipv4|*|2", "ipv4|*|3"),
    "two summaries": GOOD.replace("apnic|*|asn|*|2", "apnic|*|asn|*|2|summary\napnic|*|asn|*|1"),
    "no summary": GOOD.replace("apnic|*|ipv6|*|1|summary\n", ""),
    "no address": GOOD.replace("203.0.113.0", "203.0.113"),
    "host bits": GOOD.replace("2001:db8::|32", "2001:db8::1|32"),
    "no country": GOOD.replace("apnic|SG", "apnic|Singapore"),
    "another registry": GOOD.replace("apnic|SG", "ripencc|SG"),
    "past the end": GOOD.replace("203.0.113.0|200", "255.255.255.0|257"),
    "nothing at all": GOOD.replace("203.0.113.0|200", "203.0.113.0|0"),
    "a negative count": GOOD.replace("203.0.113.0|200", "203.0.113.0|-2"),
    "no day": GOOD.replace("20260119", "20261399"),
    "a page of HTML": "<html>404</html>",
}


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_list_is_refused(text: str) -> None:
    """Z22: what is cut off, or not spelled as it must be, is not taken for a shorter truth."""
    with pytest.raises(DelegationError):
        read_delegations(text)


def test_a_fault_is_told_with_its_line() -> None:
    """The operator sees where."""
    with pytest.raises(DelegationError, match="line 6: "):
        read_delegations(GOOD.replace("203.0.113.0", "203.0.113"))


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"], ids=ascii)
def test_only_a_line_feed_ends_a_line(character: str) -> None:
    """Z22: a comment stays a comment, whatever stands in it; lines that end as in DOS are read too."""
    text = GOOD.replace(
        "# made for a test", f"# a test{character}2|ripencc|20260119|0|19830613|20260118|+1000"
    )
    assert read_delegations(text.replace("\n", "\r\n")) == read_delegations(GOOD)


def test_records_that_overlap_are_refused() -> None:
    """Z22: two registries that both claim an address leave nothing to choose from."""
    other = GOOD.replace("apnic", "ripencc").replace("CN|ipv4|203.0.113.0|200", "FR|ipv4|203.0.113.100|8")
    with pytest.raises(DelegationError, match="overlap"):
        Delegations([read_delegations(GOOD), read_delegations(other)])


SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9), st.sampled_from(["CN", "SG", "FR"])), max_size=9
)


@given(SPANS, st.integers(0, 80))
def test_the_table_agrees_with_a_slow_one(spans: list[tuple[int, int, str]], asn: int) -> None:
    """Whatever the order, the one record that holds a number speaks, or overlapping ones are refused."""
    lines = [f"apnic|{country}|asn|{first}|{count}|20020801|allocated" for first, count, country in spans]
    head = f"2|apnic|20260119|{len(lines)}|19830613|20260118|+1000\napnic|*|asn|*|{len(lines)}|summary\n"
    read = read_delegations(head + "\n".join(lines))
    holders = [c for first, count, c in spans if first <= asn < first + count]
    try:
        found = Delegations([read])
    except DelegationError:
        taken = [n for first, count, _ in spans for n in range(first, first + count)]
        assert len(taken) > len(set(taken))
        return
    assert ([found.asn_country(asn)] if found.asn_country(asn) else []) == holders


@given(st.text(max_size=200))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    """No text makes anything but an error of ours."""
    with pytest.raises(DelegationError):
        read_delegations(text)
