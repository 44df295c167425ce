"""`zoneproxy.replay.sequences`: the laws of `zoneproxy.trace.chain`, also over parts of a log."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import Writer, decision, ending, flow_id
from zoneproxy.replay.sequences import Admitted, Sequences
from zoneproxy.trace import canonical
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import parse
from zoneproxy.trace.glance import Glance, Seen
from zoneproxy.trace.merkle import leaf_hash

GLANCE = Glance()
ALARM = {"code": "disk-low", "flow": None, "count": 1}
START = {"version": "0", "python": "3.13", "assurance": "production", "config": None}


def written(*, workers: int = 2) -> list[bytes]:
    """A log of two workers whose exchanges overlap, with an abort and one without an end."""
    one = Writer()
    two = Writer(worker="w2") if workers > 1 else one
    two.clock = one.clock
    made = [one.opening().entry]

    def put(writer: Writer, kind: str, body: dict[str, object]) -> int:
        writer.chains.ts = one.chains.ts = max(writer.chains.ts, one.chains.ts)
        writer.count = len(made)
        if kind == "decision":
            writer.chains.under_way = {}
        made.append(writer.item(kind, body).entry)
        return len(made) - 1

    first = put(one, "decision", decision(1))
    second = put(two, "decision", decision(2))
    put(one, "decision", decision(3, verdict="deny"))
    put(one, "return", ending(first, 1))
    third = put(one, "decision", decision(4))
    put(two, "return", ending(second, 2))
    put(one, "alarm", {"code": "disk-low", "flow": None, "count": 1})
    put(two, "abort", {"flow": flow_id(4), "dec": third, "cause": "recovery"})
    put(two, "decision", decision(5))
    return made


GOOD = written()


def follow(entries: list[bytes], state: Sequences, first: int = 0) -> list[tuple[int, str]]:
    """Follow entries from a state; return what does not hold, with its index."""
    told = []
    for index, data in enumerate(entries, first):
        seen = GLANCE.see(data)
        told += [(index, problem) for problem in state.follow(index, seen, leaf_hash(data))]
        told += [(index, problem) for problem in _pair(state, index, seen)]
    return told


def _pair(state: Sequences, index: int, seen: Seen) -> list[str]:
    if seen.kind == "decision" and seen.spell("verdict") == b'"allow"':
        state.admit(index, Admitted(seen.spell("flow"), seen.tenant(), serve=True, worker=seen.worker))
    if seen.kind in {"return", "abort"}:
        return [problem for problem in [state.end(index, seen)[1]] if problem]
    return []


def chained(entries: list[bytes]) -> list[tuple[int, str]]:
    """What the writer's own chains say of the same entries."""
    chains = Chains()
    return [
        (index, problem)
        for index, data in enumerate(entries)
        for problem in chains.follow(index, parse(data), leaf_hash(data))
    ]


@given(data=st.data())
def test_they_say_what_the_writers_chains_say(data: st.DataObject) -> None:
    """Z14: dropped, doubled and swapped entries are told in the same words by both."""
    entries = list(GOOD)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(entries) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap"])):
            case "drop":
                del entries[place]
            case "double":
                entries.insert(data.draw(st.integers(0, len(entries))), entries[place])
            case "swap":
                other = data.draw(st.integers(0, len(entries) - 1))
                entries[place], entries[other] = entries[other], entries[place]
        if not entries:
            return
    whole = Sequences()
    told = follow(entries, whole)
    assert told == chained(entries)
    cut = data.draw(st.integers(1, len(entries)))
    assert joined(entries, cut) == (told, sorted(whole.under_way), whole.ts, whole.heads)


def joined(
    entries: list[bytes], cut: int
) -> tuple[list[tuple[int, str]], list[int], int, dict[tuple[bytes, bytes], tuple[int, bytes]]]:
    """Follow two parts apart, as two processes would, and join them."""
    before, part = Sequences(), Sequences(known=False)
    told = follow(entries[:cut], before)
    own = follow(entries[cut:], part, cut)
    part = pickle.loads(pickle.dumps(part))
    if before.joins(part):
        before.join(part)
        told += own
    else:
        told += follow(entries[cut:], before, cut)
    return told, sorted(before.under_way), before.ts, before.heads


