"""`zoneproxy.trace.roottrust`: what the root key signs, and nothing else, is a trust file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, joint_signer, mldsa_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.merkle import EMPTY_ROOT
from zoneproxy.trace.note import sign_note
from zoneproxy.trace.roottrust import Revocation, open_root_trust, trust_text
from zoneproxy.trace.trust import parse_trust

ROOT = signer("zone.example/root", 9)
(ROOT_KEY,) = ROOT.verifiers
A, B = joint_signer(number=1).verifiers, joint_signer(number=2).verifiers
GONE = [Revocation(key, Checkpoint(ORIGIN, 64, b"r" * 32)) for key in A]


def text() -> str:
    return trust_text([*A, *B], GONE, serial=3, issued_ms=1_767_225_600_000)


def signed(words: str) -> bytes:
    return sign_note(words, [ROOT]).data


def test_round_trip() -> None:
    """What was signed is read again; a revoked key is among the revoked and not among the believed (Z14)."""
    found = open_root_trust(signed(text()), ROOT_KEY)
    assert (found.serial, found.issued_ms, found.revoked) == (3, 1_767_225_600_000, tuple(GONE))
    assert tuple(found.policy.logs) == B
    assert found.policy.quorum == "none"


def test_a_reader_that_knows_only_tlog_policy() -> None:
    """For others the text is an ordinary trust file, in which a revoked key is not believed at all."""
    assert tuple(parse_trust(text().encode()).logs) == B


@pytest.mark.parametrize(
    "broken",
    [
        text().replace("#! zoneproxy.org/trust/v1\n", ""),
        text().replace("#! serial 3\n", ""),
        text().replace("#! serial 3\n", "#! serial 3\n#! serial 4\n"),
        text().replace("#! issued", "#! isued"),
        text().replace(" 64 ", " 064 "),
        text().replace(" 64 ", " 0 "),
        text().replace("quorum none\n", ""),
        text().replace("72" * 32, "72" * 31),
    ],
)
def test_malformed(broken: str) -> None:
    """Marked lines are known, each once, or the file is refused."""
    with pytest.raises(VerificationError):
        open_root_trust(signed(broken), ROOT_KEY)


def test_a_key_that_is_believed_and_revoked() -> None:
    """Nothing is both."""
    line = f"log {A[0].vkey}\nquorum none"
    with pytest.raises(VerificationError, match="twice"):
        open_root_trust(signed(text().replace("quorum none", line)), ROOT_KEY)
    with pytest.raises(VerificationError, match="twice"):
        trust_text(B, [GONE[0], GONE[0]], serial=1, issued_ms=0)


def test_believed_in_nothing() -> None:
    """A key that is revoked at size 0 is believed in nothing."""
    nothing = [Revocation(A[0], Checkpoint(ORIGIN, 0, EMPTY_ROOT))]
    made = trust_text(B, nothing, serial=1, issued_ms=0)
    assert open_root_trust(signed(made), ROOT_KEY).revoked == tuple(nothing)


def test_another_root() -> None:
    """Another key's signature, or none, is refused; a root key is of the one type."""
    other = signer("zone.example/root", 8)
    with pytest.raises(VerificationError):
        open_root_trust(sign_note(text(), [other]).data, ROOT_KEY)
    with pytest.raises(VerificationError):
        open_root_trust(text().encode(), ROOT_KEY)
    with pytest.raises(VerificationError, match="Ed25519"):
        open_root_trust(signed(text()), mldsa_signer().verifiers[0])


@given(st.binary(max_size=400), st.integers(0, 5000))
def test_parser_raises_its_one_error(noise: bytes, place: int) -> None:
    """Whatever is read, it is a trust file or the one error."""
    data = signed(text())
    for mangled in (noise, data[:place] + noise + data[place + 1 :]):
        try:
            open_root_trust(mangled, ROOT_KEY)
        except VerificationError:
            continue
