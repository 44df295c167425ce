"""`zoneproxy.trace.glance`: what is accepted by its spelling is accepted the long way, with equal values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import DIGEST, Writer, decision, ending, flow_id, phase
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import glance
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.glance import Glance, Seen, long_way

FINDING = {
    "kind": "cn.resident_id", "segment": "user", "start": 1, "end": 19, "level": 3, "score": 900,
    "category": "cn_personal_info", "digest": "ab" * 8,
}  # fmt: skip


def entries() -> list[bytes]:
    """Entries of the frequent kinds in several forms; none is its worker's first."""
    writer = Writer()
    writer.opening()
    facts = {"origin.class": "overseas", "tenant.id": "toyco-sg", "tenant.scope": [], "request.bytes": 7}
    made = [
        writer.item("decision", decision(1)),
        writer.item("decision", decision(2, facts=facts, oblig={}, parent=flow_id(9))),
        writer.item("decision", decision(3, verdict="deny", phases={"collect": phase("deny")}, rule="")),
        writer.item("decision", decision(4, findings=[FINDING, FINDING], bytes=2**53 - 1)),
        writer.item("return", ending(1, 1)),
        writer.item(
            "return", ending(2, 2, tok=None, end="cut", route={"in": "a", "out": None, "same": False})
        ),
        writer.item("abort", {"flow": flow_id(3), "dec": 3, "cause": "recovery"}),
        writer.item("alarm", {"code": "disk-low", "flow": None, "count": 3}),
        writer.item("policy", {"layer": "regulator", "digest": DIGEST, "bytes": 12}),
        writer.item("worker_stop", {"cause": "stop"}),
    ]
    return [item.entry for item in made]


ENTRIES = entries()
TOKENS = [
    b"", b" ", b"0", b"00", b"-1", b"1.0", b"1e3", b"9007199254740992", b"null", b"true", b'""', b'"a"',
    b'"\\u0061"', b"\\", b'"', b",", b"{", b"}", b"[", b"]", b"{}", b"[]", b'{"a":1}', b'{"tag":"x"}',
    b'["a"]', b'"dec":1', b',"policy":[]', b',"phases":{}', b"\xc3\xa9", b"\xff", b"\x00", b"deny", b"2",
]  # fmt: skip


def agree(seen: Seen, entry: Entry) -> None:
    """Every value that was seen is the entry's."""
    header = entry.header
    assert (seen.kind, seen.ws, seen.wp.decode(), seen.ts, seen.prv) == (
        entry.kind, header.ws, header.wp, header.ts, entry.prv,
    )  # fmt: skip
    assert [json.loads(name) for name in seen.worker] == [header.node, header.worker]
    for name in {*seen.pieces, *(entry.body.keys() & seen.spelled.keys())}:
        assert seen.get(name) == entry.body[name], name
        if name in seen.spelled:
            assert json.loads(seen.spell(name)) == entry.body[name]
    for name in entry.body:
        assert seen.has(name) or name in seen.spelled or name not in {"shadow", "phases"}
    if entry.kind == "decision":
        assert seen.tenant() == entry.body["facts"].get("tenant.id", "")
        assert seen.facts() == long_way_facts(entry)


def long_way_facts(entry: Entry) -> dict[str, Any]:
    names = {"tenant.scope", "data.categories", "response.categories"}
    return {k: frozenset(v) if k in names else v for k, v in entry.body["facts"].items()}


def test_ordinary_entries_are_read_by_their_spelling() -> None:
    """The frequent kinds take the short way, and say the same as the long way; rare forms may not."""
    reader = Glance()
    short = 0
    for data in ENTRIES * 2:
        seen = reader.read(data)
        agree(long_way(data), parse(data))
        if seen is not None:
            short += 1
            agree(seen, parse(data))
        agree(reader.see(data), parse(data))
    assert short == 2 * (len(ENTRIES) - 1)  # a count of sixteen digits is read the long way


@given(data=st.data())
def test_what_is_accepted_at_a_glance_is_an_entry(data: st.DataObject) -> None:
    """Z14: bytes that are changed anywhere are accepted by their spelling only if they are still an entry."""
    reader = Glance()
    reader.read(ENTRIES[0])  # so that pieces are known that may be put together anew
    changed = bytearray(data.draw(st.sampled_from(ENTRIES)))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(changed)))
        length = data.draw(st.sampled_from([0, 0, 1, 2, 3, 8, 60]))
        other = data.draw(st.sampled_from(ENTRIES))
        from_other = other[start : start + data.draw(st.integers(0, 80))]
        changed[start : start + length] = data.draw(st.sampled_from([*TOKENS, from_other]))
    seen = reader.read(bytes(changed))
    if seen is not None:
        agree(seen, parse(bytes(changed)))


@pytest.mark.parametrize("token", TOKENS)
def test_every_value_replaced(token: bytes) -> None:
    """Z14: each value of each field replaced by other JSON is accepted by its spelling only if it is one."""
    reader = Glance()
    accepted = 0
    for data in ENTRIES:
        for name, value in json.loads(data).items():
            old = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
            changed = data.replace(f'"{name}":'.encode() + old, f'"{name}":'.encode() + token, 1)
            seen = reader.read(changed)
            if seen is not None:
                accepted += 1
                agree(seen, parse(changed))
    assert accepted or token not in {b"0", b"null", b"2"}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"phases":{', b'"phases":{ '),
        lambda data: data.replace(b'"oblig":{', b'"oblig":{"b":"x","a":"y",'),
        lambda data: data.replace(b'"layers":[', b'"layers":[1,'),
        lambda data: data + b" ",
        lambda data: data[:-1],
        lambda data: b" " + data,
        lambda data: data.replace(b'"v":1', b'"v":2'),
        lambda data: data.replace(b'"eng":1', b'"eng":1,"eng":1'),
        lambda data: data.replace(b'"assurance"', b'"assurancf"'),
        lambda data: data[:-1] + b',"zz":1}',
    ],
)
def test_what_is_no_entry_is_never_accepted(change: Any) -> None:
    """Other spellings, more fields, fewer fields: neither way accepts them."""
    reader, broken = Glance(), change(ENTRIES[0])
    assert reader.read(ENTRIES[0]) is not None
    assert reader.read(broken) is None
    with pytest.raises(VerificationError):
        reader.see(broken)


def test_a_reader_that_believes_its_pieces_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law fails for a reader that takes pieces without reading them: the tests above can fail."""

    def believe(_self: Glance, _kind: object, _name: str, piece: bytes, known: dict[bytes, Any]) -> bool:
        known[piece] = {}
        return True

    monkeypatch.setattr(Glance, "_learn", believe)
    broken = ENTRIES[0].replace(b'"phases":{', b'"phases":{ ')
    assert Glance().read(broken) is not None
    with pytest.raises(VerificationError):
        parse(broken)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many different pieces there are, only so many are remembered."""
    monkeypatch.setattr(glance, "MOST_REMEMBERED", 3)
    reader, writer = Glance(), Writer()
    writer.opening()
    for number in range(10):
        item = writer.item("decision", decision(number, oblig={"tag": f"t{number}"}))
        assert reader.read(item.entry) is not None
        assert len(reader._known["decision", "oblig"]) <= 3


def test_too_long_an_entry_is_no_entry() -> None:
    """The limit of an entry's length holds both ways."""
    assert Glance().read(b'{"assu' + b"x" * 8192) is None
