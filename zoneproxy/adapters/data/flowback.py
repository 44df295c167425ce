"""Daily runs of fingerprints of what was returned: collected by the boundary, signed, looked up inland.

    2027-01-15.w1.part    fingerprints in the order of the answers, 8 bytes each, little-endian; being written
    2027-01-15.w1.run     the same, ascending and once each; closed, never changed
    2027-01-15.w1.note    signed note of the run: `zoneproxy/flowback/v1`, zone, day, count, SHA-256 (hex)

A worker writes its own part, so that nobody waits for another. A part is closed when its day is over, or by
`zoneproxy flowback build`. What a crash cuts off in a part (less than one fingerprint) is left out.

Bounds: `most_bytes` for each part, after which nothing more of that day is kept, and it is told; runs older
than `keep_days` are deleted. No text is kept, and without the key nobody can try texts out.

Trust: whoever holds the key and the runs can tell whether a text that he has was returned on that day, and no
more. A run whose note does not hold is not looked into.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import mmap
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import sync_folder
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.note import Signer, VerifierKey, parse_note, sign_note, verify_note

_log = logging.getLogger("zoneproxy.flowback")
_TITLE = "zoneproxy/flowback/v1"
_PART, _CLOSING, _RUN, _NOTE = ".part", ".closing", ".run", ".note"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.([a-z0-9.-]{1,63})\.(?:part|closing|run|note)\Z", re.ASCII)
_EACH = 8
_MOST_NOTE_BYTES = 4096


def day_of(now_ms: int) -> str:
    """Return the day of a time (milliseconds since 1970), UTC: `2027-01-15`."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat()


@dataclass(slots=True)
class Collector:
    """Keeps the fingerprints of one worker's answers.

    Attributes:
        directory: where the runs lie.
        worker: names this worker's parts, `[a-z0-9.-]`.
        most_bytes: largest part of a day.
    """

    directory: Path
    worker: str
    most_bytes: int
    _told: str = ""

    def add(self, prints: frozenset[int], now_ms: int) -> None:
        """Append an answer's fingerprints to the day's part; what can't be kept is told once a day."""
        day = day_of(now_ms)
        path = self.directory / f"{day}.{self.worker}{_PART}"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "ab") as file:
                if file.tell() + _EACH * len(prints) > self.most_bytes:
                    self._tell(day, "the day's part is full")
                    return
                file.write(b"".join(one.to_bytes(_EACH, "little") for one in prints))
        except OSError as error:
            self._tell(day, why(error))

    def _tell(self, day: str, problem: str) -> None:
        if self._told != day:
            self._told = day
            _log.error("returned results of %s are no longer kept for recognition: %s", day, problem)


@dataclass(frozen=True, slots=True)
class Run:
    """A closed run.

    Attributes:
        day: its day.
        path: its file.
        count: how many fingerprints it holds.
    """

    day: str
    path: Path
    count: int


def build(directory: Path, zone: str, signer: Signer, *, today: str, also_today: bool = False) -> list[Run]:
    """Close the parts of past days into signed runs.

    A crash in here leaves the part, which is closed the next time, and files that are replaced then.

    Args:
        directory: where they lie.
        zone: the zone's name, for the notes.
        signer: signs the notes.
        today: the day that is not over, in the form of `day_of`.
        also_today: close it all the same; what comes later goes into a part of its own.

    Raises:
        ConfigError: a file can't be read or written.
    """
    made = []
    for path in sorted((*directory.glob(f"*{_PART}"), *directory.glob(f"*{_CLOSING}"))):
        found = _NAME.match(path.name)
        if found is not None and (found.group(1) < today or also_today):
            made.append(_close(directory, path, found.group(1), zone, signer))
    return made


