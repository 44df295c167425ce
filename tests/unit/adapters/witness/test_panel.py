"""`zoneproxy.adapters.witness.panel`: a quorum counts, a silent witness does not, a roll-back is raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer
from tests.support.witness_lab import new_log, new_witness, rules, serving
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.witness.panel import WitnessPanel, WitnessRules, make_feeds
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.trust import parse_trust


def test_a_quorum_cosigns(tmp_path: Path) -> None:
    """The note comes back with the lines of a quorum, or not at all (Z14)."""
    reader = open_log(new_log(tmp_path / "log"))
    key, *_ = new_witness(tmp_path / "witness")
    note, head = reader.note(), reader.checkpoint()
    with serving(tmp_path / "witness") as witness:
        made = rules(witness)
        whole = WitnessPanel(made, ORIGIN, joint_signer()).cosign(
            head, note, lambda *_: [], lambda _: head.root
        )
    assert whole is not None
    assert made.trust.holds(made.trust.cosigned_by(whole))
    text = f"witness w {key.vkey} http://127.0.0.1:9\nquorum w\n"
    gone = WitnessPanel(WitnessRules(parse_trust(text.encode()), timeout_s=1), ORIGIN, joint_signer())
    assert gone.cosign(head, note, lambda *_: [], lambda _: head.root) is None
    gone.check_view(head, lambda _: head.root)  # who can't be asked proves nothing


def test_another_history_is_raised(tmp_path: Path) -> None:
    """What a witness shows under the log's own keys ends it (Z14)."""
    reader = open_log(new_log(tmp_path / "log"))
    new_witness(tmp_path / "witness")
    head = reader.checkpoint()
    with serving(tmp_path / "witness") as witness:
        panel = WitnessPanel(rules(witness), ORIGIN, joint_signer())
        panel.cosign(head, reader.note(), lambda *_: [], lambda _: head.root)
        with pytest.raises(TraceError, match="rolled back"):
            panel.check_view(Checkpoint(ORIGIN, head.size, bytes(32)), lambda _: bytes(32))


def test_who_can_never_be_a_quorum(tmp_path: Path) -> None:
    """Witnesses without an address are told before anything is asked."""
    key, *_ = new_witness(tmp_path / "witness")
    trust = parse_trust(f"witness w {key.vkey}\nquorum w\n".encode())
    with pytest.raises(ConfigError, match="no quorum"):
        make_feeds(WitnessRules(trust), ORIGIN, joint_signer())
