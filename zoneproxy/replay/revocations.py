"""A log against revocations: what was signed after the last trusted head counts for nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from zoneproxy.replay.flaws import FlawClass, Flaws
from zoneproxy.replay.report import AuditReport, with_flaws
from zoneproxy.replay.shardwalk import is_beginning
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.roottrust import Revocation


def check_revocations(
    reader: LogReader,
    report: AuditReport,
    revoked: Sequence[Revocation],
    believed: Collection[VerifierKey],
) -> AuditReport:
    """Add what the revocations say to a log's audit.

    Args:
        reader: the log; its keys are those that its newest checkpoint was checked with.
        report: its audit.
        revoked: all revocations; those of other logs don't matter.
        believed: the keys that the trust file names. A key that a revoked one handed over to is not believed
            for it.
    """
    flaws = Flaws()
    own = [key for key in reader.vkeys if key.name == report.origin]
    for one in revoked if report.origin else ():
        if one.head.origin != report.origin:
            continue
        proof = {"vkey": one.key.vkey, "size": str(one.head.size), "root": one.head.root.hex()}
        if report.size < one.head.size:
            told = f"it has {report.size} entries, but its first {one.head.size} are trusted: an older state"
            flaws.add(FlawClass.MISSING, CHECKPOINT, told, proof)
            continue
        if not any(key in believed for key in own) and report.size > one.head.size:
            told = f"a key that was revoked signed it: entries from {one.head.size} on are not trusted"
            flaws.add(FlawClass.INVALID, CHECKPOINT, told, proof)
        if one.head.size:
            try:
                is_beginning(reader, one.head)
            except VerificationError as error:
                told = f"it does not begin with the last trusted {one.head.size} entries: {error.message}"
                flaws.add(FlawClass.INVALID, CHECKPOINT, told, proof)
    return with_flaws(report, flaws.found)
