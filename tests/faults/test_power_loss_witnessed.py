"""Power loss in a log that waits for witnesses: what is sealed only is neither lost nor doubled."""

from __future__ import annotations

import pytest

from tests.faults.test_power_loss import Observed, search
from zoneproxy.trace import durable
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.epoch import UNWITNESSED
from zoneproxy.trace.ledger import CHECKPOINT


class Waiting(Observed):
    """Presents every second checkpoint that it sealed, as if the witnesses were slow."""

    turn = 0

    def publish(self) -> Checkpoint:
        checkpoint, note = self.seal()
        durable.replace(self._files, UNWITNESSED, note)
        self.turn += 1
        if self.turn % 2 == 0:
            self.present(checkpoint, note)
        return checkpoint


class PresentedBeforeSealed(Observed):
    """Mutant: a checkpoint is presented while its signature is not durable in `state/signed`."""

    def _write_signed(self, note: bytes) -> None:
        durable.replace(self._files, CHECKPOINT, note)
        super()._write_signed(note)


@pytest.mark.parametrize("long", [False, True])
def test_waiting_for_witnesses_survives_power_loss_at_any_moment(*, long: bool) -> None:
    """On every disk left nothing acknowledged is lost, nothing signed contradicted (Z13, Z14)."""
    crashes, disks = search(Waiting, long=long)
    assert crashes > 60
    assert disks > 2 * crashes


def test_mutant_presented_before_it_is_signed_durably() -> None:
    """A checkpoint that readers see before the log would know of it at its next start is found."""
    with pytest.raises(AssertionError, match="refused"):
        search(PresentedBeforeSealed)
