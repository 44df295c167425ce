"""`addons.dropped`: a body is counted and not kept; real bodies are in `tests/live` (Z22)."""

from __future__ import annotations

from addons.dropped import Dropped


def test_a_body_is_counted_and_not_kept() -> None:
    """Its size is there for its limit, and nothing else of it."""
    buffer = Dropped()
    assert not buffer
    for _ in range(3):
        buffer += b"x" * 1000
    assert (len(buffer), bytes(buffer), bool(buffer)) == (3000, b"", True)
    buffer.clear()
    assert len(buffer) == 0
