"""What the core may ask of the world, as protocols; adapters stand behind them.

Each port has one contract test that every implementation passes, fakes included.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zoneproxy.terms.objects import Binding, ObjectName


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a record is durable.

    Attributes:
        index: the record's place in the log, from 0.
        leaf: RFC 6962 leaf hash of the entry, 32 bytes.
        ts: the record's time, milliseconds since 1970 UTC.
        origin: the log, or shard of a log, that it is in; empty where there is only one.
    """

    index: int
    leaf: bytes
    ts: int
    origin: str = ""


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


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a worker adds to a record that another process writes for it.

    With it the worker can make the entry's bytes itself, and so check what was written.

    Attributes:
        worker: the worker's name in entries, `[a-z0-9.-]`.
        mono_ms: milliseconds since the worker started.
        seed: 32 fresh random bytes, the salt of the private fields' commitment.
    """

    worker: str
    mono_ms: int
    seed: bytes


class Sequencer(Journal, Protocol):
    """A journal that puts the records of several workers into one order."""

    async def append(
        self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any], *, stamp: Stamp | None = None
    ) -> Receipt:
        """As `Journal.append`, for the worker that `stamp` names, or for the sequencer itself.

        Records of one worker stand in the order in which this was called.
        """
        ...

    def head(self, worker: str) -> tuple[int, str]:
        """Return the count of a worker's next entry, and the leaf hash (hex) of its last, or empty.

        Asked only while none of that worker's records is on its way.
        """
        ...

    def archive_policy(self, data: bytes) -> str:
        """Keep a policy's bytes with the log, durably; return their SHA-256 (hex). May block.

        Raises:
            TraceError: it could not be written.
        """
        ...


class Bindings(Protocol):
    """Whose the zone's stored objects are. A name once claimed stays with whoever claimed it first."""

    async def find(self, names: Collection[ObjectName]) -> Mapping[ObjectName, Binding]:
        """Return the bindings of these names; names that nobody claimed are left out.

        Raises:
            StoreError: the store can't say.
        """
        ...

    async def claim(self, bindings: Sequence[Binding]) -> Mapping[ObjectName, Binding]:
        """Bind names that nobody claimed, all of them or none, and make that durable.

        Returns:
            The binding that stands for each name: the one given, or that of whoever was first.

        Raises:
            StoreError: they may not be durable; nothing that they name may leave.
        """
        ...


class Resolver(Protocol):
    """Which addresses a registered name has. It is believed in nothing: what it says is looked at."""

    async def resolve(self, host: str) -> Sequence[str]:
        """Return the addresses of a name, in the order in which they should be used; never none.

        Raises:
            ResolveError: the name has none, or nobody said so in time.
        """
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
