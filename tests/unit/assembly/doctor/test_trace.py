"""`zoneproxy.assembly.doctor.trace`: a log that does not hold, and witnesses that are silent."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.assembly.test_doctor import made, zone
from zoneproxy.assembly.doctor import trace
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.trace import check_log, check_witnesses
from zoneproxy.assembly.logs import Opening

__all__ = ["made", "zone"]


def test_a_sound_log_holds_at_its_edge(zone: Path) -> None:
    """The last entry is proven to be in the signed tree; of a running zone it is said that it runs."""
    opening = Opening.read(zone / "zone.yaml")
    assert [one.id for one in check_log(opening, running=False)] == ["log"]
    assert [one.id for one in check_log(opening, running=True)] == ["log", "log-written"]


def test_a_changed_last_entry_is_found(zone: Path) -> None:
    """Z14: the newest bundle is read, not only the checkpoint."""
    bundles = sorted((zone / "log").rglob("tile/entries/*"))
    newest = [path for path in bundles if path.is_file()] or sorted(
        path for path in (zone / "log").rglob("tile/entries/**/*") if path.is_file()
    )
    data = bytearray(newest[-1].read_bytes())
    data[-1] ^= 1
    newest[-1].chmod(0o644)
    newest[-1].write_bytes(data)
    assert [one.state for one in check_log(Opening.read(zone / "zone.yaml"), running=False)] == [State.FAULT]


@pytest.mark.parametrize(
    ("urls", "state"),
    [({"w1": "http://127.0.0.1:9/"}, State.ADVICE), ({"w1": "not a url"}, State.ADVICE), ({}, State.FAULT)],
)
def test_a_silent_witness_is_told(
    urls: dict[str, str], state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that does not answer is advice: a quorum of the others may; none at all is a fault."""
    monkeypatch.setattr(trace, "read_trust", lambda _path: SimpleNamespace(urls=urls))
    config = SimpleNamespace(
        witnesses=SimpleNamespace(policy="trust"), log=SimpleNamespace(origin="zone.test/log")
    )
    opening = SimpleNamespace(config=config, folder=tmp_path)
    assert [one.state for one in check_witnesses(opening)] == [state]  # type: ignore[arg-type]
