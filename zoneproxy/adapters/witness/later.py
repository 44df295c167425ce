"""The last state of a closed shard, cosigned after its writer has left it.

A month is closed whether or not its witnesses answer at that moment. Its final checkpoint is signed then, by
keys that are destroyed right after, and waits as `unwitnessed`; witnesses need no key of the log's, so it is
put before them again until a quorum has cosigned it. Only then it is presented, as `checkpoint`.

A crash in here leaves the checkpoint that lay there before, and the next round does the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.witness.panel import WitnessPanel, WitnessRules
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.durable import replace
from zoneproxy.trace.keyring import Keyring
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.merkle import prefix_root, prove_consistency
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.unwitnessed import find_waiting

Rules = Callable[[Sequence[VerifierKey]], WitnessRules | None]
"""Returns who cosigns the log with these keys; `None` where nobody is asked."""


class LaterWitness:
    """Puts what closed shards left before their witnesses, until a quorum has cosigned it.

    Args:
        rules: who cosigns.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._left: list[Path] = []

    @property
    def left(self) -> Sequence[Path]:
        """The shards whose last state no quorum has cosigned yet."""
        return self._left

    def take(self, directory: Path) -> None:
        """Take in a closed shard, if its last state waits for witnesses."""
        if directory not in self._left and find_waiting(open_log(directory)) is not None:
            self._left.append(directory)

    def round(self) -> bool:
        """Ask once for each; True if none is left.

        Raises:
            TraceError: a witness shows another history, or a file could not be written.
        """
        for directory in list(self._left):
            if self._cosign(directory):
                self._left.remove(directory)
        return not self._left

    def _cosign(self, directory: Path) -> bool:
        reader = open_log(directory)
        rules, found = self._rules(reader.vkeys), find_waiting(reader)
        if rules is None or found is None:
            return True
        checkpoint, note = found
        hashes = tile_hashes(reader, checkpoint.size)

        def root_at(size: int) -> bytes:
            if size > checkpoint.size:
                raise VerificationError(f"the log has only {checkpoint.size} entries", where=f"size {size}")
            return prefix_root(size, hashes)

        panel = WitnessPanel(rules, checkpoint.origin, Keyring(reader.vkeys, ()))
        whole = panel.cosign(
            checkpoint, note, lambda old, new: prove_consistency(old, new, tile_hashes(reader, new)), root_at
        )
        if whole is None:
            return False
        files = DiskFiles(directory)
        try:
            replace(files, CHECKPOINT, whole)
        except OSError as error:
            raise trace_error("a cosigned checkpoint could not be published", error) from error
        finally:
            files.close()
        return True
