"""A log and its witnesses: rounds of cosigning, and what happens when a quorum stays away.

Every interval, if the log has grown, the newest signed checkpoint goes to every witness of the trust file at
once. When those who cosigned are a quorum, the checkpoint is presented with their lines, archived, and named
in the log by an `epoch` entry (`zoneproxy.trace.epoch`). A log in which nothing else happens is cosigned now
and then all the same, so that its silence has a time.

Without a quorum the log goes on, and what it presents stays the last final checkpoint. After a while that
is an alarm, as a record and in the operator's log; after `max_unwitnessed_s`, where it is set, the log ends
as it does when its disk fails, and does not start again before a quorum answers.

At a start, and whenever a witness refuses, what the witness holds is held against what lies here: a witness
that shows a later or another state of this log, signed by the log, ends it: the disk was rolled back.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from zoneproxy.adapters.log.publisher import Fail, Publisher
from zoneproxy.adapters.witness.panel import WitnessPanel, WitnessRules
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Clock, Receipt
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.epoch import epoch_body, epoch_path
from zoneproxy.trace.note import Signer

ALARM = "witness-quorum-missing"
_MS_PER_S = 1000
_HOUR_MS = 60 * 60 * 1000.0

log = logging.getLogger(__name__)


class Witnessing:
    """Has one log cosigned.

    Args:
        rules: by whom, how often.
        origin: the log's origin.
        signer: signs its checkpoints.
        publisher: publishes it.
        clock: tells how long a quorum is missing.
        record: makes a record durable, waiting for it.
        fail: ends the log.
        stop: set when the thread shall end.

    Raises:
        ConfigError: a witness's address is none, or no quorum can ever be reached.
    """

    def __init__(
        self,
        rules: WitnessRules,
        *,
        origin: str,
        signer: Signer,
        publisher: Publisher,
        clock: Clock,
        record: Callable[[str, Mapping[str, Any]], Receipt],
        fail: Fail,
        stop: threading.Event,
    ) -> None:
        self._rules, self._publisher, self._clock = rules, publisher, clock
        self._record, self._fail, self._stop = record, fail, stop
        self._panel = WitnessPanel(rules, origin, signer)
        self._one_round = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="trace-witnesses", daemon=True)
        self._settled = -1  # the log has not grown if it has so many entries
        self._last_ms = clock.mono_ms()  # the last quorum
        self._missing_ms: int | None = None  # since when a quorum is missing
        self._alarmed = False
        self._epoch_ms: int | None = None  # the last epoch
        self._pause_ms = 0.0  # until the next one, while nothing else is logged

    # ---- at a start --------------------------------------------------------------------------

    def check_start(self, signed: Checkpoint) -> None:
        """Ask every witness what it holds of this log, before anything is written.

        Raises:
            TraceError: what it holds shows that this disk is not the newest state of the log.
        """
        self._panel.check_view(signed, self._publisher.root_at)

    def start(self) -> None:
        """Begin the rounds.

        Raises:
            TraceError: a quorum is insisted on and does not answer.
        """
        insist = self._rules.insist_at_start or self._rules.max_unwitnessed_s is not None
        if not self.round() and insist:
            raise TraceError(
                "no quorum of witnesses answers, and the configuration insists on one",
                hint="look at the lines above: which witness is missing, and why; "
                "the configuration's `witnesses` says who they are",
            )
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the thread."""
        if self._thread.is_alive():
            self._thread.join()

    # ---- rounds ------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._stop.wait(self._rules.interval_s):
            if self._publisher.newest is None or not self._due(self._publisher.newest[0].size):
                continue
            try:
                self.round()
            except TraceError:
                return

    def _due(self, size: int) -> bool:
        idle_ms = self._clock.mono_ms() - self._last_ms
        return size > self._settled or idle_ms >= self._rules.heartbeat_s * _MS_PER_S

    def round(self) -> bool:
        """Have the newest signed checkpoint cosigned; True if a quorum did.

        Raises:
            TraceError: the log failed, or this ended it.
        """
        with self._one_round:
            made = self._cosign()
            if made is None:
                self._miss()
                return False
            checkpoint, note = made
            if self._alarmed:
                log.info("a quorum of witnesses cosigns again: %d entries are final", checkpoint.size)
            self._missing_ms, self._alarmed, self._last_ms = None, False, self._clock.mono_ms()
            grown = checkpoint.size > self._settled
            self._settled = max(self._settled, checkpoint.size)
            self._note_epoch(checkpoint, note, grown=grown)
            return True

    def _note_epoch(self, checkpoint: Checkpoint, note: bytes, *, grown: bool) -> None:
        """Archive a cosigned checkpoint and name it in the log, where it is time for another bracket.

        An archived note is some 8 kB, so brackets are as wide as `epoch_interval_s` and no narrower. While
        nothing is logged they double, up to an hour: an entry after a silence has a bound that is not older
        than the silence was long.
        """
        now_ms = self._clock.mono_ms()
        least_ms = self._rules.epoch_interval_s * _MS_PER_S
        self._pause_ms = least_ms if grown else min(max(self._pause_ms, least_ms), _HOUR_MS)
        if self._epoch_ms is not None and now_ms - self._epoch_ms < self._pause_ms:
            return
        body = epoch_body(checkpoint, note, self._rules.trust)
        if not body["times"]:
            return
        self._epoch_ms = now_ms
        self._pause_ms = least_ms if grown else 2 * self._pause_ms
        self._publisher.archive(epoch_path(hashlib.sha256(note).hexdigest()), note)
        index = self._record("epoch", body).index
        # An epoch that follows its checkpoint at once is no growth to be cosigned.
        self._settled = index + 1 if index == checkpoint.size else checkpoint.size

    def last_round(self) -> None:
        """Have the last checkpoint of a log that closes cosigned; nothing is recorded any more."""
        with self._one_round:
            if self._cosign() is None:
                log.warning("the log closes without a quorum of witnesses for its last entries")

    def _cosign(self) -> tuple[Checkpoint, bytes] | None:
        """Ask all, and present what a quorum cosigned."""
        if self._publisher.newest is None:
            return None
        checkpoint, note = self._publisher.newest
        try:
            whole = self._panel.cosign(checkpoint, note, self._publisher.prove, self._publisher.root_at)
        except TraceError as failure:
            self._fail(failure)
            raise
        if whole is None:
            return None
        self._publisher.present(checkpoint, whole)
        return checkpoint, whole

    # ---- a quorum that stays away ------------------------------------------------------------

    def _miss(self) -> None:
        now_ms = self._clock.mono_ms()
        self._missing_ms = now_ms if self._missing_ms is None else self._missing_ms
        missing_s = (now_ms - self._missing_ms) / _MS_PER_S
        limit = self._rules.max_unwitnessed_s
        if limit is not None and missing_s >= limit:
            failure = TraceError(
                f"no quorum of witnesses cosigned the log for {missing_s:.0f} seconds",
                hint="the configuration asks the log to end then (`max_unwitnessed`): bring the witnesses "
                "back; the boundary starts as soon as a quorum answers",
            )
            self._fail(failure)
            raise failure
        if missing_s >= self._rules.alarm_after_s and not self._alarmed:
            self._alarmed = True
            unwitnessed = self._publisher.waiting
            log.error(
                "alarm: no quorum of witnesses for %.0f seconds, %d entries are not final",
                missing_s,
                unwitnessed,
            )
            self._record("alarm", {"code": ALARM, "flow": None, "count": unwitnessed})
