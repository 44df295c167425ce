"""`zoneproxy.trace.nodes`: what a zone log holds of the nodes' logs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.logs import ORIGIN, joint_signer, mldsa_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.entry import Header, draft, encode, parse
from zoneproxy.trace.merkle import EMPTY_ROOT, leaf_hash, prove_consistency, tree_root
from zoneproxy.trace.nodes import body_of, compare, head_of, note_of, open_signed, proof_of
from zoneproxy.trace.note import Signer
from zoneproxy.trace.schema import check_body

LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(300)]


def head(size: int, leaves: Sequence[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, tree_root(leaves[:size]))


def prove(old: int, new: int) -> Sequence[bytes]:
    return prove_consistency(
        old, new, lambda height, index: tree_root(LEAVES[index << height : (index + 1) << height])
    )


def never() -> Sequence[bytes]:
    raise AssertionError("no proof is needed here")


def test_what_is_seen() -> None:
    """First, the same, grown with its proof; and the three that are no continuation (Z14)."""
    other = [leaf_hash(b"other"), *LEAVES[1:]]
    assert compare(None, head(3), never) == ("first", ())
    assert compare(head(3), head(3), never) == ("same", ())
    assert compare(head(3), head(300), lambda: prove(3, 300)) == ("grown", prove(3, 300))
    assert compare(Checkpoint(ORIGIN, 0, EMPTY_ROOT), head(3), never) == ("grown", ())
    assert compare(head(3), head(3, other), never) == ("split", ())
    assert compare(head(3), head(2), never) == ("back", ())
    assert compare(head(3), head(300, other), lambda: prove(3, 300)) == ("unproven", ())

    def broken() -> Sequence[bytes]:
        raise VerificationError("a tile is gone")

    assert compare(head(3), head(300), broken) == ("unproven", ())


def test_the_note_is_written_again_as_it_was_signed() -> None:
    """An entry gives the node's signed note back, to show to a third party (Z14)."""
    note = sign_checkpoint(head(300), [joint_signer()]).data
    body = body_of(note, head(300), "grown", prove(3, 300))
    check_body("node_checkpoint", body)
    assert head_of(body) == head(300)
    assert sorted(note_of(body).split(b"\n")) == sorted(note.split(b"\n"))
    assert proof_of(body) == prove(3, 300)
    assert open_signed(body, joint_signer().verifiers) == head(300)
    assert body_of(note, head(300), "same", ())["sigs"] == []


def test_the_largest_entry_fits() -> None:
    """Two keys of each type, a foreign signature and the longest proof make an entry that can be written."""
    both: list[Signer] = [joint_signer(), joint_signer(number=2), mldsa_signer("witness.example", 7)]
    note = sign_checkpoint(head(300), both).data
    body = body_of(note, head(300), "grown", [bytes(32)] * 63)
    keys = (*joint_signer().verifiers, *joint_signer(number=2).verifiers)
    data = encode(draft("node_checkpoint", body, {}, b""), Header("zone", "collector", 0, "", 0, 0))
    assert parse(data).body == body
    assert open_signed(body, keys) == head(300)
    assert "witness.example" not in note_of(body).decode()


@pytest.mark.parametrize("keys", [(), signer(ORIGIN, 2).verifiers, joint_signer(number=2).verifiers])
def test_the_nodes_own_keys_sign(keys: Sequence[object]) -> None:
    """Without one good signature of each of the node's types of keys an entry shows nothing."""
    body = body_of(sign_checkpoint(head(3), [signer()]).data, head(3), "first", ())
    assert open_signed(body, signer().verifiers) == head(3)
    with pytest.raises(VerificationError):
        open_signed(body, keys)  # type: ignore[arg-type]
    with pytest.raises(VerificationError, match="did not sign"):
        open_signed(body, joint_signer().verifiers)
    with pytest.raises(VerificationError):
        open_signed(body | {"size": 4}, signer().verifiers)
    with pytest.raises(VerificationError):
        open_signed(body | {"sigs": ["AA=="]}, signer().verifiers)
    with pytest.raises(VerificationError):
        open_signed(body | {"sigs": []}, signer().verifiers)


@pytest.mark.parametrize(
    "changes",
    [{"seen": "gone"}, {"sigs": ["x y"]}, {"proof": "x"}, {"root": "ab"}, {"size": -1}, {"note": "x"}],
)
def test_the_vocabulary_is_closed(changes: dict[str, object]) -> None:
    """Nothing else can stand in such an entry."""
    body = body_of(sign_checkpoint(head(3), [signer()]).data, head(3), "first", ())
    with pytest.raises(ValueError, match="`"):
        check_body("node_checkpoint", body | changes)
