"""What the trace log's tests share: fixed clocks and keys, record bodies, small logs."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import draft, encode, peek
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.note import Ed25519Signer, Signer
from zoneproxy.trace.signers import JointSigner, MlDsa44Signer
from zoneproxy.trace.wal import Item

ORIGIN = "zone.example/trace/node-1"
START_MS = 1_767_225_600_000
DIGEST = "ab" * 32


def signer(origin: str = ORIGIN, number: int = 1) -> Ed25519Signer:
    return Ed25519Signer(origin, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


def mldsa_signer(name: str = ORIGIN, number: int = 1, now_ms: int = START_MS) -> MlDsa44Signer:
    return MlDsa44Signer(name, MLDSA44PrivateKey.from_seed_bytes(bytes([number]) * 32), lambda: now_ms)


def joint_signer(origin: str = ORIGIN, number: int = 1) -> JointSigner:
    """Both of a log's keys."""
    return JointSigner(signer(origin, number), mldsa_signer(origin, number))


class FixedClock:
    def __init__(self, now_ms: int = START_MS) -> None:
        self.now = now_ms
        self.mono = 0

    def now_ms(self) -> int:
        return self.now

    def mono_ms(self) -> int:
        return self.mono


class FixedEntropy:
    def __init__(self) -> None:
        self._count = itertools.count()

    def token(self, size_bytes: int) -> bytes:
        return next(self._count).to_bytes(size_bytes, "big")


def flow_id(number: int) -> str:
    return str(uuid.UUID(int=number))


def phase(effect: str = "allow", reason: str = "") -> dict[str, Any]:
    layer = {
        "layer": "regulator",
        "digest": DIGEST,
        "effect": effect,
        "by": "rule",
        "rule": "COL-900",
        "reason": "collected_overseas",
        "deny": [],
        "indeterminate": [],
        "allow": ["COL-900"],
        "shadow": [],
        "missing": [],
        "obligations": {"tag": "overseas"},
    }
    return {"effect": effect, "by": "rule", "reason": reason, "rule": "COL-900", "layers": [layer]}


def decision(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "flow": flow_id(number),
        "kind": "serve",
        "parent": None,
        "verdict": "allow",
        "by": "rule",
        "phase": "process",
        "reason": "",
        "rule": "PRO-900",
        "phases": {"collect": phase(), "process": phase()},
        "facts": {"origin.class": "overseas", "tenant.scope": ["aggregation", "api_call"]},
        "oblig": {"tag": "overseas"},
        "findings": [],
        "policy": [{"layer": "regulator", "digest": DIGEST}],
        "eng": 1,
        "assurance": "production",
        "bytes": 100,
    } | changes


def ending(index: int, number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "flow": flow_id(number),
        "dec": index,
        "verdict": "allow",
        "by": "rule",
        "phase": "return",
        "reason": "",
        "rule": "RET-900",
        "phases": {"return": phase()},
        "facts": {"response.mixing": "clean"},
        "oblig": {},
        "findings": [],
        "route": {"in": "cable-sg-1", "out": "cable-sg-1", "same": True},
        "end": "complete",
        "status": 200,
        "tok": {"prompt": 3, "completion": 5, "cached": 0, "reasoning": 0, "source": "upstream"},
        "bytes": {"answer": 10, "delivered": 10},
    } | changes


class Writer:
    """Stamps records as one worker, without threads."""

    def __init__(self, node: str = "node-1", worker: str = "w1") -> None:
        self.chains = Chains()
        self.entropy = FixedEntropy()
        self.clock = FixedClock()
        self.count = 0
        self.node, self.worker = node, worker

    def item(self, kind: str, body: dict[str, Any], private: dict[str, Any] | None = None) -> Item:
        self.clock.now += 7
        self.clock.mono += 7
        made = draft(kind, body, private or {}, self.entropy.token(32))
        header = self.chains.header(self.node, self.worker, self.clock.now, self.clock.mono)
        data = encode(made, header)
        self.chains.follow(self.count, peek(data), leaf_hash(data))
        self.count += 1
        return Item(data, made.opening)

    def opening(self, by: Signer | None = None) -> Item:
        keys = [key.vkey for key in (by or signer()).verifiers]
        return self.item("log_open", {"origin": ORIGIN, "keys": keys, "previous": None})

    def exchange(self) -> list[Item]:
        number = self.count
        first = self.item("decision", decision(number), {"client.ip": "198.51.100.7"})
        return [first, self.item("return", ending(number, number), {"response_sha256": DIGEST})]


def write_log(root: Path, exchanges: Sequence[int], key: Signer | None = None) -> Path:
    """Write a log with this many exchanges in each publication, signed with the Ed25519 key or `key`."""
    root.mkdir(parents=True, exist_ok=True)
    files = DiskFiles(root)
    writer = Writer()
    ledger = Ledger(files, ORIGIN, key or signer())
    ledger.create(writer.opening(key))
    for count in exchanges:
        for _ in range(count):
            ledger.append(writer.exchange())
        ledger.publish()
    files.close()
    return root
