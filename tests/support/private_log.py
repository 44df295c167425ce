"""A log whose private parts are encrypted, in memory or in a directory."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, Writer, decision, ending, signer
from zoneproxy.trace.datakey import KeyEncryptionKey, Recipient, RecipientKey, Wrapper
from zoneproxy.trace.entry import peek
from zoneproxy.trace.files import Files
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.sealer import Sealer, Sealing
from zoneproxy.trace.wal import Item

KEK = KeyEncryptionKey(bytes(range(32)))
REGULATOR = RecipientKey(bytes([7]) * 32)
DAY = "2026-01-01"
PRIVATE = {"client.ip": "198.51.100.7", "user_agent": "curl/8", "request.path": "/v1/chat/completions"}


def public_of(key: RecipientKey) -> Recipient:
    return Recipient(X25519PrivateKey.from_private_bytes(key.key.private_bytes_raw()).public_key())


class Tokens:
    """Randomness of one session: never that of another."""

    _sessions = itertools.count()

    def __init__(self) -> None:
        self._session, self._count = next(self._sessions), itertools.count()

    def __call__(self, size: int) -> bytes:
        text = f"{self._session} {next(self._count)}".encode()
        return hashlib.sha256(text).digest()[:size]


def sealing(*, regulator: bool = False, **classes: str) -> Sealing:
    wrappers: list[Wrapper] = [KEK, public_of(REGULATOR)] if regulator else [KEK]
    return Sealing(wrappers, Tokens(), classes)


class SealedWriter(Writer):
    """Stamps records as one worker and seals their private parts."""

    def __init__(self, files: Files, how: Sealing | None = None) -> None:
        super().__init__()
        self.sealer: Sealer = (how or sealing()).session(files, ORIGIN)

    def item(self, kind: str, body: dict[str, Any], private: dict[str, Any] | None = None) -> Item:
        index = self.count
        made = super().item(kind, body, private)
        ts = peek(made.entry).header.ts
        return Item(made.entry, self.sealer.seal(index, kind, body, ts, made.opening))

    def exchange_of(self, tenant: str) -> list[Item]:
        number = self.count
        body = decision(number)
        body["facts"] = {**body["facts"], "tenant.id": tenant}
        first = self.item("decision", body, dict(PRIVATE))
        return [first, self.item("return", ending(number, number), {"response_sha256": "cd" * 32})]


def sealed_log(
    files: Files, tenants: Sequence[str], how: Sealing | None = None
) -> tuple[Ledger, SealedWriter]:
    """Write a log of one exchange for each tenant named; entries 1, 3, ... are their decisions."""
    ledger, writer = Ledger(files, ORIGIN, signer()), SealedWriter(files, how)
    ledger.create(writer.opening())
    for tenant in tenants:
        ledger.append(writer.exchange_of(tenant))
    ledger.publish()
    return ledger, writer


def reader(files: Any, *holders: Any) -> LogReader:
    return LogReader(files.read_limited, signer().verifiers, files.names, holders=holders)


def memory_log(tenants: Sequence[str], how: Sealing | None = None) -> CrashFiles:
    files = CrashFiles()
    sealed_log(files, tenants, how)
    return files


def redaction(what: str, entries: Sequence[int] = (), **more: Any) -> dict[str, Any]:
    return {
        "origin": ORIGIN,
        "what": what,
        "entries": list(entries),
        "fields": [],
        "keys": [],
        "basis": "subject-request",
        "actor": "dpo-1",
        "approval": "T-1",
    } | more


def zone_of(folder: Path) -> Path:
    """Make a zone with the command line and return its folder."""
    from zoneproxy.cli.main import main  # noqa: PLC0415 - only some tests need the whole program

    assert main(["init", str(folder)]) == 0
    return folder
