"""The Merkle tree of RFC 6962: hashes, compact ranges, proofs and their checks.

    leaf = SHA-256(0x00 || entry)        node = SHA-256(0x01 || left || right)
    empty tree = SHA-256("")             split at the largest power of two smaller than the size

Worked example: the tree over the two entries `` (empty) and `00` (one zero byte) has the root
`fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125`.

Trust: a checked proof says as much as the root it was checked against, and that as much as its
signatures. Everything else in the arguments may come from an enemy.

Source: RFC 6962, section 2.1; RFC 9162, sections 2.1.3.2 and 2.1.4.2; for subtrees
draft-ietf-plants-merkle-tree-certs, section 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from zoneproxy.terms.errors import VerificationError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

HashReader = Callable[[int, int], bytes]
"""Returns the hash of the complete subtree of 2^height leaves number `index`: (height, index)."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry, 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; SHA-256 of nothing for none."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
    return level[0]


class CompactRange:
    """The peaks of a growing tree: enough to append and to know the root, O(log n) memory.

    Args:
        size: leaves so far.
        peaks: hashes of the complete subtrees that `size` consists of, largest first.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(peaks):
            raise ValueError("the number of peaks does not fit the size")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        peaks, size = self.peaks, self.size
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        return fold(self.peaks)

    def copy(self) -> CompactRange:
        """Return an independent copy."""
        return CompactRange(self.size, self.peaks)


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root of a tree from its peaks, largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def prove_inclusion(index: int, size: int, read: HashReader) -> list[bytes]:
    """Prove that leaf `index` is in the tree of `size` leaves.

    Args:
        index: leaf number, 0 <= index < size.
        size: tree size in leaves.
        read: returns the hash of a complete subtree.

    Returns:
        Sibling hashes, leaf side first; at most ceil(log2(size)), 32 bytes each.

    Raises:
        ValueError: index or size out of range (the caller's bug).

    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError("the index lies outside the tree")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_range_root(middle, high, read))
            high = middle
        else:
            proof.append(_range_root(low, middle, read))
            low = middle
    return proof[::-1]


def prove_consistency(old: int, new: int, read: HashReader) -> list[bytes]:
    """Prove that the tree of `old` leaves is a prefix of the tree of `new` leaves.

    Args:
        old: smaller size, 0 < old <= new.
        new: larger size.
        read: returns the hash of a complete subtree.

    Returns:
        At most ceil(log2(new)) + 1 hashes; none if the sizes are equal.

    Raises:
        ValueError: a size out of range (the caller's bug).

    Source: RFC 6962, section 2.1.2.
    """
    if not 0 < old <= new:
        raise ValueError("the sizes are out of range")
    proof: list[bytes] = []
    low, high = 0, new
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_range_root(middle, high, read))
            high = middle
        else:
            proof.append(_range_root(low, middle, read))
            low = middle
    if low:  # the old tree is not itself a complete subtree at the left edge: name its last part
        proof.append(_range_root(low, high, read))
    return proof[::-1]


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` is leaf number `index` of the tree of `size` leaves with this root.

    Raises:
        VerificationError: the proof does not show it.

    Source: RFC 9162, section 2.1.3.2.
    """
    _need(0 <= index < size, "the index lies outside the tree")
    _need(all(len(part) == HASH_BYTES for part in (leaf, root, *proof)), "a hash is not 32 bytes long")
    fn, sn, running = index, size - 1, leaf
    for part in proof:
        _need(sn != 0, "the inclusion proof is too long")
        if fn & 1 or fn == sn:
            running = node_hash(part, running)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            running = node_hash(running, part)
        fn, sn = fn >> 1, sn >> 1
    _need(sn == 0, "the inclusion proof is too short")
    _need(running == root, "the inclusion proof leads to another root")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old` leaves is a prefix of the tree of `new` leaves.

    Raises:
        VerificationError: the proof does not show it.

    Source: RFC 9162, section 2.1.4.2.
    """
    _need(old > 0, "a proof from the empty tree shows nothing")
    check_subtree_consistency(0, old, new, old_root, new_root, proof)


def check_subtree_consistency(  # noqa: PLR0917  # the draft's own order of arguments
    start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that leaves `start` to `end` of the tree of `size` leaves have this root of their own.

    Raises:
        VerificationError: the range is no subtree, or the proof does not show it.

    Source: draft-ietf-plants-merkle-tree-certs, section 4.4.
    """
    _need(0 <= start <= end <= size, "the range lies outside the tree")
    _need(all(len(part) == HASH_BYTES for part in proof), "a hash is not 32 bytes long")
    if start == end:
        _need(subtree_root == EMPTY_ROOT and not proof, "an empty range has the empty root and no proof")
        return
    _need(start % (1 << (end - start - 1).bit_length()) == 0, "the range is not a subtree")
    fn, sn, tn = start, end - 1, size - 1
    while fn != sn and (sn == tn or sn & 1):
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    rest = list(proof)
    if fn == sn:
        first = second = subtree_root
    else:
        _need(bool(rest), "the consistency proof is too short")
        first = second = rest.pop(0)
    for part in rest:
        _need(tn != 0, "the consistency proof is too long")
        if sn & 1 or sn == tn:
            if fn < sn:
                first = node_hash(part, first)
            second = node_hash(part, second)
            while not sn & 1:
                fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
        else:
            second = node_hash(second, part)
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    _need(tn == 0, "the consistency proof is too short")
    _need(first == subtree_root, "the consistency proof leads to another old root")
    _need(second == root, "the consistency proof leads to another root")


def prefix_root(size: int, read: HashReader) -> bytes:
    """Return the root over the first `size` leaves of a tree that has at least so many."""
    return _range_root(0, size, read)


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (which is at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(low: int, high: int, read: HashReader) -> bytes:
    """Return the root over leaves low..high; `low` is aligned to the range's size."""
    peaks: list[bytes] = []
    while low < high:
        height = (high - low).bit_length() - 1
        peaks.append(read(height, low >> height))
        low += 1 << height
    return fold(peaks)


def _need(holds: bool, message: str) -> None:  # noqa: FBT001  # a claim, as in `assert`
    if not holds:
        raise VerificationError(message, where="proof")
