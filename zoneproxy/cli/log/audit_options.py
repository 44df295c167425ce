"""What `log verify`, `log examine` and `replay` have in common: options, processes, progress, other views."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.reading.crew import Crew
from zoneproxy.adapters.reading.httplog import is_url
from zoneproxy.adapters.reading.logfolder import find_logs, open_log
from zoneproxy.cli.named_files import read_beginning
from zoneproxy.replay.audit import audit
from zoneproxy.replay.desk import Work
from zoneproxy.replay.flaws import Flaw
from zoneproxy.replay.report import AuditReport
from zoneproxy.replay.totals import Totals, differences, read_csv, write_csv
from zoneproxy.replay.views import View
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.months import split_origin
from zoneproxy.trace.note import MAX_NOTE_BYTES
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.trust import TrustPolicy

MANY = 50_000
"""A log of so many entries is worked on by as many processes as there are processors."""
_MAX_TABLE_BYTES = 64 * 1024 * 1024
_EVERY_S = 0.1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `audited` and `after` read."""
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NOTE_OR_LOG",
        help="a checkpoint that you kept, or another copy of the log: both must be of one history",
    )
    parser.add_argument(
        "--evidence",
        type=Path,
        metavar="DIR",
        help="write the signed notes that prove what is wrong, such as both of two views, into this folder",
    )
    parser.add_argument(
        "--processes",
        type=_count,
        default=0,
        metavar="N",
        help="how many processes work (default: as many as there are processors, for a long log)",
    )
    parser.add_argument(
        "--totals", type=Path, metavar="FILE.csv", help="write what went through, by day and tenant"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE.csv",
        help="compare those totals with this table, such as a bill; a difference makes the exit code 1",
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:  # noqa: PLR2004 - processes
        raise argparse.ArgumentTypeError("give a number from 1 to 256")
    return int(text)


def audited(
    args: argparse.Namespace,
    reader: LogReader,
    work: Work,
    trust: TrustPolicy | None = None,
    *,
    several: bool = False,
    compared: set[str] | None = None,
) -> AuditReport:
    """Audit a log as the options say, with progress on a terminal.

    Args:
        args: the options of `add_options`.
        reader: the log.
        work: what is to be done.
        trust: the witnesses that must have cosigned.
        several: it is one of several shards: checkpoints that are not its own are another's.
        compared: takes what of `--also` was compared with it.
    """
    views = [view for view in _views(args.also, reader) if not several or _is_of(reader, view[1])]
    if compared is not None:
        compared.update(name for name, _, _ in views)
    progress = _Bar() if sys.stderr.isatty() and not args.json else None
    with contextlib.ExitStack() as stack:
        count = args.processes or _fitting(reader)
        crew = stack.enter_context(Crew(reader.location, work, count)) if count > 1 else None
        return audit(reader, progress, trust, work=work, crew=crew, views=views, several=several)


def _fitting(reader: LogReader) -> int:
    try:
        size = reader.checkpoint().size
    except VerificationError:
        return 1
    return (os.cpu_count() or 1) if size >= MANY else 1


def _views(named: Sequence[str], reader: LogReader) -> Iterator[View]:
    for name in named:
        path = Path(name)
        if is_url(name) or path.is_dir():
            shards = dict(find_logs(name))
            parts = split_origin(_origin(reader))
            place = shards.get(str(parts[1]) if parts else "", shards.get(""))
            if place is None:
                continue  # a copy of a log in shards that has not this one
            other = open_log(place, reader.vkeys)
            try:
                yield name, other.note(), other
            except VerificationError as error:
                raise ConfigError(f"`{name}`: {error.message}", hint=error.hint) from None
            continue
        yield name, read_beginning(path, MAX_NOTE_BYTES), None


def _is_of(reader: LogReader, note: bytes) -> bool:
    return note.partition(b"\n")[0] == _origin(reader).encode()


def _origin(reader: LogReader) -> str:
    """Whose log it is: as its checkpoint says, or its keys where that can't be read."""
    try:
        return reader.checkpoint().origin
    except VerificationError:
        return reader.vkeys[0].name if reader.vkeys else ""


class _Bar:
    """How far it is, on a terminal: entries, share, time left by the speed so far."""

    def __init__(self) -> None:
        self._began = self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done >= total:
            print(f"\r{done} of {total} entries\r\x1b[K", end="", file=sys.stderr, flush=True)
        elif now - self._told >= _EVERY_S:
            self._told = now
            left = (now - self._began) / max(done, 1) * (total - done)
            text = f"{done} of {total} entries, {100 * done // total} %, {_span(left)} left"
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"  # noqa: PLR2004 - a minute


def save_evidence(folder: Path | None, flaws: Sequence[Flaw]) -> None:
    """Write the notes that stand in flaws' proofs into a folder, and say so."""
    notes = [
        (f"{number}-{name.replace(' ', '-')}.note", value)
        for number, flaw in enumerate(flaws, 1)
        for name, value in flaw.proof.items()
        if name in {"note", "other"}
    ]
    if folder is None or not notes:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in notes:
            (folder / name).write_text(value, "utf-8")
    except OSError as error:
        raise ConfigError(f"`{folder}` can't be written: {why(error)}", hint="name another") from None
    print(f"{len(notes)} signed notes are in {folder}: anyone can check them", file=sys.stderr)


def settle(args: argparse.Namespace, totals: Totals) -> list[dict[str, object]]:
    """Write and compare totals as the options say; return what differs, a line each."""
    rows = totals.rows()
    if args.totals is not None:
        try:
            args.totals.write_text(write_csv(rows), "utf-8")
        except OSError as error:
            raise ConfigError(
                f"`{args.totals}` can't be written: {why(error)}", hint="name another"
            ) from None
    if args.compare is None:
        return []
    try:
        data = read_beginning(args.compare, _MAX_TABLE_BYTES)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"`{args.compare}` is not UTF-8", hint="export it as CSV in UTF-8") from None
    if len(data) > _MAX_TABLE_BYTES:
        raise ConfigError(f"`{args.compare}` is too long", hint="give one month at a time")
    names = ("day", "tenant", "column", "log", "other")
    return [
        dict(zip(names, row, strict=True)) for row in differences(rows, read_csv(text, str(args.compare)))
    ]
