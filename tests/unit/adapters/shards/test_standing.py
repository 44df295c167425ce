"""`zoneproxy.adapters.shards.standing`: what is in force goes into the next shard, whole and in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoneproxy.adapters.shards.standing import Standing


class Shard:
    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def record(self, kind: str, body: Mapping[str, Any]) -> None:
        self.seen.append((kind, dict(body)))

    def archive_policy(self, data: bytes) -> str:
        self.seen.append(("bytes", data))
        return ""

    def put_file(self, path: str, data: bytes) -> None:
        self.seen.append((path, data))


def test_carry() -> None:
    """Bytes first, then policies, the newest activation and configuration; other records don't stand."""
    standing, shard = Standing(), Shard()
    assert standing.carry(shard) == 0
    assert shard.seen == []
    for number in (1, 2):
        standing.archive(f"d{number}", bytes([number]))
        assert standing.take("policy", {"digest": f"d{number}"})
        assert standing.take("activation", {"cause": "reload", "policy": number})
    assert standing.take("config", {"digest": "c"})
    assert not standing.take("decision", {"flow": "f"})
    assert standing.carry(shard) == standing.count == 7
    assert shard.seen == [
        ("bytes", b"\x01"),
        ("bytes", b"\x02"),
        ("policy", {"digest": "d1"}),
        ("policy", {"digest": "d2"}),
        ("activation", {"cause": "turn", "policy": 2}),
        ("config", {"digest": "c"}),
    ]
