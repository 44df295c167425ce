"""Redactions carried out: ordered, recorded, erased, and finished after a crash.

The order of effects and what a crash leaves stand in `zoneproxy.trace.erasure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.upkeep.logport import LogPort, Mark
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.datakey import Holder
from zoneproxy.trace.erasure import (
    INTENT,
    TEMPORARY_KEY,
    Eraser,
    Intent,
    read_intent,
    remove_intent,
    write_intent,
)
from zoneproxy.trace.files import Files
from zoneproxy.trace.sealer import Sealing

KIND = "redaction"
Body = Mapping[str, Any]


class Redactor:
    """Erases private parts of one log, or of one shard, each time in the same order.

    Args:
        port: reaches the log.
        holders: the keys that open what fields are to be taken out of.
        sealing: how what remains is encrypted again.
    """

    def __init__(self, port: LogPort, holders: Sequence[Holder], sealing: Sealing | None) -> None:
        self._port = port
        self._holders = holders
        self._sealing = sealing

    def redact(self, bodies: Sequence[Body]) -> list[int]:
        """Record a redaction and carry it out; an unfinished one is finished first.

        Args:
            bodies: the records' public bodies, of kind `redaction`.

        Returns:
            The records' indexes.

        Raises:
            ConfigError: another process holds the log; nothing was changed.
            VerificationError: it can't be done; nothing was changed.
            TraceError: the log or the disk failed; the next start finishes what was begun.
        """
        self.finish()
        mark = self._port.mark()
        with self._port.alone() as files:
            eraser = self._eraser(files)
            for body in bodies:
                eraser.check(body)
            intent = Intent(mark.origin, mark.size, tuple(bodies))
            try:
                write_intent(files, intent)
            except OSError as error:
                raise trace_error("the order could not be written", error) from error
        return self._carry_out(intent, bodies)

    def finish(self) -> bool:
        """Finish what a crash cut off; True if there was something.

        Raises:
            ConfigError: another process holds the log.
            TraceError: the log or the disk failed.
        """
        with self._port.alone() as files:
            intent = read_intent(files)
        if intent is None:
            return False
        self._port.record([])  # publishes what a crash left, so that all records can be read
        written = self._port.since(Mark(intent.at, intent.size), KIND)
        self._carry_out(intent, [body for body in intent.bodies if dict(body) not in written])
        return True

    def _carry_out(self, intent: Intent, missing: Sequence[Body]) -> list[int]:
        receipts = self._port.record([(KIND, body) for body in missing]) if missing else []
        with self._port.alone() as files:
            eraser = self._eraser(files)
            try:
                for body in intent.bodies:
                    eraser.erase(body)
                remove_intent(files)
            except OSError as error:
                raise trace_error("the erasure could not be finished", error) from error
        return [receipt.index for receipt in receipts]

    def _eraser(self, files: Files) -> Eraser:
        origin = self._port.origin
        sealer = (
            None if self._sealing is None else self._sealing.session(files, origin, temporary=TEMPORARY_KEY)
        )
        return Eraser(files, origin, self._holders, sealer)


def has_pending(directory: Path) -> bool:
    """Tell whether a redaction was cut off here.

    Raises:
        VerificationError: the order is no plain file.
    """
    files = DiskFiles(directory)
    try:
        return files.read(INTENT) is not None
    except OSError as error:
        raise VerificationError("the order of a redaction can't be read", where=INTENT) from error
    finally:
        files.close()
