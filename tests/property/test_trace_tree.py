"""The tree's properties: incremental is from scratch, every proof checks, every changed bit fails."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, Writer, signer
from tests.support.tree_files import tiles_of
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.frontier import Frontier
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import (
    CompactRange,
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    tree_root,
)

LIMIT = 200
LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(LIMIT)]
ROOTS = [tree_root(LEAVES[:size]) for size in range(LIMIT + 1)]


def read(height: int, index: int) -> bytes:
    return tree_root(LEAVES[index << height : (index + 1) << height])


def refused(check: Callable[..., None], *args: object) -> bool:
    try:
        check(*args)
    except VerificationError:
        return True
    return False


def test_every_inclusion_proof() -> None:
    """For every leaf of every tree up to 64, the proof checks, and is no longer than log2 of the size."""
    for size in range(1, 65):
        for index in range(size):
            proof = prove_inclusion(index, size, read)
            assert len(proof) <= (size - 1).bit_length()
            check_inclusion(index, size, LEAVES[index], proof, ROOTS[size])


def test_every_consistency_proof() -> None:
    """For every pair of sizes up to 64, the proof checks."""
    for new in range(1, 65):
        for old in range(1, new + 1):
            check_consistency(old, new, ROOTS[old], ROOTS[new], prove_consistency(old, new, read))


@given(st.data())
def test_a_changed_bit_of_an_inclusion_proof_fails(data: st.DataObject) -> None:
    """One changed bit of leaf, proof or root, one hash more or less, or another place: refused (Z14)."""
    size = data.draw(st.integers(2, LIMIT))
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, read)
    check_inclusion(index, size, LEAVES[index], proof, ROOTS[size])
    parts = [LEAVES[index], ROOTS[size], *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which], "big") ^ 1 << bit).to_bytes(32, "big")
    assert refused(check_inclusion, index, size, parts[0], parts[2:], parts[1])
    assert refused(check_inclusion, index, size, LEAVES[index], proof[:-1], ROOTS[size])
    assert refused(check_inclusion, index, size, LEAVES[index], [*proof, proof[0]], ROOTS[size])
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    assert refused(check_inclusion, other, size, LEAVES[index], proof, ROOTS[size])


@given(st.data())
def test_a_changed_bit_of_a_consistency_proof_fails(data: st.DataObject) -> None:
    """One changed bit of a proof or a root, one hash more or less: refused (Z14)."""
    new = data.draw(st.integers(2, LIMIT))
    old = data.draw(st.integers(1, new - 1))
    proof = prove_consistency(old, new, read)
    check_consistency(old, new, ROOTS[old], ROOTS[new], proof)
    parts = [ROOTS[old], ROOTS[new], *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which], "big") ^ 1 << bit).to_bytes(32, "big")
    assert refused(check_consistency, old, new, parts[0], parts[1], parts[2:])
    assert refused(check_consistency, old, new, ROOTS[old], ROOTS[new], proof[:-1])
    assert refused(check_consistency, old, new, ROOTS[old], ROOTS[new], [*proof, ROOTS[1]])


@given(st.lists(st.binary(max_size=4), max_size=700), st.integers(0, 700))
@settings(max_examples=20)
def test_frontier_is_the_tree_from_scratch(entries: list[bytes], cut: int) -> None:
    """However entries come, the edge's root is that of the tree built from scratch, and so is a copy's."""
    edge, compact = Frontier(), CompactRange()
    for entry in entries[:cut]:
        edge.append(entry, leaf_hash(entry))
        compact.append(leaf_hash(entry))
    edge, compact = edge.copy(), compact.copy()
    for entry in entries[cut:]:
        edge.append(entry, leaf_hash(entry))
        compact.append(leaf_hash(entry))
    assert edge.root() == compact.root() == tree_root([leaf_hash(entry) for entry in entries])


WRITER = Writer()
ITEMS = [WRITER.opening(), *(item for _ in range(150) for item in WRITER.exchange())]


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=15)
def test_files_do_not_depend_on_how_entries_came(steps: list[tuple[int, bool, bool]]) -> None:
    """In whatever groups entries come, whatever publications and restarts between: the same files."""
    files, place = CrashFiles(), 1
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(ITEMS[0])
    for count, publish, restart in steps:
        group = ITEMS[place : place + count]
        if group:
            ledger.append(group)
            place += len(group)
        if publish and ledger.grown:
            ledger.publish()
        if restart:
            ledger = Ledger(files, ORIGIN, signer())
            ledger.recover(lambda index, entry, leaf: None)
    if ledger.grown:
        ledger.publish()
    scratch = CrashFiles()
    other = Ledger(scratch, ORIGIN, signer())
    other.create(ITEMS[0])
    if place > 1:
        other.append(ITEMS[1:place])
        other.publish()
    for path in ["checkpoint", *(tile.path for tile in tiles_of(place))]:
        assert files.read(path) == scratch.read(path) is not None