def test_a_workers_own_clock_goes_back_only_where_it_starts() -> None:
    """Z14: an entry that was made later than it says, by the clock that nobody can set, is told."""
    writer = Writer()
    entries = [writer.opening().entry]
    for kind, body, mono in (
        ("alarm", ALARM, 5_000),
        ("alarm", ALARM, 4_999),
        ("worker_start", START, 0),
        ("alarm", ALARM, 3),
        # A shard that a crash left open is closed by a clock that has begun anew; nothing else follows it.
        ("worker_stop", {"cause": "stop"}, 0),
        ("alarm", ALARM, 2),
    ):
        data = writer.item(kind, body).entry
        value = json.loads(data) | {"mono": mono, "wp": leaf_hash(entries[-1]).hex()}
        entries.append(canonical.encode(value))
    told = [(at, "the clock of worker `w1` goes back by 1 ms") for at in (2, 6)]
    assert (follow(entries, Sequences()), chained(entries)) == (told, told)
    assert all(joined(entries, cut)[0] == told for cut in range(1, len(entries) + 1))


@pytest.mark.parametrize("kind", ["worker_stop", "worker_start", "log_close", "alarm"])
def test_an_exchange_whose_worker_began_anew_can_not_be_under_way(kind: str) -> None:
    """Z14: who leaves out how an exchange ended leaves a gap that is told."""
    writer = Writer()
    bodies: dict[str, Any] = {
        "worker_stop": {"cause": "stop"},
        "worker_start": START,
        "log_close": {"next": None},
    }
    steps = (("decision", decision(1)), ("decision", decision(2)), ("return", ending(2, 2)))
    entries = [writer.opening().entry, *(writer.item(name, body).entry for name, body in steps)]
    entries.append(writer.item(kind, bodies.get(kind, ALARM)).entry)
    told = [1] if kind in ("worker_start", "log_close") else []
    for cut in range(1, len(entries)):
        state, part = Sequences(), Sequences(known=False)
        assert follow(entries[:cut], state) == follow(entries[cut:], part, cut) == []
        assert state.joins(part)
        state.join(part)
        assert [index for index, _ in state.lost()] == told
    unsure = Sequences()
    follow(entries, unsure)
    unsure.certain = False
    assert unsure.lost() == []


def test_a_good_log_joins_at_every_cut() -> None:
    """No second look is needed where nothing is wrong: that is what makes several processes worth it."""
    assert chained(GOOD) == []
    for cut in range(1, len(GOOD) + 1):
        before, part = Sequences(), Sequences(known=False)
        assert follow(GOOD[:cut], before) == []
        assert follow(GOOD[cut:], part, cut) == []
        assert before.joins(part)
        ended = before.join(part)
        assert [index for index, *_ in ended] == [index for index, _ in part.pending]
        assert sorted(before.under_way) == [9]


def test_what_can_not_be_read_makes_uncertain() -> None:
    """After an entry that can't be read chains begin anew, and an end may end what it was."""
    state = Sequences()
    assert follow(GOOD[:1], state) == []
    state.skip()
    assert follow(GOOD[4:], state, 4) == []
    assert not Sequences().joins(state)
    assert not state.joins(Sequences(known=False))


def test_nothing_follows_a_close() -> None:
    """A log that was closed has ended, whatever comes in the next part."""
    writer = Writer()
    entries = [writer.opening().entry, writer.item("log_close", {"next": None}).entry]
    state, part = Sequences(), Sequences(known=False)
    assert follow(entries, state) == []
    after = [writer.item("alarm", {"code": "x", "flow": None, "count": 1}).entry]
    assert follow(after, part, 2) == []
    assert not state.joins(part)
    assert follow(after, state, 2) == [(2, "it follows the log's `log_close`")]


def test_an_empty_part_joins() -> None:
    """Nothing adds nothing."""
    state = Sequences()
    follow(GOOD, state)
    assert state.joins(Sequences(known=False))
    assert state.join(Sequences(known=False)) == []
