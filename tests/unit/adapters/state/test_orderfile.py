"""`zoneproxy.adapters.state.orderfile`: whole or unreadable, never half; one writer at a time (Z21)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.support.crash_files import CrashFiles, PowerLossError
from zoneproxy.adapters.state import orderfile
from zoneproxy.adapters.state.orderfile import OrderFile, decode, encode
from zoneproxy.terms.errors import ConfigError

OLD, NEW = b'{"revision": 1}', b'{"revision": 2, "stops": []}'


@pytest.fixture
def orders(tmp_path: Path) -> OrderFile:
    made = OrderFile(tmp_path / "state/orders")
    made.found(OLD)
    return made


def test_what_was_written_is_read(orders: OrderFile) -> None:
    """A file comes back as it was given, private, and looks different at a glance."""
    before = orders.glance()
    assert orders.read() == OLD
    with orders.turn():
        orders.write(NEW)
    assert orders.read() == NEW
    assert orders.glance() != before
    assert orders.path.stat().st_mode & 0o777 == 0o600
    assert orders.root.stat().st_mode & 0o777 == 0o700


def test_the_folder_is_founded_once(orders: OrderFile, tmp_path: Path) -> None:
    """A second start never empties what the first one left."""
    with orders.turn():
        orders.write(NEW)
    OrderFile(orders.root).found(OLD)
    assert orders.read() == NEW
    assert [place.name for place in (tmp_path / "state").iterdir()] == ["orders"]


def test_two_that_found_at_once_agree(tmp_path: Path) -> None:
    """Two workers that start together both find one whole file."""
    gate = threading.Barrier(4)
    read = list[bytes]()

    def start() -> None:
        one = OrderFile(tmp_path / "orders")
        gate.wait()
        one.found(OLD)
        read.append(one.read())

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [OLD] * 4


@pytest.mark.parametrize("cut", range(1, len(encode(NEW))))
def test_a_torn_file_is_unreadable(tmp_path: Path, cut: int) -> None:
    """Z22: no beginning of a file is a file."""
    with pytest.raises(ConfigError, match="can't be read"):
        decode(encode(NEW)[:cut], tmp_path)


@pytest.mark.parametrize("place", range(len(encode(NEW))))
def test_a_changed_byte_is_seen(tmp_path: Path, place: int) -> None:
    """Z22: whatever byte a disk changes, nothing is read."""
    data = bytearray(encode(NEW))
    data[place] ^= 1
    with pytest.raises(ConfigError):
        decode(bytes(data), tmp_path)


def test_a_file_that_vanished_is_no_empty_one(orders: OrderFile) -> None:
    """Z21: deleting the file lifts nothing."""
    orders.path.unlink()
    OrderFile(orders.root).found(OLD)
    with pytest.raises(ConfigError, match="it is gone"):
        orders.read()
    assert orders.glance() is None


def test_what_is_no_plain_file_is_unreadable(orders: OrderFile) -> None:
    """Z22: a link or a folder under its name is not followed."""
    orders.path.unlink()
    orders.path.symlink_to("/dev/zero")
    with pytest.raises(ConfigError):
        orders.read()


def test_writers_take_turns(orders: OrderFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two acts never write over each other; one that waits too long says so."""
    monkeypatch.setattr(orderfile, "_TURN_S", 0.05)
    with (
        orders.turn(),
        pytest.raises(ConfigError, match="another program is changing"),
        OrderFile(orders.root).turn(),
    ):
        pass
    with orders.turn():
        pass


def test_a_full_disk_leaves_the_old_file(orders: OrderFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z21: a stop that could not be kept is an error, and what was kept stays whole."""

    def full(handle: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with orders.turn(), pytest.raises(OSError, match="No space left"):
        orders.write(NEW)
    assert orders.read() == OLD


def test_a_power_loss_leaves_the_old_file_or_the_new() -> None:
    """Z21: whenever the power goes, what is left holds a whole file; at the end the new one."""
    base = {"orders": encode(OLD)}
    crash_at = 0
    while True:
        files = CrashFiles(base, crash_at)
        try:
            OrderFile(Path("x"), files).write(NEW)
        except PowerLossError:
            for disk in files.disks():
                assert OrderFile(Path("x"), CrashFiles(disk)).read() in (OLD, NEW)
            crash_at += 1
            continue
        for disk in files.disks():
            assert OrderFile(Path("x"), CrashFiles(disk)).read() == NEW
        break
    assert crash_at > 3
