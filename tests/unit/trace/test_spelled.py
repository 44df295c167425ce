"""`zoneproxy.trace.spelled`: what is written by its spelling is what canonical JSON of the entry would be."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import DIGEST, decision, ending, flow_id, phase
from zoneproxy.trace import canonical, spelled
from zoneproxy.trace.entry import Header, draft, encode, parse
from zoneproxy.trace.schema import check_body
from zoneproxy.trace.spelled import spell

FINDING = {
    "kind": "cn.resident_id", "segment": "user", "start": 1, "end": 19, "level": 3, "score": 900,
    "category": "cn_personal_info", "digest": "ab" * 8,
}  # fmt: skip
SHADOW = {"policy": [{"layer": "operator", "digest": DIGEST}], "fault": True, "seen": []}
FACTS = {"origin.class": "overseas", "tenant.id": "toyco-sg", "tenant.scope": [], "request.bytes": 7}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "admitted": ("decision", decision(1)),
    "with facts": ("decision", decision(2, facts=FACTS, oblig={}, parent=flow_id(9))),
    "refused": ("decision", decision(3, verdict="deny", phases={"collect": phase("deny")}, rule="")),
    "with findings": ("decision", decision(4, findings=[FINDING, FINDING])),
    "watched": ("decision", decision(5, shadow=SHADOW)),
    "masked": ("decision", decision(6, masked={"cn.resident_id": 2})),
    "returned": ("return", ending(1, 1)),
    "cut": ("return", ending(2, 2, tok=None, end="cut")),
    "with a canary": ("return", ending(3, 3, canary=True)),
    "watched, returned": ("return", ending(4, 4, shadow=SHADOW)),
}
HEADER = Header("node-1", "w1", 7, "ab" * 32, 1767225605000, 5000)
OTHERS: list[Any] = [
    None, True, False, 0, -1, 1, 2**53 - 1, 2**53, 1.0, 1e300, "", "a", "allow", 'a"b', "a\\b", "\u00e9",
    "\n", "\ud800", [], {}, ["a"], {"a": 1}, {"a": "b"}, [FINDING], (), ("a",), frozenset(), b"a", {1: 2},
    "a" * 99, '","reason":""', 'x","policy":[]', '}],"reason":"', phase("allow"), {"collect": phase("allow")},
    SHADOW,
]  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_an_entry_is_written_as_ever(name: str) -> None:
    """Z14: one value, one spelling, whichever way it is written."""
    kind, body = BODIES[name]
    made = draft(kind, body, {}, bytes(32))
    long_way = encode(replace(made, spelled=None), HEADER)
    assert encode(made, HEADER) == long_way
    assert parse(long_way).body == body


@pytest.mark.parametrize("name", [name for name in BODIES if name != "watched, returned"])
def test_the_frequent_forms_need_no_second_look(name: str) -> None:
    """The short way is taken; otherwise the tests beside this one would show nothing."""
    assert spell(*BODIES[name]) is not None


def test_a_rare_kind_goes_the_long_way() -> None:
    """Its schema's own check decides, as it does for whatever is no body of its kind."""
    assert spell("worker_stop", {"cause": "stop"}) is None
    assert spell("decision", {}) is None
    assert spell("return", BODIES["admitted"][1]) is None


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a body."""
    found = [at] if at else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        found += places(item, (*at, name))
    return found


def put(body: dict[str, Any], at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a body with another value at a place."""
    changed = copy.deepcopy(body)
    holder: Any = changed
    for name in at[:-1]:
        holder = holder[name]
    holder[at[-1]] = value
    return changed


@given(data=st.data())
def test_what_the_spelling_lets_through_the_schema_lets_through(data: st.DataObject) -> None:
    """Z14, Z22: no body that is refused the long way is taken the short way, whatever stands in it."""
    kind, body = data.draw(st.sampled_from(list(BODIES.values())))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.sampled_from(places(body)))
        value = data.draw(st.sampled_from(OTHERS) | st.text() | st.integers())
        body = put(body, at, value)
    seen = spell(kind, body)
    if seen is None:
        return
    made = draft(kind, body, {}, bytes(32))
    written = encode(made, HEADER)
    entry = parse(written)  # canonical, and of the schema
    check_body(kind, entry.body)
    assert encode(replace(made, spelled=None, body=entry.body), HEADER) == written


@given(extra=st.sampled_from(OTHERS), name=st.text(max_size=12))
def test_a_field_that_nobody_knows_is_refused(extra: Any, name: str) -> None:
    """Z17: nothing stands in the public part but what the schema knows."""
    kind, body = BODIES["admitted"]
    if name in body:
        return
    if name not in ("shadow", "masked"):
        assert spell(kind, {**body, name: extra}) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that always differ do not fill the memory."""
    monkeypatch.setattr(spelled, "MOST_REMEMBERED", 3)
    spelled._form.cache_clear()
    for number in range(9):
        assert spell("decision", decision(number, policy=[{"layer": f"l{number}", "digest": DIGEST}]))
    form = spelled._form("decision", frozenset(decision(1)))
    assert form is not None
    assert all(len(known) <= 3 for known in form._known.values())


@pytest.mark.parametrize(
    "names", [("phases",), ("policy",), ("phases", "policy"), ("bytes",), ("verdict",), ()]
)
@pytest.mark.parametrize("case", BODIES)
def test_what_stands_is_spelled_as_ever(case: str, names: tuple[str, ...]) -> None:
    """Z14: with parts that were spelled before, a body has the bytes that it has without."""
    _, body = BODIES[case]
    body = copy.deepcopy(body)
    for name in names:
        if isinstance(body.get(name), dict | list):
            spelled.standing(body[name])
    assert spelled._spell(body) == canonical.spell(body)


def test_what_only_looks_like_what_stands_is_spelled_itself() -> None:
    """Z14: a part is known by being that object, never by its place or its looks."""
    kind, body = BODIES["admitted"]
    kept = spelled.standing(copy.deepcopy(body["phases"]))
    other = copy.deepcopy(kept)
    other["collect"]["rule"] = "COL-999"
    assert b"COL-999" in spelled._spell({**body, "phases": other})
    assert b"COL-999" not in spelled._spell({**body, "phases": kept})
    assert spell(kind, {**body, "phases": kept}) is not None


def test_no_more_stands_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded, and what was dropped is spelled again."""
    monkeypatch.setattr(spelled, "MOST_STANDING", 2)
    monkeypatch.setattr(spelled, "_STANDING", {})
    kept = [spelled.standing({"a": number}) for number in range(5)]
    assert len(spelled._STANDING) <= 2
    for number, one in enumerate(kept):
        assert spelled._spell({"x": one}) == b'{"x":{"a":%d}}' % number
