"""`zoneproxy.trace.merkle`: hashes, compact ranges, proofs, against vectors that nobody here made."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import merkle


def test_constants(shared: Path) -> None:
    """Leaf, node and root hashes are those of RFC 6962's reference data."""
    known = json.loads((shared / "vectors/constants.json").read_text())
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in known["leaf_inputs_hex"]]
    assert merkle.EMPTY_ROOT.hex() == known["empty_root"]
    assert merkle.leaf_hash(b"").hex() == known["leaf_empty"]
    assert merkle.leaf_hash(b"L123456").hex() == known["leaf_L123456"]
    assert merkle.node_hash(b"N123", b"N456").hex() == known["node_N123_N456"]
    edge = merkle.CompactRange()
    for size, root in enumerate(known["roots_by_size"]):
        assert edge.root().hex() == merkle.tree_root(leaves[:size]).hex() == root
        if size < len(leaves):
            edge.append(leaves[size])


def probes(shared: Path, kind: str) -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text())
        for path in sorted((shared / "vectors/merkle/testdata" / kind).rglob("*.json"))
    ]


def hashes(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or []]


def one(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def holds(check: Callable[..., None], *args: object) -> bool:
    try:
        check(*args)
    except VerificationError:
        return False
    return True


def test_all_probes(shared: Path) -> None:
    """Each of the 518 foreign proofs, good or broken in one place, gets the verdict it must get."""
    judged = 0
    for case in probes(shared, "inclusion"):
        good = holds(
            merkle.check_inclusion,
            case["leafIdx"],
            case["treeSize"],
            one(case["leafHash"]),
            hashes(case["proof"]),
            one(case["root"]),
        )
        assert good is not case["wantErr"], case["desc"]
        judged += 1
    for case in probes(shared, "consistency"):
        sizes, roots = (case["size1"], case["size2"]), (one(case["root1"]), one(case["root2"]))
        good = holds(merkle.check_consistency, *sizes, *roots, hashes(case["proof"]))
        assert good is not case["wantErr"], case["desc"]
        judged += 1
    for case in probes(shared, "subtreeinclusion"):
        start, end = case["start"], case["end"]
        aligned = start < end and start % (1 << (end - start - 1).bit_length()) == 0
        good = aligned and holds(
            merkle.check_inclusion,
            case["leafIdx"] - start,
            end - start,
            one(case["leafHash"]),
            hashes(case["proof"]),
            one(case["root"]),
        )
        assert good is not case["wantErr"], case
        judged += 1
    for case in probes(shared, "subtreeconsistency"):
        good = holds(
            merkle.check_subtree_consistency,
            case["start"],
            case["end"],
            case["size"],
            one(case["root1"]),
            one(case["root2"]),
            hashes(case["proof"]),
        )
        assert good is not case["wantErr"], case
        judged += 1
    assert judged == 518


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_prove_inclusion_out_of_range(index: int, size: int) -> None:
    """A proof for a place outside the tree is the caller's bug."""
    with pytest.raises(ValueError, match="outside"):
        merkle.prove_inclusion(index, size, lambda height, at: b"")


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_prove_consistency_out_of_range(old: int, new: int) -> None:
    """A proof between sizes that can't be is the caller's bug."""
    with pytest.raises(ValueError, match="range"):
        merkle.prove_consistency(old, new, lambda height, at: b"")


def test_compact_range_peaks_must_fit() -> None:
    """A compact range can't begin with a number of peaks that its size does not have."""
    with pytest.raises(ValueError, match="peaks"):
        merkle.CompactRange(3, [b"x"])


def test_compact_range_copy_is_independent() -> None:
    """Growing a copy leaves the original alone."""
    edge = merkle.CompactRange()
    edge.append(hashlib.sha256(b"a").digest())
    edge.copy().append(hashlib.sha256(b"b").digest())
    assert (edge.size, len(edge.peaks)) == (1, 1)
