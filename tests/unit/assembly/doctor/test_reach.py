"""`zoneproxy.assembly.doctor.reach`: whose addresses the doors have, and whether the servers are there."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.support.ports import free_port
from tests.unit.assembly.test_doctor import edit, made, zone
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.reach import check_doors, check_servers
from zoneproxy.assembly.logs import Opening

__all__ = ["made", "zone"]


def test_a_server_that_is_there_is_told_from_one_that_is_not(zone: Path) -> None:
    """One takes connections, the other refuses them; neither is a fault of the configuration."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        edit(zone, "127.0.30.10:8000", f"127.0.0.1:{there.getsockname()[1]}")
        edit(zone, "127.0.30.11:8000", f"127.0.0.1:{free_port()}")
        found = list(check_servers(Opening.read(zone / "zone.yaml")))
    assert [one.state for one in found] == [State.OK, State.ADVICE]
    assert "connection refused" in found[1].what


def test_a_zone_that_runs_listens(zone: Path) -> None:
    """A running zone whose door nobody holds is a fault; a stopped one needs its address only."""
    opening = Opening.read(zone / "zone.yaml")
    assert {one.state for one in check_doors(opening, running=False)} == {State.OK}
    assert {one.id for one in check_doors(opening, running=True) if one.state is State.FAULT} == {"door"}
