"""`zoneproxy.terms.facts`: the closed vocabulary, and facts that are set once."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.terms.facts import (
    VOCABULARY,
    FactConflictError,
    FactSheet,
    FactSpec,
    FactType,
    FactValue,
    from_json,
    in_domain,
    known_in,
    to_json,
)
from zoneproxy.terms.phase import Phase

GOOD: dict[FactType, FactValue] = {
    FactType.BOOL: True,
    FactType.INT: 3,
    FactType.COUNTRY: "SG",
    FactType.IP: "2001:db8::1",
    FactType.ROUTE: "cable-sg-1",
    FactType.TEXT: "any text",
}


def good(spec: FactSpec) -> FactValue:
    """A value that the fact may have."""
    if spec.type is FactType.NAMES:
        return frozenset(spec.values)
    return spec.values[0] if spec.type is FactType.ENUM else GOOD[spec.type]


@pytest.mark.parametrize("spec", VOCABULARY.values(), ids=lambda spec: spec.name)
def test_each_fact_goes_to_json_and_comes_back(spec: FactSpec) -> None:
    """Z15: what is recorded is read back as what was known."""
    value = good(spec)
    assert in_domain(spec, value)
    assert from_json(spec.name, json.loads(json.dumps(to_json(value)))) == value


@pytest.mark.parametrize("spec", VOCABULARY.values(), ids=lambda spec: spec.name)
def test_a_value_of_another_type_is_no_value(spec: FactSpec) -> None:
    """Z22: a fact outside its domain counts as absent, for the rules and for replay."""
    for value in (None, 1.5, b"bytes", {"a": 1}, "\ud800" * 3000, -(2**60), ["no such name"]):
        assert not in_domain(spec, value)
        assert from_json(spec.name, value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trace.writable", 1),
        ("trace.writable", "true"),
        ("origin.agreeing", True),
        ("origin.agreeing", 17),
        ("origin.agreeing", -1),
        ("origin.class", "Overseas"),
        ("origin.class", "overseas\n"),
        ("origin.country", "sg"),
        ("origin.country", "SG\n"),
        ("origin.country", "SGP"),
        ("client.ip", "fe80::1%eth0"),
        ("client.ip", "127.0.0.1/8"),
        ("client.ip", "010.0.0.1"),
        ("ingress.route", "cable sg"),
        ("ingress.route", "a" * 64),
        ("request.path", "a" * 2049),
        ("data.categories", frozenset({"cn_personal_info", "other"})),
    ],
)
def test_near_misses_are_absent(name: str, value: FactValue) -> None:
    """Z1, Z22: nothing is read kindly: a truth value is no number, a line's end no part of a word."""
    sheet = FactSheet()
    sheet.set(name, value)
    assert name not in sheet


def test_a_fact_is_set_once() -> None:
    """Z22: a second, different value is a conflict; the first one stands."""
    sheet = FactSheet()
    sheet.set("origin.class", "overseas")
    sheet.set("origin.class", "overseas")
    sheet.set("origin.class", None)
    with pytest.raises(FactConflictError, match=r"`origin\.class`"):
        sheet.set("origin.class", "domestic")
    assert sheet.snapshot() == {"origin.class": "overseas"}


def test_no_fact_outside_the_vocabulary_can_be_set() -> None:
    """Z15: nothing that has no word can influence a decision."""
    with pytest.raises(KeyError):
        FactSheet().set("client.mood", "good")
    assert from_json("client.mood", "good") is None


def test_a_snapshot_does_not_follow_the_sheet() -> None:
    """Z13: what was judged stays what was judged."""
    sheet = FactSheet()
    sheet.update({"origin.class": "overseas", "tenant.id": None})
    before = sheet.snapshot()
    sheet.set("tenant.id", "toyco-sg")
    assert before == {"origin.class": "overseas"}
    assert list(sheet) == ["origin.class", "tenant.id"]
    assert len(sheet) == 2


def test_an_early_leg_sees_nothing_of_a_later_one() -> None:
    """Z4: what comes in is judged by what is known when it comes in."""
    facts = {name: good(spec) for name, spec in VOCABULARY.items()}
    seen = [set(known_in(phase, facts)) for phase in Phase]
    assert seen[0] < seen[1] < seen[2] == set(VOCABULARY)
    assert "response.mixing" not in seen[1]
    assert "data.mixing" not in seen[0]


def test_what_names_a_person_is_private() -> None:
    """Z17: addresses, hosts and paths are only committed to."""
    private = {name for name, spec in VOCABULARY.items() if spec.private}
    expected = {"client.ip", "request.method", "request.host", "request.path", "destination.host"}
    expected |= {"destination.address", "workload.ip"}
    expected |= {"client.authority", "client.certificate_id", "ingress.front"}
    expected |= {"binding.standing"}  # whoever reads the log must not learn what exists
    assert private == expected
    assert all(spec.private for spec in VOCABULARY.values() if spec.type is FactType.IP)


@given(st.frozensets(st.sampled_from(VOCABULARY["tenant.scope"].values)))
def test_names_are_written_in_one_order_only(names: frozenset[str]) -> None:
    """Z14: the same fact is always the same bytes."""
    written = to_json(names)
    assert written == sorted(names)
    assert from_json("tenant.scope", written) == names


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("0.0.0.0", True),
        ("255.255.255.255", True),
        ("198.51.100.7", True),
        ("256.1.1.1", False),
        ("1.1.1.01", False),
        ("1.1.1", False),
        ("1.1.1.1.1", False),
        ("1.1.1.1\n", False),
        ("1.1.1.\u0661", False),
        ("::1", True),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_an_address_is_one_that_the_standard_library_reads(text: str, *, is_one: bool) -> None:
    """The quick look at IPv4 accepts no other, and no scope is part of a fact."""
    assert (from_json("client.ip", text) is not None) is is_one
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not is_one
