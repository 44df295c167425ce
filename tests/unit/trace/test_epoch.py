"""`zoneproxy.trace.epoch`: what an `epoch` entry says, and where its note lies."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.logs import ORIGIN, joint_signer, mldsa_signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.epoch import claimed_seconds, epoch_body, epoch_path, is_epoch_path, middle
from zoneproxy.trace.schema import check_body
from zoneproxy.trace.trust import parse_trust

HEAD = Checkpoint(ORIGIN, 3, b"r" * 32)


def test_the_body_names_note_and_times() -> None:
    """The note's hash, size, root, and each cosigner's time, in words that the schema knows."""
    names = ("w1.example", "w2.\u00e9xample")
    signers = [mldsa_signer(name, number + 5, 9_000) for number, name in enumerate(names)]
    note = sign_checkpoint(HEAD, [joint_signer(), *signers]).data
    lines = "".join(f"witness w{number} {key.verifiers[0].vkey}\n" for number, key in enumerate(signers))
    body = epoch_body(HEAD, note, parse_trust(f"{lines}quorum w0\n".encode()))
    check_body("epoch", body)
    assert (body["size"], body["root"], body["note"]) == (
        3,
        HEAD.root.hex(),
        hashlib.sha256(note).hexdigest(),
    )
    assert [time["name"] for time in body["times"]] == ["w1.example", "w2.\\xe9xample"]
    assert claimed_seconds(body) == [9, 9]


def test_the_place_of_a_note() -> None:
    """Two digits for the folder, the others for the file; nothing else is such a place."""
    path = epoch_path("ab" * 32)
    assert path == f"epoch/ab/{'ab' * 31}"
    assert is_epoch_path(path)
    for other in ("epoch/ab", f"epoch/AB/{'ab' * 31}", f"{path}x", f"epoch/../{'ab' * 31}", f"{path}\n"):
        assert not is_epoch_path(other)


def test_the_middle_of_times() -> None:
    """One liar among three moves nothing; of two, both count; of none, nothing is known."""
    assert middle([5]) == (5, 5)
    assert middle([9, 5]) == (5, 9)
    assert middle([10, 10**9, 12]) == (12, 12)
    with pytest.raises(VerificationError):
        middle([])
