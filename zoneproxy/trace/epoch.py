"""Epochs: a witnessed checkpoint goes into the log itself, and brackets the time of entries.

When a quorum of witnesses has cosigned a checkpoint, the note with all cosignatures is archived under its
SHA-256, and an entry of kind `epoch` names it:

    size   entries that the checkpoint covers        root   its root hash, hex
    note   SHA-256 of the archived note, hex
    times  [{name, key, at}]: each cosigner's name, its key's id (8 hex digits) and its time, in seconds

The epoch and all entries after it were written after the cosignatures, because nobody could know the note's
hash before; entries that the checkpoint covers were written before them. The operator's clock does not
enter.

    <log>/epoch/<first 2 hex digits>/<the other 62>     the note

Of several times the middle one counts, so that no single witness of a quorum can move it far.

Worked example: an epoch at index 41 with size 40 and times 100 and 104: entries 0 to 39 are from before
104, entries from 41 on from after 100.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.trust import TrustPolicy

UNWITNESSED = "unwitnessed"
"""Where the newest checkpoint of a log lies that waits for witnesses, beside `checkpoint`."""

MAX_TIMES = 32
_PATH = re.compile(r"epoch/[0-9a-f]{2}/[0-9a-f]{62}\Z", re.ASCII)


def epoch_path(digest: str) -> str:
    """Return where the note with this SHA-256 (hex) is archived."""
    return f"epoch/{digest[:2]}/{digest[2:]}"


def is_epoch_path(path: str) -> bool:
    """Tell whether an archived note may lie there."""
    return _PATH.match(path) is not None


def epoch_body(checkpoint: Checkpoint, note: bytes, trust: TrustPolicy) -> dict[str, Any]:
    """Return the public fields of the entry for a cosigned checkpoint.

    Raises:
        VerificationError: a cosignature does not verify.
    """
    times = [
        {"name": _printable(trust.witnesses[name].name), "key": trust.witnesses[name].key_id.hex(), "at": at}
        for name, at in trust.times(note).items()
    ][:MAX_TIMES]
    digest = hashlib.sha256(note).hexdigest()
    return {"size": checkpoint.size, "root": checkpoint.root.hex(), "note": digest, "times": times}


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:255]


def claimed_seconds(body: Mapping[str, Any]) -> list[int]:
    """Return the times that an `epoch` entry claims."""
    return [int(time["at"]) for time in body["times"]]


def middle(seconds: Sequence[int]) -> tuple[int, int]:
    """Return the middle of some times, and where there are two the earlier and the later.

    Raises:
        VerificationError: there is none.
    """
    if not seconds:
        raise VerificationError("nobody says when the checkpoint was cosigned", where="epoch")
    ordered = sorted(seconds)
    return ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
