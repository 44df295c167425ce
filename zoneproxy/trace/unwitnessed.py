"""What lies beyond a log's presented checkpoint: signed by the log, and waiting for its witnesses.

A log with witnesses seals more often than it is cosigned; what is sealed and not cosigned lies beside, as
`unwitnessed` (`zoneproxy.trace.epoch`). For a shard that is closed it may be its last state.
"""

from __future__ import annotations

import contextlib

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.epoch import UNWITNESSED
from zoneproxy.trace.note import MAX_NOTE_BYTES
from zoneproxy.trace.reader import LogReader


def find_waiting(reader: LogReader) -> tuple[Checkpoint, bytes] | None:
    """Return the checkpoint that waits for witnesses, and its note; `None` if none is newer than the log's.

    Raises:
        VerificationError: what lies there is no checkpoint of this log.
    """
    note = reader.file(UNWITNESSED, MAX_NOTE_BYTES)
    if note is None:
        return None
    newest = open_checkpoint(note, reader.vkeys)
    with contextlib.suppress(VerificationError):
        if reader.checkpoint().size >= newest.size:
            return None
    return newest, note
