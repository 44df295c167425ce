"""`zoneproxy.replay.keylives`: each step of a key's life, with the entry that says so."""

from __future__ import annotations

from tests.support.logs import ORIGIN, joint_signer
from zoneproxy.replay.keylives import key_lives
from zoneproxy.trace.entry import Entry, Header

A = [key.vkey for key in joint_signer(number=1).verifiers]
B = [key.vkey for key in joint_signer(number=2).verifiers]


def entry(kind: str, ts: int, **body: object) -> Entry:
    return Entry(kind, Header("n", "w", 0, "", ts, 0), body, "")


def act(action: str, ts: int, keys: list[str], role: str = "log") -> Entry:
    return entry("key", ts, action=action, role=role, origin=ORIGIN, keys=keys)


def test_a_renewal_and_a_close() -> None:
    """A retired key is not closed with its shard; its successor is (Z14)."""
    acts = [
        (ORIGIN, 0, entry("log_open", 1, origin=ORIGIN, keys=A, previous=None)),
        (ORIGIN, 5, act("add", 2, B)),
        (ORIGIN, 9, act("retire", 3, A)),
        (ORIGIN, 12, act("add", 4, ["name+00000000+AQ=="], role="ticket")),
        (ORIGIN, 20, entry("log_close", 5, next=None)),
        ("next", 3, act("destroy", 6, B)),
        ("next", 4, entry("log_sealed", 6, previous={})),
    ]
    lives = {life.vkey: life for life in key_lives(acts)}
    assert [(step.what, step.index) for step in lives[A[0]].steps] == [("signs", 0), ("retired", 9)]
    assert [step.what for step in lives[B[1]].steps] == ["signs", "closed", "destroyed"]
    assert (lives[B[0]].kind, lives[B[1]].kind) == ("Ed25519", "ML-DSA-44")
    assert lives["name+00000000+AQ=="].role == "ticket"
    assert lives[A[0]].name == "+".join(A[0].split("+")[:2])
    assert lives[A[0]].find("destroyed") is None
