"""`zoneproxy.trace.proof`: proof files, read and checked without the log."""

from __future__ import annotations

import base64

import pytest

from tests.support.logs import ORIGIN, joint_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.merkle import leaf_hash, node_hash
from zoneproxy.trace.proof import InclusionProof, check_proof, parse_proof

ENTRY, OTHER = b"entry", leaf_hash(b"other")
ROOT = node_hash(leaf_hash(ENTRY), OTHER)
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 2, ROOT), [joint_signer()]).data
PROOF = InclusionProof(0, (OTHER,), NOTE, ENTRY)
KEYS = joint_signer().verifiers


def test_reads_as_specified() -> None:
    """The file's lines are those of the specification, and read back as the same proof."""
    lines = PROOF.data.decode().split("\n")
    assert lines[:5] == [
        "c2sp.org/tlog-proof@v1", "extra ZW50cnk=", "index 0", base64.b64encode(OTHER).decode(), "",
    ]  # fmt: skip
    assert PROOF.data.endswith(b"\n\n" + NOTE)
    assert parse_proof(PROOF.data) == PROOF


def test_a_log_of_one_entry() -> None:
    """A proof without hashes: the empty line follows the index at once."""
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(ENTRY)), [signer()]).data
    proof = InclusionProof(0, (), note)
    assert proof.data.startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + ORIGIN.encode())
    assert check_proof(parse_proof(proof.data), signer().verifiers, ENTRY)[0].size == 1
    with pytest.raises(VerificationError, match="does not hold the entry"):
        check_proof(proof, signer().verifiers)


def test_every_flipped_byte_is_refused() -> None:
    """A flip of any byte of the file is refused by who trusts both keys (Z14)."""
    assert check_proof(PROOF, KEYS) == (Checkpoint(ORIGIN, 2, ROOT), ENTRY)
    data = PROOF.data
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << place % 8
        with pytest.raises(VerificationError):
            check_proof(parse_proof(bytes(broken)), KEYS)


@pytest.mark.parametrize(
    "head",
    [
        "", "c2sp.org/tlog-proof@v2\nindex 0", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\nextra YQ==",
        "c2sp.org/tlog-proof@v1\nextra \nindex 0", "c2sp.org/tlog-proof@v1\nindex 0\nextra YQ==",
        "c2sp.org/tlog-proof@v1\nindex 00", "c2sp.org/tlog-proof@v1\nindex 0\nAAAA",
        "c2sp.org/tlog-proof@v1\nextra YR==\nindex 0", "c2sp.org/tlog-proof@v1\nindex \u0661",
        "c2sp.org/tlog-proof@v1\nindex 0" + ("\n" + base64.b64encode(OTHER).decode()) * 64,
        "c2sp.org/tlog-proof@v1\r\nindex 0", "x" * 1_000_000,
    ],
)  # fmt: skip
def test_no_proof(head: str) -> None:
    """What is no proof file is refused with the one error."""
    with pytest.raises(VerificationError):
        parse_proof(head.encode() + b"\n\n" + NOTE)


def test_a_proof_without_a_note() -> None:
    """A proof must hold a signed checkpoint."""
    for tail in (b"", b"\n", b"\n\n", b"\n\ntext\n"):
        with pytest.raises(VerificationError):
            parse_proof(b"c2sp.org/tlog-proof@v1\nindex 0" + tail)
