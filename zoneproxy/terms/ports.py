"""What the core may ask of the world, as protocols; adapters stand behind them.

Each port has one contract test that every implementation passes, fakes included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a record is durable.

    Attributes:
        index: the record's place in the log, from 0.
        leaf: RFC 6962 leaf hash of the entry, 32 bytes.
        ts: the record's time, milliseconds since 1970 UTC.
    """

    index: int
    leaf: bytes
    ts: int


class Journal(Protocol):
    """Where records become durable. An acknowledged record is never lost."""

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        """Make one record durable, then return its receipt.

        Args:
            kind: entry type (`decision`, `return`, ...; see `zoneproxy.trace.entry`).
            body: the public fields of that type; closed vocabulary, no free text.
            private: the private fields, which the entry only commits to.

        Raises:
            TraceError: the record may not be durable; the log takes no more records.
        """
        ...

    @property
    def writable(self) -> bool:
        """False from the first failed write on, for ever."""
        ...


class Clock(Protocol):
    """Time, injected."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...

    def mono_ms(self) -> int:
        """Milliseconds since some fixed moment; never goes back."""
        ...


class Entropy(Protocol):
    """Randomness, injected."""

    def token(self, size_bytes: int) -> bytes:
        """Return fresh random bytes."""
        ...
