"""`zoneproxy.assembly.doctor.files`: every secret that a configuration names is looked at, and the room."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.assembly.test_doctor import made, zone
from zoneproxy.assembly.doctor.files import check_disks, check_files, secrets_of
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.logs import Opening

__all__ = ["made", "zone"]


def test_every_private_key_that_init_makes_is_a_secret(zone: Path) -> None:
    """A new kind of key that the doctor does not know would be found here."""
    config = Opening.read(zone / "zone.yaml").config
    named = {(zone / name).resolve() for name in secrets_of(config)}
    known = named | {path for folder in named if folder.is_dir() for path in folder.iterdir()}
    private = {path.resolve() for path in zone.rglob("*.key")}
    assert private
    assert private <= known


def test_a_folder_where_others_write_is_no_place_for_a_key(zone: Path) -> None:
    """Who can replace a key need not read it."""
    opening = Opening.read(zone / "zone.yaml")
    key = zone / next(iter(secrets_of(opening.config)))
    (key if key.is_dir() else key.parent).chmod(0o777)
    found = {one.id for one in check_files(opening) if one.state is State.FAULT}
    assert found & {"secret-replaceable", "secret-mode"}


@pytest.mark.parametrize(
    ("free", "state"),
    [(10 * 2**30, State.OK), (2**30, State.ADVICE), (2**20, State.FAULT)],
)
def test_room_is_told_before_it_is_gone(
    free: int, state: State, zone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z13: without room nothing is recorded, so nothing passes."""
    status = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_files=10**6, f_favail=10**6)
    monkeypatch.setattr("os.statvfs", lambda _path: status)
    assert {one.state for one in check_disks(Opening.read(zone / "zone.yaml"))} == {state}
    assert os.path.exists(zone)  # noqa: PTH110 - the module that is patched
