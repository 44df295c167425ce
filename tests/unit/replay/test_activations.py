"""`zoneproxy.replay.activations`: a decision names the policies that an activation had put in force."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from zoneproxy.replay.activations import InForce, Runs, began_ms
from zoneproxy.replay.flaws import Flaws
from zoneproxy.trace.glance import Seen

A, B, C = ([{"layer": "operator", "digest": digit * 64}] for digit in "abc")
T = 1_767_225_600_000
HOUR = 3_600_000
W1, W2, OTHER = (b'"node-1"', b'"w1"'), (b'"node-1"', b'"w2"'), (b'"node-2"', b'"w1"')

Step = tuple[str, tuple[bytes, bytes], Any, int, int]
"""Kind, worker, policies, time, and for a decision when its exchange began (0: not said)."""


def flow(ms: int) -> bytes:
    value = ms << 80 | 0x7 << 76 | 0x2 << 62 if ms else 1
    return f'"{uuid.UUID(int=value)}"'.encode()


def judged(*parts: list[Step]) -> list[str]:
    """The places that are named, of parts that were worked on apart."""
    state, flaws, index = InForce(), Flaws(), 0
    for steps in parts:
        runs = Runs()
        for kind, worker, policies, ts, began in steps:
            seen = Seen(kind, worker, index, b"", ts, "", {"flow": flow(max(began, 0))}, {})
            if kind != "worker_start":
                runs.take(index, seen, policies, carried=kind == "activation" and began == -1)
            index += 1
        state.take(runs, flaws)
    return [flaw.where for flaw in flaws.found]


def start(worker: tuple[bytes, bytes] = W1) -> Step:
    return ("worker_start", worker, None, T, 0)


def act(policies: Any, ts: int = T, worker: tuple[bytes, bytes] = W1, *, carried: bool = False) -> Step:
    return ("activation", worker, policies, ts, -1 if carried else 0)


def decided(policies: Any, ts: int = T, began: int = 0, worker: tuple[bytes, bytes] = W1) -> Step:
    return ("decision", worker, policies, ts, began)


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([start(), act(A), decided(A), decided(A)], []),
        ([start(), act(A), decided(B)], ["entry 2"]),
        ([start(), decided(A), act(A)], ["entry 1"]),
        ([start(), act(A), decided(B), decided(B), decided(A), decided(B)], ["entry 2", "entry 5"]),
        ([start(), act(A), act(B), decided(B), decided(A)], ["entry 4"]),
        # What began before keeps its rules; what began after does not, nor what is older than a day.
        ([start(), act(A), act(B, T + HOUR), decided(A, T + HOUR + 9, T + 9), decided(B, T + HOUR)], []),
        ([start(), act(A), act(B, T + HOUR), decided(A, T + 3 * HOUR, T + 2 * HOUR)], ["entry 3"]),
        ([start(), act(A), act(B, T + HOUR), decided(A, T + 30 * HOUR, T + 9)], ["entry 3"]),
        ([start(), act(A), act(B, T + HOUR), decided(C, T + HOUR + 9, T + 9)], ["entry 3"]),
        # A run is as young as its youngest exchange.
        (
            [start(), act(A), act(B, T + 9), decided(A, T + 99, T), decided(A, T + HOUR, T + HOUR)],
            ["entry 3"],
        ),
        # Several workers: each has its own; one that has none in this shard is held to its node's.
        ([start(), act(A), decided(A, worker=W2), act(B, worker=W2), decided(A, worker=W2)], ["entry 4"]),
        ([start(), act(A), act(B), decided(A, worker=W2), decided(C, worker=W2)], ["entry 4"]),
        ([start(OTHER), act(A), decided(A, worker=OTHER)], ["entry 2"]),
        # A new shard: an exchange of the old one may still name what was replaced there.
        ([start(), act(B, carried=True), decided(A, T + 9, T - 9)], []),
        ([start(), act(B, carried=True), decided(A, T + HOUR, T + HOUR)], ["entry 2"]),
        ([start(), act(B), decided(A, T + 9, T - 9)], ["entry 2"]),
        # Who leaves out every activation, and every start, has shown nothing.
        ([start(), decided(A)], ["entry 1"]),
        ([decided(A)], ["entry 0"]),
    ],
)  # fmt: skip
def test_decisions_are_held_to_what_was_in_force(steps: list[Step], wrong: list[str]) -> None:
    """Z15: an archived policy is not enough, it must have been in force; parts join to the same answer."""
    assert judged(steps) == wrong
    assert bool(judged(*([step] for step in steps))) is bool(wrong)
    for cut in range(len(steps)):
        assert bool(judged(steps[:cut], steps[cut:])) is bool(wrong)


def test_an_id_says_when_its_exchange_began() -> None:
    """UUIDv7 does, others and what is none don't."""
    assert began_ms(flow(T)) == T
    assert began_ms(b'"00000000-0000-4000-8000-000000000001"') == 0
    assert began_ms(b'"x"') == 0
