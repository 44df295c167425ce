"""How closely is looked."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoneproxy.content.detectors.view import Networks
from zoneproxy.content.effort import MOST_STEPS
from zoneproxy.content.registered.index import Index
from zoneproxy.content.tables import networks, networks6


@dataclass(frozen=True, slots=True, eq=False)
class ScanSettings:
    """How closely is looked, and the key of the findings' digests.

    Two are the same only where they are one object: what is remembered under settings is asked for often.

    Attributes:
        level: detectors up to this level report (1 errs least, 4 misses least).
        digest_key: secret key of the digests, 16 to 64 bytes; whoever holds it can recognise
            equal values, and can enumerate short ones.
        most_steps: steps that closer looks may take in one body (see `effort`); past them it is not
            inspected, and says so.
        networks: first and last address of the domestic networks, ascending, as integers.
        networks6: the same for IPv6.
        hosts: domains of the operator's that count as domestic besides, in lower case.
        canary_key: key of the zone's canaries; none are looked for where it is empty.
        own_canary: tag of the tenant whose canaries are its own (see `canary`), or empty.
        registered: the data sets that owners registered.
        clean: short texts in which nothing was found under these settings, by whether they leave the zone.
    """

    level: int
    digest_key: bytes
    most_steps: int = MOST_STEPS
    networks: Networks = field(default_factory=networks.blocks, repr=False, hash=False)
    networks6: Networks = field(default_factory=networks6.blocks, repr=False, hash=False)
    hosts: frozenset[str] = frozenset()
    canary_key: bytes = field(default=b"", repr=False)
    own_canary: bytes = b""
    registered: tuple[Index, ...] = ()
    clean: set[tuple[str, bool]] = field(default_factory=set, init=False, repr=False, compare=False)
