"""One shard as it is written: a log that can be closed for good, and whose keys can be renewed.

A shard ends with an `abort` for each exchange that is still under way, the note of the stop, and
`log_close`; nothing may follow. `finish` writes that as the last group of a log that runs, `finish_left`
for a log that a crash left open; both publish it, and what they return is the shard's final checkpoint.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.log.groups import GroupWriter
from zoneproxy.adapters.log.jobs import Job
from zoneproxy.adapters.log.publisher import Publisher
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.witness.panel import WitnessPanel, WitnessRules
from zoneproxy.terms.errors import TraceError, VerificationError
from zoneproxy.terms.ports import Clock, Entropy, Receipt
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import Draft, draft
from zoneproxy.trace.keyring import KeyChange, Keyring, own_checkpoint
from zoneproxy.trace.ledger import CHECKPOINT, Ledger
from zoneproxy.trace.opening import SEED_BYTES

_CLOSE = "log_close"


class ShardLog(TraceLog):
    """A running shard; see `TraceLog` for the arguments. Its signer is a `Keyring`."""

    def __init__(self, directory: Path, *, signer: Keyring, **settings: Any) -> None:
        signer.watch(lambda: self._group.chains.keys)
        self.ring = signer
        self.handovers = 0  # how many changes of keys have left their handover files
        super().__init__(directory, signer=signer, **settings)

    @property
    def key_changes(self) -> tuple[KeyChange, ...]:
        """What became of the shard's keys so far, oldest first."""
        return self._group.chains.keys

    def record(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any] | None = None) -> Receipt:
        """Make one record durable, from a thread that may wait; see `append`."""
        return self._submit(kind, body, private or {}, None).result()

    def publish_now(self) -> Checkpoint:
        """Publish what is durable, from a thread that may wait, and return the newest checkpoint.

        Raises:
            TraceError: it failed, and with it the log.
        """
        self._publisher.publish()
        return self._newest()

    def put_file(self, path: str, data: bytes) -> None:
        """Put a public file that never changes beside the log's own.

        Raises:
            TraceError: it failed, and with it the log.
        """
        self._publisher.archive(path, data)

    def _newest(self) -> Checkpoint:
        if self._publisher.newest is None:
            raise TraceError("the log was not published yet", hint="restart the boundary")
        return self._publisher.newest[0]

    def close_now(self) -> None:
        """Note the stop, publish, let the next process in; from a thread that may wait. See `close`."""
        self._close()

    def finish(self, following: Mapping[str, Any]) -> Checkpoint:
        """Close the shard for good and return its final checkpoint; `following` is `log_close`'s `next`.

        Raises:
            TraceError: the log failed before, or failed now.
        """
        with self._gate:
            self._closing = True
            self._jobs.put(None)
        self._end_threads()
        try:
            if self._failure is not None:
                raise self._failure
            drafts = last_drafts(self._group.chains, following, "turn", self._entropy)
            try:
                self._group.write([Job(made, Future()) for made in drafts])
            except (OSError, VerificationError) as error:
                failure = trace_error("the shard could not be closed", error)
                self._fail(failure)
                raise failure from error
            self._publish_last()
            return self._newest()
        finally:
            self._release()


def last_drafts(chains: Chains, following: Mapping[str, Any], cause: str, entropy: Entropy) -> list[Draft]:
    """Return the entries that end a shard: aborts of what is under way, the stop, `log_close`."""
    ends: list[tuple[str, dict[str, Any]]] = [
        ("abort", {"flow": flow, "dec": index, "cause": cause}) for index, flow in chains.under_way.items()
    ]
    ends += [("worker_stop", {"cause": "stop"}), (_CLOSE, {"next": dict(following)})]
    return [draft(kind, body, {}, entropy.token(SEED_BYTES)) for kind, body in ends]


def finish_left(
    directory: Path,
    signer: Keyring,
    following: Mapping[str, Any],
    *,
    log_origin: str,
    clock: Clock,
    entropy: Entropy,
    node: str,
    worker: str,
    witnesses: WitnessRules | None = None,
) -> Checkpoint:
    """Close a shard that a crash left open, or left unpublished; return its final checkpoint.

    Done already, it changes nothing. Its witnesses are asked first whether this is its newest state, and
    then to cosign the last one; where no quorum does, that waits for it (`zoneproxy.adapters.witness.later`).

    Raises:
        ConfigError: another process writes it, or its private keys are gone.
        TraceError: it does not verify, a witness shows a later state, or the disk failed.
    """
    files = DiskFiles(directory)
    ledger = Ledger(files, log_origin, signer)
    group = GroupWriter(ledger, None, clock=clock, node=node, worker=worker)
    signer.watch(lambda: group.chains.keys)
    left = Publisher(
        ledger, files, interval_s=0.0, fail=lambda _: None, failure=lambda: None,
        stop=threading.Event(), waits=witnesses is not None,
    )  # fmt: skip
    panel = None if witnesses is None else WitnessPanel(witnesses, log_origin, signer)
    try:
        with DirectoryLock(directory):
            ledger.recover(
                group.visit,
                group.resume,
                None if panel is None else lambda signed: panel.check_view(signed, left.root_at),
            )
            if group.chains.last != _CLOSE:
                drafts = last_drafts(group.chains, following, "recovery", entropy)
                group.write([Job(made, Future()) for made in drafts])
            left.publish()
            if left.newest is None:
                return own_checkpoint(files.read(CHECKPOINT) or b"", signer, log_origin)
            checkpoint, note = left.newest
            if panel is not None:
                whole = panel.cosign(checkpoint, note, left.prove, left.root_at)
                if whole is not None:
                    left.present(checkpoint, whole)
            return checkpoint
    except (OSError, VerificationError) as error:
        raise trace_error(f"the shard in `{directory}` could not be closed", error) from error
    finally:
        files.close()
