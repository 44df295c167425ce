"""What lies beside the shards of a log must say what the shards say.

    months        one line for each shard that is here, oldest first
    shards.json   the base origin that all shards have

Neither is believed, and a copy needs neither. But whoever reads over HTTP learns from `months` which shards
there are, and the next start takes the log for the one that `shards.json` names.
"""

from __future__ import annotations

from collections.abc import Sequence

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.trace import canonical
from zoneproxy.trace.months import split_origin

FORMAT = "zoneproxy-shards-1"
SHARDS_FILE, MONTHS_FILE = "shards.json", "months"
MAX_BYTES = 64 * 1024
"""The largest list of months that is read, and the largest description."""


def months_list(names: Sequence[str]) -> bytes:
    """Write the list of these months, oldest first."""
    return "".join(f"{name}\n" for name in names).encode()


def description(base: str) -> bytes:
    """Write what `shards.json` says of the log with this base origin."""
    return canonical.encode({"format": FORMAT, "origin": base}) + b"\n"


def check_shard_files(
    names: Sequence[str], origins: Sequence[str], months: bytes | None, described: bytes | None, flaws: Flaws
) -> None:
    """Compare the files beside the shards with the shards.

    Args:
        names: the months whose shards are here, oldest first.
        origins: the shards' own origins; empty ones of those that can't be read.
        months: the bytes of `months`; `None` where there is none.
        described: those of `shards.json`, or `None`.
        flaws: takes what does not agree.
    """
    if months is not None and months != months_list(names):
        named = months.decode("ascii", "replace").split("\n")[:-1]
        for name in sorted(set(names) - set(named)):
            told = "the shard is here and not named: who reads over HTTP does not see it"
            flaws.add(FlawClass.MISSING, f"{MONTHS_FILE}, {name}", told, level=Level.SIGNATURES)
        for name in sorted(set(named) - set(names)):
            told = "the shard is named and not here"
            flaws.add(FlawClass.MISSING, f"{MONTHS_FILE}, {name[:32]}", told, level=Level.SIGNATURES)
        if set(named) == set(names):
            told = "it does not name each shard on a line of its own, oldest first"
            flaws.add(FlawClass.INVALID, MONTHS_FILE, told, level=Level.SIGNATURES)
    bases = {parts[0] for origin in origins if (parts := split_origin(origin)) is not None}
    if described is not None and bases and described not in map(description, bases):
        told = "it does not name the log whose shards these are"
        proof = {"shards of": ", ".join(sorted(bases))}
        flaws.add(FlawClass.INVALID, SHARDS_FILE, told, proof, Level.SIGNATURES)
