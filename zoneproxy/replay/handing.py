"""Trust handed on from shard to shard, without a whole audit: for whoever only needs the newest keys.

Each entry that hands over is proven under its shard's checkpoint, which the keys believed so far have signed;
what stands in files without that proof is believed in nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoneproxy.replay.keylives import log_acts
from zoneproxy.replay.shardwalk import Opener, keys_for
from zoneproxy.trace.entry import Entry, parse, peek
from zoneproxy.trace.keyring import read_vkeys_of
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.prover import prove_entry
from zoneproxy.trace.reader import LogReader


@dataclass(frozen=True, slots=True)
class BelievedShard:
    """A shard that the given keys speak for, by themselves or by what they hand over to.

    Attributes:
        name: its month.
        reader: it, opened with the keys that are believed now.
    """

    name: str
    reader: LogReader

    def is_closed(self) -> bool:
        """Tell whether its last entry is `log_close`.

        Raises:
            VerificationError: it can't be read.
        """
        return self._last().kind == "log_close"

    def following(self) -> dict[str, tuple[VerifierKey, ...]]:
        """Return, by origin, the keys that it closes with or announces for the shard after it.

        Raises:
            VerificationError: it can't be read, or what hands over can't be proven.
        """
        last = self._last()
        acts = [(self.reader.checkpoint().size - 1, last)] if self.is_closed() else log_acts(self.reader)
        handed: dict[str, tuple[VerifierKey, ...]] = {}
        for index, entry in acts:
            announces = entry.kind == "key" and entry.body["action"] == "announce"
            if announces or (entry.kind == "log_close" and entry.body["next"]):
                body = parse(prove_entry(self.reader, index).extra).body
                told = body if announces else body["next"]
                handed[told["origin"]] = read_vkeys_of(told["keys"])
        return handed

    def _last(self) -> Entry:
        size = self.reader.checkpoint().size
        return next(peek(data) for _, data in self.reader.entries(size - 1))


def believed_shards(
    shards: Sequence[tuple[str, Opener]], given: Sequence[VerifierKey]
) -> list[BelievedShard]:
    """Open the shards that the given keys speak for, oldest first.

    Args:
        shards: name (the month) and opener of each shard that is here, oldest first.
        given: the keys to trust.

    Raises:
        VerificationError: a shard can't be read, or an entry that hands over can't be proven.
    """
    found: list[BelievedShard] = []
    for name, opener in shards:
        named = any(key.name.endswith(f"/{name}") for key in given)
        handed = found[-1].following() if found and not named else {}
        keys, by = keys_for(name, given, {at: [key.vkey for key in keys] for at, keys in handed.items()})
        if by != "its own":
            found.append(BelievedShard(name, opener(keys)))
    return found
