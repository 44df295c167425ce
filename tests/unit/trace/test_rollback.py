"""`zoneproxy.trace.rollback`: what a witness shows must be a beginning of what lies here."""

from __future__ import annotations

import pytest

from tests.support.logs import ORIGIN
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.merkle import leaf_hash, tree_root
from zoneproxy.trace.rollback import check_view

LEAVES = [leaf_hash(bytes([number])) for number in range(9)]


def root_at(size: int) -> bytes:
    return tree_root(LEAVES[:size])


def head(size: int, root: bytes | None = None) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root or root_at(size))


def test_a_beginning_is_fine() -> None:
    """An older checkpoint, or the newest one, of the same history."""
    for size in (0, 1, 5, 9):
        check_view(head(size), head(9), root_at)


def test_a_later_or_other_state_is_not() -> None:
    """More entries than were signed here, or others, are shown with both checkpoints (Z14)."""
    for seen, signed in ((head(9), head(5)), (head(5, b"x" * 32), head(9)), (head(9, b"x" * 32), head(9))):
        with pytest.raises(VerificationError) as told:
            check_view(seen, signed, root_at)
        assert told.value.proof == {"seen": seen.text, "signed": signed.text}
