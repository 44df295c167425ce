"""`zoneproxy.trace.keyring`: who signs a checkpoint follows from its size and the entries."""

from __future__ import annotations

import pytest

from tests.support.logs import ORIGIN, joint_signer, mldsa_signer, signer
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from zoneproxy.trace.entry import Entry, Header
from zoneproxy.trace.keyring import (
    KeyChange,
    Keyring,
    first_keys,
    in_force,
    key_change,
    own_checkpoint,
    read_vkeys_of,
)

A, B = joint_signer(number=1), joint_signer(number=2)
VKEYS_A, VKEYS_B = (tuple(key.vkey for key in made.verifiers) for made in (A, B))
CHANGES = (KeyChange(10, 1, "add", VKEYS_B), KeyChange(90, 2, "retire", VKEYS_A))


def head(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, b"r" * 32)


@pytest.mark.parametrize(
    ("size", "due"),
    [(1, VKEYS_A), (10, VKEYS_A), (11, VKEYS_A + VKEYS_B), (90, VKEYS_A + VKEYS_B), (91, VKEYS_B)],
)
def test_in_force(size: int, due: tuple[str, ...]) -> None:
    """A change counts for checkpoints that cover its entry, and for no others; so the ring signs (Z14)."""
    assert in_force(VKEYS_A, CHANGES, size) == due
    ring = Keyring(A.verifiers, [A])
    ring.take(B)
    ring.watch(lambda: CHANGES)
    note = sign_checkpoint(head(size), [ring])
    assert {line.key_id for line in note.signatures} == {key.key_id for key in read_vkeys_of(due)}
    assert open_checkpoint(note.data, read_vkeys_of(due)) == head(size)
    assert own_checkpoint(note.data, ring, ORIGIN) == head(size)


def test_a_key_that_is_due_and_not_here() -> None:
    """Without a private key that must sign, nothing is signed."""
    ring = Keyring(A.verifiers, [B])
    ring.watch(lambda: CHANGES)
    with pytest.raises(ConfigError, match="not in the key folder"):
        ring.sign(head(5).text)
    assert ring.sign(head(91).text)
    assert ring.verifiers == A.verifiers + B.verifiers
    assert (first_keys(ring), first_keys(B)) == (A.verifiers, B.verifiers)


def test_own_checkpoints() -> None:
    """One key of each kind must have signed the log's own checkpoint; a plain signer's keys all must."""
    ring = Keyring(A.verifiers, [A])
    for alone in (signer(), mldsa_signer()):
        with pytest.raises(VerificationError):
            own_checkpoint(sign_checkpoint(head(3), [alone]).data, ring, ORIGIN)
    assert own_checkpoint(sign_checkpoint(head(3), [A]).data, A, ORIGIN) == head(3)


def test_what_changes_keys() -> None:
    """Only `add` and `retire` of a log's own keys do."""
    body = {
        "action": "add",
        "role": "log",
        "origin": ORIGIN,
        "keys": list(VKEYS_B),
        "by": "log",
        "trust": None,
    }

    def entry(kind: str = "key", **changes: str) -> Entry:
        return Entry(kind, Header("n", "w", 0, "", 7, 0), body | changes, "")

    assert key_change(4, entry(), ORIGIN) == KeyChange(4, 7, "add", VKEYS_B)
    assert key_change(4, entry()) == KeyChange(4, 7, "add", VKEYS_B)
    for other in (entry(role="ticket"), entry(action="announce"), entry(origin="another"), entry("config")):
        assert key_change(4, other, ORIGIN) is None
