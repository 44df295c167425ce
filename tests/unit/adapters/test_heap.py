"""`zoneproxy.adapters.heap`: what is free goes back, where there is a way."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from zoneproxy.adapters import heap

_PIECES, _PIECE_BYTES = 40_000, 1024


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Look for the call anew, before and after."""
    heap._trim.cache_clear()
    yield
    heap._trim.cache_clear()


def resident_bytes() -> int:
    """Return what of this process is resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no malloc_trim")
def test_what_is_free_in_the_midst_of_the_heap_goes_back() -> None:
    """Forty megabytes below a piece that is still in use are resident no more."""
    pieces = [bytes(_PIECE_BYTES) for _ in range(_PIECES)]
    last = bytes(_PIECE_BYTES)  # what stands above them keeps the allocator from giving them back by itself
    held = resident_bytes()
    pieces.clear()
    assert heap.give_back()
    assert resident_bytes() < held - 0.5 * _PIECES * _PIECE_BYTES
    assert len(last) == _PIECE_BYTES


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_without_a_c_library_nothing_is_done(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Where the process can't be asked for it, that is no fault."""

    def nothing(_: object) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", nothing)
    assert not heap.give_back()


def test_a_c_library_without_the_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As musl and macOS have none."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    assert not heap.give_back()