def _close(directory: Path, part: Path, day: str, zone: str, signer: Signer) -> Run:
    try:
        # From here on a worker begins a part anew; one that is writing has a moment to end.
        closing = part.with_suffix(_CLOSING)
        if part != closing:
            if closing.exists():
                raise ConfigError(
                    f"`{closing}` is left of a crash", hint="run `zoneproxy flowback build` again"
                )
            part.rename(closing)
        data = closing.read_bytes()
        prints = array("Q", data[: len(data) - len(data) % _EACH])
        if array("H", [1]).tobytes() != b"\x01\x00":
            prints.byteswap()
        ordered = array("Q", sorted(set(prints)))
        stem = _free(directory, part.stem)
        out = directory / f"{stem}{_RUN}"
        content = b"".join(one.to_bytes(_EACH, "little") for one in ordered)
        text = f"{_TITLE}\n{zone}\n{day}\n{len(ordered)}\n{hashlib.sha256(content).hexdigest()}\n"
        write_new(out, content, mode=0o444)
        write_new(directory / f"{stem}{_NOTE}", sign_note(text, [signer]).data, mode=0o444)
        sync_folder(directory)  # the run's name is durable before the part's goes
        closing.unlink()
    except OSError as error:
        raise ConfigError(
            f"the part `{part}` can't be closed: {why(error)}", hint="check the folder"
        ) from None
    return Run(day, out, len(ordered))


def _free(directory: Path, stem: str) -> str:
    """Return a name that no run has: a day may be closed more than once."""
    name, number = stem, 1
    while (directory / f"{name}{_NOTE}").exists():
        number += 1
        name = f"{stem}.{number}"
    # A run without its note is left of a crash.
    with contextlib.suppress(FileNotFoundError):
        (directory / f"{name}{_RUN}").unlink()
    return name


def runs(directory: Path, keys: Sequence[VerifierKey]) -> list[Run]:
    """Return all closed runs whose notes hold, by day.

    Raises:
        VerificationError: a run is not what its note says, or nobody known signed that.
        ConfigError: a file can't be read.
    """
    try:
        notes = sorted(directory.glob(f"*{_NOTE}"))
        return [_verified(path, keys) for path in notes if _NAME.match(path.name)]
    except OSError as error:
        raise ConfigError(
            f"the runs in `{directory}` can't be read: {why(error)}", hint="check the folder"
        ) from None


def _verified(path: Path, keys: Sequence[VerifierKey]) -> Run:
    data = path.read_bytes()
    if len(data) > _MOST_NOTE_BYTES:
        raise VerificationError(f"`{path.name}` is no note of a run", where=path.name)
    note = parse_note(data)
    verify_note(note, keys)
    lines = note.text.split("\n")
    run = path.with_suffix(_RUN)
    size = run.stat().st_size
    with run.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    named = _NAME.match(path.name)
    if (
        named is None
        or lines[:1] != [_TITLE]
        or lines[2:] != [named.group(1), str(size // _EACH), digest, ""]
    ):
        raise VerificationError(f"the run `{run.name}` is not what its note says", where=run.name)
    return Run(named.group(1), run, size // _EACH)


@contextlib.contextmanager
def opened(run: Run) -> Iterator[Sequence[int]]:
    """Open a run for looking up; its fingerprints are read where they lie."""
    if not run.count:
        yield ()
        return
    with run.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        yield _Prints(held)


@dataclass(slots=True)
class _Prints(Sequence[int]):
    """Fingerprints in a file, as integers."""

    held: mmap.mmap
    _size: int = field(init=False)

    def __post_init__(self) -> None:
        self._size = len(self.held) // _EACH

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, at: int) -> int:  # type: ignore[override]  # single ones only
        if not 0 <= at < self._size:
            raise IndexError(at)
        return int.from_bytes(self.held[at * _EACH : (at + 1) * _EACH], "little")


def expire(directory: Path, *, today: str, keep_days: int) -> list[Path]:
    """Delete what is older than that many days; return what was deleted.

    Raises:
        ConfigError: a file can't be deleted.
    """
    first = (date.fromisoformat(today) - timedelta(days=keep_days)).isoformat()
    gone = []
    try:
        for path in sorted(directory.iterdir()):
            found = _NAME.match(path.name)
            if found is not None and found.group(1) < first:
                path.unlink()
                gone.append(path)
    except OSError as error:
        raise ConfigError(
            f"old runs in `{directory}` can't be deleted: {why(error)}", hint="check the folder"
        ) from None
    return gone
