"""`zoneproxy.trace.trust`: trust files of C2SP tlog-policy, and quorums."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.logs import ORIGIN, joint_signer, mldsa_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.cosignature import ed25519_message, timestamped
from zoneproxy.trace.note import ED25519_COSIGNATURE, Note, Signature, VerifierKey
from zoneproxy.trace.trust import parse_trust

HEAD = Checkpoint(ORIGIN, 3, b"r" * 32)
LOG = joint_signer().verifiers
SECRET = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
W1 = VerifierKey("w1.example", ED25519_COSIGNATURE, SECRET.public_key().public_bytes_raw())
W2, W3 = (mldsa_signer(f"w{n}.example", n) for n in (2, 3))
KEYS = [W1, W2.verifiers[0], W3.verifiers[0]]
WITNESSES = "".join(f"witness w{number} {key.vkey}\n" for number, key in enumerate(KEYS, 1))


def cosigned(*lines: Signature) -> bytes:
    own = sign_checkpoint(HEAD, [joint_signer()])
    return Note(own.text, (*own.signatures, *lines)).data


def line_of_w1(seconds: int = 5) -> Signature:
    return Signature(
        W1.name, W1.key_id, timestamped(seconds, SECRET.sign(ed25519_message(seconds, HEAD.text)))
    )


def test_a_trust_file() -> None:
    """Keys, witnesses, groups of groups and the quorum are read; comments and white space don't count."""
    text = f"# ours\n\n \tlog\t{LOG[0].vkey}  https://x.example \nlog {LOG[1].vkey}\n{WITNESSES}"
    made = parse_trust(f"{text}group a 2 w1 w2\ngroup b all a w3\nquorum b".encode())
    assert made.logs == list(LOG)
    assert list(made.witnesses.values()) == KEYS
    assert (made.groups, made.quorum) == ({"a": (2, ("w1", "w2")), "b": (2, ("a", "w3"))}, "b")
    assert made.holds({"w1", "w2", "w3"})
    assert not made.holds({"w1", "w2"})
    assert not made.holds({"w2", "w3"})


@pytest.mark.parametrize(
    ("quorum", "names", "holds"),
    [
        ("quorum none", "", True), ("quorum w1", "w1", True), ("quorum w1", "w2", False),
        ("group g any w1 w2\nquorum g", "w2", True), ("group g any w1 w2\nquorum g", "w3", False),
        ("group g 2 w1 w2 w3\nquorum g", "w1 w3", True), ("group g 2 w1 w2 w3\nquorum g", "w3", False),
    ],
)  # fmt: skip
def test_quorums(quorum: str, names: str, holds: bool) -> None:  # noqa: FBT001  # a table's column
    """A quorum is met by a witness, or by as many members of a group as it asks for."""
    assert parse_trust(f"{WITNESSES}{quorum}\n".encode()).holds(names.split()) is holds


def test_who_cosigned() -> None:
    """Cosignatures of both types count; unknown ones are passed over; a false one refuses the note."""
    made = parse_trust(f"{WITNESSES}quorum none\n".encode())
    assert made.cosigned_by(cosigned()) == frozenset()
    assert made.cosigned_by(cosigned(line_of_w1(), W2.sign(HEAD.text)[0], W3.sign(HEAD.text)[0])) == {
        "w1",
        "w2",
        "w3",
    }
    stranger = mldsa_signer("w9.example", 9).sign(HEAD.text)[0]
    assert made.cosigned_by(cosigned(stranger, W3.sign(HEAD.text)[0])) == {"w3"}
    good = line_of_w1()
    for blob in (timestamped(6, good.blob[8:]), good.blob[:-1]):
        with pytest.raises(VerificationError, match="does not verify"):
            made.cosigned_by(cosigned(Signature(W1.name, W1.key_id, blob)))
    assert made.cosigned_by(cosigned(good, good)) == {"w1"}
    assert made.times(cosigned(line_of_w1(9), line_of_w1(5))) == {"w1": 9}


def test_a_cosignature_without_a_time_does_not_count() -> None:
    """A witness that makes no statement about the largest tree has not witnessed it."""
    made = parse_trust(f"{WITNESSES}quorum none\n".encode())
    timeless = mldsa_signer("w2.example", 2, now_ms=0).sign(HEAD.text)[0]
    assert made.cosigned_by(cosigned(timeless)) == frozenset()


def test_foreign_witnesses(shared: Path) -> None:
    """The cosignature of a witness that nobody here wrote counts."""
    for case in json.loads((shared / "vectors/notes.json").read_text())["cosignatures"]:
        made = parse_trust(f"witness theirs {case['vkey']}\nquorum theirs\n".encode())
        assert made.holds(made.cosigned_by(case["msg"].encode()))


@pytest.mark.parametrize(
    "text",
    [
        "", WITNESSES, "quorum w1", f"{WITNESSES}quorum w4", "quorum none\nquorum none", "quorum",
        "quorum a b",
        f"{WITNESSES}group g 0 w1\nquorum g", f"{WITNESSES}group g 2 w1\nquorum g",
        f"{WITNESSES}group g 01 w1\nquorum g", f"{WITNESSES}group g \u0661 w1\nquorum g",
        f"{WITNESSES}group g any\nquorum g", f"{WITNESSES}group g any w1 w1\nquorum g",
        f"{WITNESSES}group g any none\nquorum g", f"{WITNESSES}group none any w1\nquorum none",
        f"{WITNESSES}group w1 any w2\nquorum w1", f"{WITNESSES}group g any h\ngroup h any w1\nquorum g",
        f"{WITNESSES}group g any w1\ngroup h any w1\nquorum g", f"{WITNESSES}group g any g\nquorum g",
        f"{WITNESSES}{WITNESSES}quorum none", f"{WITNESSES}witness w9 {W1.vkey}\nquorum none",
        f"log {W1.vkey}\nquorum none", f"witness w {signer().verifiers[0].vkey}\nquorum none",
        f"log {LOG[1].vkey}\nwitness w {LOG[1].vkey}\nquorum none", f"log {LOG[0].vkey}x\nquorum none",
        "quorum none\r\n", "quorum\x0bnone", "quorum\u00a0none", "rule x\nquorum none", "\x7f\nquorum none",
        f"log {LOG[0].vkey} a b\nquorum none", "quorum none\n" + "#" * 1_048_576,
    ],
)  # fmt: skip
def test_no_trust_file(text: str) -> None:
    """Anything else is refused with the one error."""
    with pytest.raises(VerificationError):
        parse_trust(text.encode())


def test_names_are_octets() -> None:
    """Names need not be UTF-8, and are told apart octet by octet."""
    data = b"witness \xff " + W1.vkey.encode() + b"\nquorum "
    assert parse_trust(data + b"\xff\n").holds({"\udcff"})
    with pytest.raises(VerificationError, match="before it is defined"):
        parse_trust(data + b"\xfe\n")
