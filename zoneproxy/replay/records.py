"""A log's entries as the walk needs them: parsed, with their private parts opened where they lie there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.bundle_file import load_any
from zoneproxy.replay.rewalk import Recorded
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.trace.entry import parse
from zoneproxy.trace.opening import check_opening
from zoneproxy.trace.reader import LogReader

_WALKED = ("decision", "return", "abort")


def records(reader: LogReader) -> Iterator[Recorded]:
    """Yield the decisions and ends of a log, in its order.

    Raises:
        VerificationError: an entry, an opening or the checkpoint does not hold.
    """
    for index, data in reader.entries():
        entry = parse(data)
        if entry.kind not in _WALKED:
            continue
        opening = reader.opening(index)
        yield Recorded(index, entry.kind, entry.body, _private(opening, entry.prv), entry.header.ts)


def _private(record: bytes | None, commitment: str) -> Mapping[str, Any] | None:
    """Open an entry's private fields; `None` where they are withheld, or a fact of theirs was erased."""
    if record is None:
        return None
    opening = check_opening(record, commitment)
    return None if opening.digests.keys() & VOCABULARY.keys() else opening.fields


def archived_policy(reader: LogReader, digest: str) -> Policy:
    """Load a policy from the log's archive.

    Raises:
        KeyError: it is not there.
        PolicyError: this version of the program can't read it.
        BundleError: nor the bundle that it came in.
        VerificationError: the archived bytes have another digest.
    """
    data = reader.policy(digest)
    if data is None:
        raise KeyError(digest)
    return load_any(data, f"policy/{digest}")
