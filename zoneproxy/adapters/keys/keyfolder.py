"""The folder of a sharded log's signing keys: a pair of files for each month, and for each renewal in it.

    <folder>/2026-11.key, 2026-11-mldsa.key          sign the shard of November 2026
    <folder>/2026-11.2.key, 2026-11.2-mldsa.key      took over from them in the middle of it
    <folder>/2026-12.key, 2026-12-mldsa.key          made ahead, announced, sign nothing yet

The process that writes the log makes the keys of the coming shard, records that it did, and destroys those
of a closed one; `zoneproxy log rotate` puts a renewal here, which the process then takes up.

Trust: who reads this folder can sign the newest shard, and no closed one.
"""

from __future__ import annotations

import re
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.keys.keyfiles import complete_log_keys, destroy_log_keys, load_signer
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.months import Month, is_month
from zoneproxy.trace.note import Signer

_NAME = re.compile(
    r"(?P<going>\.)?(?P<month>[0-9]{4}-[0-9]{2})(?:\.(?P<number>[1-9][0-9]{0,3}))?(?P<second>-mldsa)?\.key"
    r"(?(going)\.destroy)\Z",
    re.ASCII,
)


class KeyFolder:
    """The folder at `path`, mode 0700."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, month: Month, renewal: int = 1) -> Path:
        """Return where the Ed25519 key lies of a month's first pair, or of a later one."""
        return self.path / (f"{month}.key" if renewal == 1 else f"{month}.{renewal}.key")

    def renewals(self, month: Month) -> list[int]:
        """Return the numbers of the pairs that lie here for a month, in their order."""
        return sorted(number for found, number in self._pairs() if found == month)

    def months(self) -> list[Month]:
        """Return the months of which anything lies here, half a pair included, oldest first."""
        return sorted({month for month, _ in self._pairs(half=True)})

    def _pairs(self, *, half: bool = False) -> list[tuple[Month, int]]:
        try:
            names = [path.name for path in self.path.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigError(
                f"the key folder `{self.path}` can't be read: {why(error)}", hint="check its owner and mode"
            ) from None
        matches = [match for name in names if (match := _NAME.match(name)) and is_month(match["month"])]
        return [
            (Month.parse(match["month"]), int(match["number"] or 1))
            for match in matches
            if half or not (match["second"] or match["going"])
        ]

    def make(self, month: Month, renewal: int = 1) -> None:
        """Make a pair, durably, where it is not there yet.

        Raises:
            ConfigError: it can't be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the key folder `{self.path}` can't be made: {why(error)}", hint="check the folder above it"
            ) from None
        complete_log_keys(self.file(month, renewal))

    def load(self, month: Month, origin: str, renewal: int = 1) -> Signer:
        """Read a pair.

        Raises:
            ConfigError: it is missing, readable by others, or no pair.
        """
        return load_signer(self.file(month, renewal), origin)

    def destroy(self, month: Month) -> None:
        """Destroy every pair of a month.

        Raises:
            ConfigError: one can't be destroyed.
        """
        for renewal in sorted({number for found, number in self._pairs(half=True) if found == month}):
            destroy_log_keys(self.file(month, renewal))
