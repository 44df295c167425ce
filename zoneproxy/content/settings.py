"""How closely is looked."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoneproxy.content.detectors.view import Networks
from zoneproxy.content.tables import networks


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How closely is looked, and the key of the findings' digests.

    Attributes:
        level: detectors up to this level report (1 errs least, 4 misses least).
        digest_key: secret key of the digests, 16 to 64 bytes; whoever holds it can recognise
            equal values, and can enumerate short ones.
        networks: first and last address of the domestic networks, ascending, as integers.
    """

    level: int
    digest_key: bytes
    networks: Networks = field(default_factory=networks.blocks, repr=False)
