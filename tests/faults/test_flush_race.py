"""A disk that gives up in the midst of flushes: what was said to be durable is there, whatever the moment.

ext4's flush itself fails here, in about one of ten runs: it says that all is well of bytes that are lost.
"""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.support.length import sample
from tests.support.small_disk import missing, small_disk
from zoneproxy.adapters.files.disk import DiskFiles

pytestmark = [pytest.mark.live, pytest.mark.slow]

MIB = 1024 * 1024
ROUNDS = sample(30, 150)


class Writing(threading.Thread):
    """Appends to a file and flushes it, until the disk takes no more.

    Attributes:
        said_bytes: so many are durable, it was said.
    """

    def __init__(self, files: DiskFiles, seed: int) -> None:
        super().__init__()
        self._files, self._random = files, random.Random(seed)
        self.said_bytes = 0
        self.trouble: OSError | None = None

    def run(self) -> None:
        grown = 0
        try:
            while grown < 24 * MIB:
                size = self._random.randint(1_000, 20_000)
                self._files.append("log", b"x" * size)
                self._files.sync("log")
                grown += size
                self.said_bytes = grown
        except OSError as error:
            self.trouble = error


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_what_was_said_to_be_durable_is_there(seed: int, tmp_path: Path) -> None:
    """Z13, Z14: the disk fails at any moment of an append or a flush."""
    place = tmp_path / "disk"
    place.mkdir()
    with small_disk(place, 32 * MIB) as disk:
        files = DiskFiles(place)
        files.create("log", private=True)
        files.sync_folder("")
        writing = Writing(files, seed)
        writing.start()
        time.sleep(random.Random(seed).uniform(0.02, 0.05))
        disk.fail()
        writing.join(60)
        assert writing.trouble is not None
        assert writing.said_bytes
        files.close()
        disk.mend()
        assert (place / "log").stat().st_size >= writing.said_bytes
