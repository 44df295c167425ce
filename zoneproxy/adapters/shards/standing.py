"""What is in force and must stand in every shard, so that each can be replayed alone.

The newest `activation`, `registered` and `config`, the `key` that signs tickets, every `policy` and its
bytes: a new shard gets them before its first exchange. Policies that a reload replaced are kept too: an
exchange keeps the rules that it began with.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from zoneproxy.trace.ledger import vkey_file


class Shard(Protocol):
    """What a new shard is asked for."""

    def record(self, kind: str, body: Mapping[str, Any]) -> object:
        """Make a record durable."""
        ...

    def archive_policy(self, data: bytes) -> str:
        """Keep a policy's bytes."""
        ...

    def put_file(self, path: str, data: bytes) -> None:
        """Put a public file that never changes beside the log's own."""
        ...


class Standing:
    """Collects the standing records of a journal; `count` tells how often they changed."""

    def __init__(self) -> None:
        self.count = 0
        self._gate = threading.Lock()
        self._archived: dict[str, bytes] = {}
        self._policies: dict[str, Mapping[str, Any]] = {}
        self._newest: dict[str, Mapping[str, Any]] = {}

    def archive(self, digest: str, data: bytes) -> None:
        """Take in a policy's bytes."""
        with self._gate:
            self._archived[digest] = data
            self.count += 1

    def take(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Take in a record that was written; return whether it is a standing one."""
        tickets = kind == "key" and body["role"] == "ticket"
        if not tickets and kind not in {"policy", "activation", "registered", "config"}:
            return False
        with self._gate:
            if kind == "policy":
                self._policies[body["digest"]] = body
            else:
                self._newest[kind] = body
            self.count += 1
        return True

    def carry(self, shard: Shard) -> int:
        """Record all of it in a new shard; return the `count` that was carried."""
        with self._gate:
            count, archived = self.count, list(self._archived.values())
            policies, newest = list(self._policies.values()), dict(self._newest)
        for data in archived:
            shard.archive_policy(data)
        for body in policies:
            shard.record("policy", body)
        if "activation" in newest:
            shard.record("activation", {**newest["activation"], "cause": "turn"})
        if "config" in newest:
            shard.record("config", newest["config"])
        if "registered" in newest:
            shard.record("registered", {**newest["registered"], "cause": "turn"})
        if "key" in newest:
            # The key lies there before the log says that its tickets count.
            vkeys = "".join(f"{vkey}\n" for vkey in newest["key"]["keys"])
            shard.put_file(vkey_file(newest["key"]["origin"]), vkeys.encode())
            shard.record("key", newest["key"])
        return count
