"""The operator's check of a log that is stopped: all that the next start would read; it changes nothing.

It reads what an auditor never sees (write-ahead log, `state/`, modes of private files) by the code of the
start itself, up to the moment before the first write.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import parse, peek
from zoneproxy.trace.keyring import Keyring, read_vkeys_of
from zoneproxy.trace.ledger import LOG_FILE, Ledger
from zoneproxy.trace.opening import check_opening
from zoneproxy.trace.wal import Group, join_segments, segment_first

_PRIVATE = ("wal", "open", "state")
_MAX_DESCRIPTION_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class LocalState:
    """What a stopped log's private files hold.

    Attributes:
        origin: the log's origin.
        size: durable entries.
        signed: size of the newest checkpoint that was signed.
        under_way: exchanges that the next start will abort.
        closed: the log ends with `log_close`.
        problems: what does not hold, in words.
    """

    origin: str
    size: int
    signed: int
    under_way: int
    closed: bool
    problems: tuple[str, ...]


class _ReadAllError(Exception):
    """All was read: stop before the first write."""


def check_local_state(directory: Path) -> LocalState:
    """Check a stopped log's local state.

    Raises:
        ConfigError: it is no log, a process writes it, or it can't be read.
        VerificationError: the next start would refuse it.
    """
    files = DiskFiles(directory)
    origin, ring = _describe(files, directory)
    chains, signed = Chains(), 0

    def resume(_: int, state: bytes) -> None:
        nonlocal chains
        chains = Chains.restore(state)

    def visit(index: int, data: bytes, leaf: bytes) -> None:
        problems = chains.follow(index, parse(data), leaf)
        if problems:
            raise VerificationError(problems[0], where=f"entry {index}")

    def approve(head: Checkpoint) -> None:
        nonlocal signed
        signed = head.size
        raise _ReadAllError

    ring.watch(lambda: chains.keys)
    try:
        with DirectoryLock(directory):
            if not files.names("wal") and (left := _closed(directory)):
                return LocalState(origin, left, left, 0, True, tuple(_modes(directory)))  # noqa: FBT003
            ledger = Ledger(files, origin, ring)
            with contextlib.suppress(_ReadAllError):
                ledger.recover(visit, resume, approve)
            problems = [*_openings(files, ledger.published), *_modes(directory)]
    except OSError as error:
        raise ConfigError(
            f"the log in `{directory}` can't be read: {why(error)}", hint="run it as the log's own user"
        ) from None
    return LocalState(
        origin, ledger.size, signed, len(chains.under_way), chains.last == "log_close", tuple(problems)
    )


def _closed(directory: Path) -> int:
    """Return the size of a closed shard whose write-ahead log went with what was withheld; else 0."""
    reader = open_log(directory, allow_withheld=True)
    size = reader.checkpoint().size
    last = [peek(data).kind for _, data in reader.entries(size - 1)]
    return size if last == ["log_close"] else 0


def _describe(files: DiskFiles, directory: Path) -> tuple[str, Keyring]:
    data = files.read_limited(LOG_FILE, _MAX_DESCRIPTION_BYTES)
    if data is None:
        raise ConfigError(f"there is no log in `{directory}`", hint="give the log's directory")
    try:
        told = canonical.decode(data.removesuffix(b"\n"))
        return str(told["origin"]), Keyring(read_vkeys_of(told["keys"]), ())
    except (KeyError, TypeError, VerificationError):
        raise VerificationError("this describes no log", where=LOG_FILE) from None


def _openings(files: DiskFiles, published: int) -> Sequence[str]:
    """Check the openings in the write-ahead log; encrypted ones can't be looked into."""
    names = [name for name in files.names("wal") if segment_first(name) is not None]
    problems: list[str] = []
    start = segment_first(names[0]) if names else 0
    for group in join_segments(names, lambda name: files.read(f"wal/{name}") or b"", start or 0):
        problems += _group_openings(group, published)
    return problems


def _group_openings(group: Group, published: int) -> list[str]:
    problems = []
    for index, item in enumerate(group.items, group.first):
        entry = parse(item.entry)
        if entry.prv and item.opening[:1] == b"{":
            try:
                check_opening(item.opening, entry.prv)
            except VerificationError as error:
                problems.append(f"the opening of entry {index} in the write-ahead log: {error.message}")
        elif entry.prv and not item.opening and index >= published:
            # What is published may have been erased; the audit demands the record of that.
            problems.append(f"entry {index} has no opening in the write-ahead log")
    return problems


def _modes(directory: Path) -> list[str]:
    problems = []
    for folder in _PRIVATE:
        for path in [directory / folder, *sorted((directory / folder).rglob("*"))]:
            mode = stat.S_IMODE(path.lstat().st_mode) if path.exists() else 0
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                problems.append(f"`{path.relative_to(directory)}` may be read by others (mode {mode:04o})")
    return problems
