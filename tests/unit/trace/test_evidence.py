"""`zoneproxy.trace.evidence`: two checkpoints that do not chain prove themselves; all others nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, joint_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.evidence import Evidence, check_evidence, parse_evidence
from zoneproxy.trace.merkle import leaf_hash, prove_consistency, tree_root

LEAVES = [leaf_hash(bytes([number])) for number in range(9)]
KEYS = joint_signer().verifiers


def note(size: int, root: bytes | None = None, origin: str = ORIGIN, number: int = 1) -> bytes:
    checkpoint = Checkpoint(origin, size, root or tree_root(LEAVES[:size]))
    return sign_checkpoint(checkpoint, [joint_signer(origin, number)]).data


def evidence(first: bytes, second: bytes, proof: tuple[bytes, ...] = ()) -> Evidence:
    return Evidence(ORIGIN, KEYS, first, second, proof, 5, "w.example/1")


SPLIT = evidence(note(5), note(5, b"x" * 32))


def test_a_split_view_proves_itself() -> None:
    """Two roots of one size, both signed: nothing else need be known (Z14)."""
    read = parse_evidence(SPLIT.data)
    assert read == SPLIT
    assert b'"kind":"split-view"' in SPLIT.data
    finding = check_evidence(read, KEYS)
    assert (finding.proven, finding.first.size, finding.second.size) == (True, 5, 5)
    assert check_evidence(read).proven
    assert check_evidence(read, KEYS[:1]).proven


def test_a_missing_proof_is_a_suspicion_that_a_copy_settles() -> None:
    """A larger checkpoint without a proof proves nothing alone; the log's own tree tells (Z14)."""

    def root_at(size: int) -> bytes:
        return tree_root(LEAVES[:size])

    honest, forked = evidence(note(9), note(5)), evidence(note(5), note(9, b"x" * 32))
    for made in (honest, forked):
        assert b'"kind":"unproven"' in made.data
        assert not check_evidence(parse_evidence(made.data), KEYS).proven
    finding = check_evidence(forked, KEYS, root_at)
    assert finding.proven
    assert "size 9" in finding.why
    with pytest.raises(VerificationError, match="continues the first"):
        check_evidence(honest, KEYS, root_at)


def test_what_proves_nothing() -> None:
    """The same checkpoint twice, one that continues the other, one that another key signed: refused."""

    def read(height: int, index: int) -> bytes:
        return tree_root(LEAVES[index << height : (index + 1) << height])

    chained = evidence(note(5), note(9), tuple(prove_consistency(5, 9, read)))
    for made, keys in [
        (evidence(note(5), note(5)), KEYS),
        (chained, KEYS),
        (SPLIT, joint_signer(ORIGIN, 2).verifiers),
        (SPLIT, signer("other.example").verifiers),
        (evidence(note(5), note(5, b"x" * 32, number=2)), KEYS),
        (evidence(note(5), note(5, b"x" * 32, "other.example")), KEYS),
    ]:
        with pytest.raises(VerificationError):
            check_evidence(made, keys)


@given(st.integers(0, len(SPLIT.data) - 1), st.integers(0, 255))
def test_a_changed_byte(place: int, byte: int) -> None:
    """Whatever byte is changed: refused with the one error, or still about the same two checkpoints."""
    data = bytearray(SPLIT.data)
    data[place] = byte
    try:
        made = parse_evidence(bytes(data))
        finding = check_evidence(made, KEYS)
    except VerificationError:
        return
    assert (finding.first.size, finding.second.size) == (5, 5)


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(data: bytes) -> None:
    """Bytes that are no evidence are refused with the one error."""
    with pytest.raises(VerificationError):
        parse_evidence(data)
