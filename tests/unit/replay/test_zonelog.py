"""`zoneproxy.replay.zonelog`: gaps and forks of the nodes, from the zone log alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, START_MS, Writer, signer
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.flaws import Flaw
from zoneproxy.replay.zonelog import check_nodes
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import leaf_hash, prove_consistency, tree_root
from zoneproxy.trace.nodes import body_of
from zoneproxy.trace.note import VerifierKey

A, B = "zone.example/trace/a", "zone.example/trace/b"
LEAVES = [leaf_hash(bytes([number])) for number in range(50)]

Act = tuple[int, str, dict[str, Any]]
"""Seconds since the last entry, kind and body."""


def announce(origin: str, number: int = 1, after_s: int = 0) -> Act:
    keys = [key.vkey for key in signer(origin, number).verifiers]
    return after_s, "node", {"origin": origin, "keys": keys}


def beat(
    origin: str, size: int, seen: str, *, old: int = 0, after_s: int = 1, number: int = 1, leaf: bytes = b""
) -> Act:
    leaves = [leaf_hash(leaf), *LEAVES[1:]] if leaf else LEAVES
    head = Checkpoint(origin, size, tree_root(leaves[:size]))
    proof: Sequence[bytes] = ()
    if old:
        proof = prove_consistency(old, size, lambda h, i: tree_root(leaves[i << h : (i + 1) << h]))
    note = sign_checkpoint(head, [signer(origin, number)]).data
    return after_s, "node_checkpoint", body_of(note, head, seen, proof)


def check(
    root: Path, acts: Sequence[Act], trusted: Sequence[VerifierKey] = (), silence_ms: int = 60_000
) -> tuple[Any, Sequence[Flaw]]:
    root.mkdir()
    files, writer = DiskFiles(root), Writer(node="zone", worker="collector")
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    for after_s, kind, body in acts:
        writer.clock.now += after_s * 1000 - 7
        ledger.append([writer.item(kind, body)])
    ledger.publish()
    files.close()
    return check_nodes(open_log(root), trusted, silence_ms)


def test_two_nodes_without_gaps(tmp_path: Path) -> None:
    """Nodes that grow and rest, each heard in time: nothing is said against them (Z14)."""
    acts = [announce(A), announce(B), beat(A, 3, "first"), beat(B, 5, "first")]
    for number in range(100):
        acts += [beat(A, 3, "same"), beat(B, 5, "same")] if number != 50 else []
    acts += [beat(A, 20, "grown", old=3), beat(B, 50, "grown", old=5)]
    nodes, flaws = check(tmp_path / "zone", acts)
    assert flaws == ()
    assert {origin: (node.beats, node.head.size, node.silent_ms) for origin, node in nodes.items()} == {
        A: (101, 20, 0),
        B: (101, 50, 0),
    }


def test_a_missing_node_and_a_missing_hour(tmp_path: Path) -> None:
    """A node that falls silent while others are heard is named with the time; at the end too (Z14)."""
    acts = [announce(A), announce(B), beat(A, 3, "first"), beat(B, 5, "first")]
    acts += [beat(A, 3, "same", after_s=30) for _ in range(120)]
    acts += [beat(B, 5, "same")]
    acts += [beat(A, 3, "same", after_s=30) for _ in range(3)]
    nodes, flaws = check(tmp_path / "zone", acts)
    assert [(flaw.kind.value, flaw.where) for flaw in flaws] == [("missing", f"node {B}")] * 2
    assert flaws[0].message.startswith("nothing was heard for 3601 s, from 2026-01-01T00:00:0")
    assert nodes[B].silent_ms == 3_601_000 + 90_000
    assert nodes[A].silent_ms == 0
    assert flaws[0].proof == {"from": "entry 4", "to": "entry 125"}


def test_a_node_that_was_never_heard(tmp_path: Path) -> None:
    """A node that was announced and never heard has a gap from then on."""
    acts = [
        announce(A),
        announce(B),
        *(beat(A, 3, "first" if n == 0 else "same", after_s=30) for n in range(4)),
    ]
    _, flaws = check(tmp_path / "zone", acts)
    assert [flaw.where for flaw in flaws] == [f"node {B}"]


def test_a_collector_that_stood_still_is_told_once(tmp_path: Path) -> None:
    """Where nobody was heard, the zone log itself was silent: one gap, not one a node."""
    acts = [
        announce(A),
        announce(B),
        beat(A, 3, "first"),
        beat(B, 5, "first"),
        beat(A, 3, "same", after_s=7200),
    ]
    _, flaws = check(tmp_path / "zone", acts)
    assert [flaw.where for flaw in flaws] == ["the zone log"]
    assert "7200 s" in flaws[0].message


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (beat(A, 3, "split", leaf=b"other"), "two histories"),
        (beat(A, 3, "grown", leaf=b"other"), "does not lead"),
        (beat(A, 2, "back"), "an old state was shown: 2 entries after 3"),
        (beat(A, 9, "unproven"), "no proof was given"),
        (beat(A, 9, "split"), "another thing than the trees show"),
        (beat(A, 9, "grown"), "does not lead"),
        (beat(A, 9, "grown", old=4), "does not lead"),
        (beat(A, 4, "same"), "another tree"),
        (beat(A, 9, "first"), "its first checkpoint"),
        (beat(A, 9, "grown", old=3, number=2), "did not sign"),
        (beat(B, 3, "first"), "not announced"),
        (announce(A, 2), "other keys here than before"),
    ],
)
def test_what_is_no_continuation(tmp_path: Path, last: Act, words: str) -> None:
    """Each way in which a beat is no continuation is found, whatever the entry says of itself (Z14)."""
    _, flaws = check(tmp_path / "zone", [announce(A), beat(A, 3, "first"), last])
    assert len(flaws) == 1
    assert flaws[0].kind.value == "invalid"
    assert words in flaws[0].message
    if words == "two histories":
        assert {name: note.split("\n")[1] for name, note in flaws[0].proof.items()} == {
            "old": "3",
            "new": "3",
        }


def test_a_beat_after_a_fork_is_compared_with_the_last_good_tree(tmp_path: Path) -> None:
    """A fork does not become the truth by being seen."""
    acts = [announce(A), beat(A, 3, "first"), beat(A, 3, "split", leaf=b"x"), beat(A, 9, "grown", old=3)]
    nodes, flaws = check(tmp_path / "zone", acts)
    assert len(flaws) == 1
    assert nodes[A].head.size == 9


def test_keys_that_are_trusted(tmp_path: Path) -> None:
    """With the node's keys from elsewhere, what the zone log names is not believed."""
    acts = [announce(A), beat(A, 3, "first")]
    assert check(tmp_path / "one", acts, signer(A).verifiers)[1] == ()
    _, flaws = check(tmp_path / "two", acts, signer(A, 2).verifiers)
    assert [flaw.message.partition(":")[0] for flaw in flaws] == [
        f"it names other keys of the node `{A}` than those that are trusted",
        f"node `{A}`",
    ]
    assert check(tmp_path / "three", [announce(A), announce(A)])[1] == ()


def test_an_unreadable_key(tmp_path: Path) -> None:
    """A key that can't be one is told."""
    broken = (1, "node", {"origin": A, "keys": [f"{A}+00000000+AAAA"]})
    _, flaws = check(tmp_path / "zone", [broken])
    assert "key can't be read" in flaws[0].message
    assert START_MS
