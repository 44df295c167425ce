"""The keys of private parts that a configuration names: what they are encrypted for, what opens them."""

from __future__ import annotations

from pathlib import Path

from zoneproxy.adapters.keys.opening import read_holders, read_opening_key, read_recipient
from zoneproxy.config.privacy import Privacy
from zoneproxy.terms.ports import Entropy
from zoneproxy.trace.datakey import Holder, Wrapper
from zoneproxy.trace.sealer import Sealing


def read_sealing(privacy: Privacy, folder: Path, entropy: Entropy) -> Sealing:
    """Read the keys that private parts are encrypted for.

    Raises:
        ConfigError: one can't be used.
    """
    wrappers: list[Wrapper] = [read_opening_key(folder / privacy.key)]
    if privacy.regulator is not None:
        wrappers.append(read_recipient(folder / privacy.regulator))
    return Sealing(wrappers, entropy.token, dict(privacy.retention.classes))


def read_own_holders(privacy: Privacy, folder: Path) -> list[Holder]:
    """Read the keys that open private parts: the one in use, and those before it.

    Raises:
        ConfigError: one can't be used.
    """
    return read_holders(folder / name for name in (privacy.key, *privacy.older_keys))
