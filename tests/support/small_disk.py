"""A disk of its own under a folder: it can be filled, and can fail as a disk fails, for one test.

A file holds an ext4 file system, mounted through a loop device; a small one that shall be full to the last
byte lies in memory. Only root may mount them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk.

    Attributes:
        place: the folder that it is mounted on.
        image: the file that holds it.
    """

    place: Path
    image: Path

    @property
    def free_bytes(self) -> int:
        status = os.statvfs(self.place)
        return status.f_bavail * status.f_frsize

    def fill(self, leave_bytes: int) -> Path:
        """Leave so much room; return the file that takes the rest."""
        filler = self.place / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free_bytes - leave_bytes))
        return filler

    def fill_up(self) -> Path:
        """Leave no room at all."""
        filler = self.place / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        return filler

    def fail(self) -> None:
        """Have it do what ext4 does at an error of the disk: from now on nothing can be written."""
        made = _run("mount", "-o", "remount,abort", str(self.place))
        if "emergency_ro" not in Path("/proc/mounts").read_text() and made.returncode:
            raise AssertionError(made.stderr)

    def mend(self) -> None:
        """Put what it durably holds on another disk, and that in its place."""
        other = self.image.with_name(f"{self.image.name}.other")
        for command in (
            ("umount", str(self.place)),
            ("cp", "--sparse=always", str(self.image), str(other)),
            ("e2fsck", "-fy", str(other)),
            ("mount", "-o", "loop", str(other), str(self.place)),
        ):
            made = _run(*command)
            if made.returncode > 1:  # 1 is e2fsck's word for what it corrected
                raise AssertionError(made.stderr)


def missing() -> str:
    """Tell what is missing to mount a disk, or nothing."""
    if os.geteuid() != 0:
        return "only root mounts a disk"
    for program in ("mount", "mkfs.ext4", "e2fsck"):
        if shutil.which(program) is None:
            return f"there is no `{program}` (Debian: mount, e2fsprogs)"
    return ""


@contextlib.contextmanager
def small_disk(place: Path, size_bytes: int, *, memory: bool = False) -> Iterator[SmallDisk]:
    """Put a disk, or memory, under a folder, with what the folder holds.

    Raises:
        AssertionError: it can't be made.
    """
    image = place.with_name(f"{place.name}.img")
    kept = place.with_name(f"{place.name}.kept")
    with image.open("wb") as file:
        file.truncate(size_bytes)
    place.rename(kept)
    place.mkdir(mode=0o700)
    disk = (
        ("mkfs.ext4", "-q", "-m", "0", str(image)),
        ("mount", "-o", "loop", str(image), str(place)),
    )
    in_memory = (("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(place)),)
    for command in in_memory if memory else disk:
        made = _run(*command)
        if made.returncode:
            raise AssertionError(made.stderr)
    try:
        if not memory:
            (place / "lost+found").rmdir()
        shutil.copytree(kept, place, dirs_exist_ok=True)
        _run("sync", "--file-system", str(place))
        yield SmallDisk(place, image)
    finally:
        shutil.rmtree(kept)
        made = _run("umount", str(place))
        if made.returncode:
            _run("umount", "--lazy", str(place))
