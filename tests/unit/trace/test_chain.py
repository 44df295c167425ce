"""`zoneproxy.trace.chain`: what must hold from entry to entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.logs import Writer, decision, ending, flow_id
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import Entry, peek
from zoneproxy.trace.merkle import leaf_hash


def entries(count: int = 2) -> list[tuple[Entry, bytes]]:
    writer = Writer()
    items = [writer.opening()]
    for _ in range(count):
        items += writer.exchange()
    return [(peek(item.entry), leaf_hash(item.entry)) for item in items]


def follow(some: list[tuple[Entry, bytes]]) -> list[str]:
    chains = Chains()
    return [
        problem for index, (entry, leaf) in enumerate(some) for problem in chains.follow(index, entry, leaf)
    ]


def test_a_good_log_has_no_problems() -> None:
    """What the writer stamps holds."""
    assert follow(entries()) == []


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_dropped_entry_breaks_the_workers_chain(gone: int) -> None:
    """An entry of a worker that is left out shows, even if whoever sequences the log left it out (Z14)."""
    some = entries()
    assert any("chain of worker" in problem for problem in follow(some[:gone] + some[gone + 1 :]))


def test_time_that_goes_back() -> None:
    """Times never go back, and the writer stamps none that would."""
    some = entries()
    entry, leaf = some[-1]
    some[-1] = (replace(entry, header=replace(entry.header, ts=1)), leaf)
    assert any("time goes back" in problem for problem in follow(some))
    chains = Chains()
    chains.ts = 500
    assert chains.header("n", "w", 400, 0).ts == 500


def test_pairs() -> None:
    """Each allowed decision ends once, under its own flow (Z13)."""
    some = entries(1)
    decision, ending = some[1], some[2]
    chains = Chains()
    chains.follow(0, *some[0])
    chains.follow(1, *decision)
    assert chains.under_way == {1: decision[0].body["flow"]}
    stranger = replace(ending[0], body={**ending[0].body, "flow": flow_id(99)})
    assert chains.follow(2, stranger, ending[1]) == ["it ends entry 1, which is another flow"]
    again = replace(ending[0], header=replace(ending[0].header, ws=3, wp=ending[1].hex()))
    assert chains.follow(3, again, ending[1]) == ["it ends entry 1, which is no exchange under way"]


def test_after_a_skip_chains_begin_anew() -> None:
    """Where entries can't be read, what follows them is not blamed for it."""
    some = entries()
    chains = Chains()
    chains.skip()
    assert [
        problem for index, pair in enumerate(some[2:], 2) for problem in chains.follow(index, *pair)
    ] == []


def test_snapshot_and_restore() -> None:
    """A state that was written reads back the same, and goes on as if nothing had happened."""
    writer = Writer()
    writer.opening()
    items = [writer.item("decision", decision(1)), *writer.exchange()]
    made = Chains.restore(writer.chains.snapshot())
    assert (made.ts, made.heads, made.under_way) == (
        writer.chains.ts,
        writer.chains.heads,
        writer.chains.under_way,
    )
    assert list(made.under_way) == [1]
    following = writer.item("return", ending(1, 1)).entry
    assert made.follow(4, peek(following), leaf_hash(following)) == []
    assert made.under_way == {}
    assert len(items) == 3


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"heads":[1],"ts":0,"under_way":[]}', b'{"ts": 1}'])
def test_no_state(data: bytes) -> None:
    """What is no state is refused with the one error."""
    with pytest.raises(VerificationError):
        Chains.restore(data)
