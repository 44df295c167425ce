"""Reads an owner's data set row by row: CSV, TSV, JSON lines, Parquet, or plain documents.

A row is the list of its values as text; a nested JSON value is the values in it. Nothing of a value stands
in a message.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError

FORMATS = ("csv", "tsv", "jsonl", "parquet", "documents")
_BY_SUFFIX = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".txt": "documents", ".md": "documents", ".text": "documents",
}  # fmt: skip
_LARGEST_FIELD = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a data set.

    Attributes:
        path: the file.
        format: one of `FORMATS`.
        encoding: of text.
        columns: the columns to take; none takes all.
        header: a table's first row names its columns.
    """

    path: Path
    format: str
    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()
    header: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """A row, or a whole document.

    Attributes:
        values: the row's values, or the document's text alone.
        done: bytes of the file that were read so far.
    """

    values: Sequence[str]
    done: int


def sources(
    paths: Sequence[Path],
    *,
    format_: str | None,
    encoding: str,
    columns: tuple[str, ...],
    header: bool,
) -> list[Source]:
    """List the files of a data set; a folder is every file below it that has a known ending.

    Raises:
        ConfigError: a file is missing, or its format can't be told.
    """
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise ConfigError(f"`{path}` is missing", hint="name a file or a folder of the data set")
        files = [path]
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix in _BY_SUFFIX)
        for file in files:
            kind = format_ or _BY_SUFFIX.get(file.suffix.lower())
            if kind is None:
                raise ConfigError(
                    f"the format of `{file}` can't be told from its name",
                    hint=f"say it: `--format {'|'.join(FORMATS)}`",
                )
            found.append(Source(file, kind, encoding, columns, header))
    if not found:
        raise ConfigError("there are no files to register", hint="a folder needs `.txt` or `.md` files")
    return found


def read(source: Source) -> Iterator[Item]:
    """Read a file.

    Raises:
        ConfigError: it can't be read, or is not of its format; the message names the line.
    """
    place = [0]
    try:
        yield from _READERS[source.format](source, place)
    except OSError as error:
        raise ConfigError(f"`{source.path}` can't be read: {why(error)}", hint="check the file") from None
    except UnicodeDecodeError:
        hint = "name its encoding, for example `--encoding gb18030`"
        raise _broken(source, place, f"is not {source.encoding}", hint) from None
    except csv.Error as error:
        raise _broken(source, place, f"is not CSV: {error}", "check its quotes") from None


def _broken(source: Source, place: list[int], what: str, hint: str) -> ConfigError:
    line = f", after line {place[0]}," if place[0] else ""
    return ConfigError(f"`{source.path}`{line} {what}", hint=hint)


def _read_csv(source: Source, place: list[int]) -> Iterator[Item]:
    csv.field_size_limit(_LARGEST_FIELD)
    encoding = (
        "utf-8-sig" if source.encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else source.encoding
    )
    with source.path.open("rb") as raw, _text(raw, encoding) as text:
        rows = csv.reader(text, delimiter="\t" if source.format == "tsv" else ",", strict=True)
        taken: list[int] | None = None
        for number, row in enumerate(rows):
            place[0] = rows.line_num
            if number == 0 and source.header:
                taken = _places(source, row)
            elif row:
                values = row if taken is None else [row[at] for at in taken if at < len(row)]
                yield Item(values, raw.tell())


def _text(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(raw, encoding=encoding, newline="")
    except LookupError:
        raise ConfigError(f"`{encoding}` is no known encoding", hint="for example `gb18030`") from None


def _places(source: Source, names: Sequence[str]) -> list[int] | None:
    """Return where the wanted columns stand; `None` for all of them."""
    if not source.columns:
        return None
    missing = [name for name in source.columns if name not in names]
    if missing:
        raise _no_column(source, missing[0], names)
    return [names.index(name) for name in source.columns]


def _no_column(source: Source, name: str, names: Sequence[str]) -> ConfigError:
    known = ", ".join(f"`{one}`" for one in names[:20])
    return ConfigError(f"`{source.path}` has no column `{name}`", hint=f"its columns are {known}")


def _read_lines(source: Source, place: list[int]) -> Iterator[Item]:
    done = 0
    with source.path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            done += len(line)
            text = line.decode(source.encoding).strip()
            if text:
                try:
                    value = json.loads(text)
                except ValueError:
                    raise _broken(source, place, "is not JSON lines", "one JSON value a line") from None
                if isinstance(value, dict) and source.columns:
                    value = {name: value[name] for name in source.columns if name in value}
                yield Item(list(_leaves(value)), done)
            place[0] = number


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in a value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool | bytes):
        yield str(value)


def _read_parquet(source: Source, _place: list[int]) -> Iterator[Item]:
    try:
        parquet = import_module("pyarrow.parquet")
        broken = import_module("pyarrow").ArrowInvalid
    except ImportError:
        raise ConfigError(
            "Parquet needs pyarrow, which is not installed",
            hint="`pip install 'zoneproxy[registered]'`, or write the data set as CSV",
        ) from None
    size = source.path.stat().st_size
    try:
        table = parquet.ParquetFile(source.path)
        names = list(table.schema_arrow.names)
        for name in source.columns:
            if name not in names:
                raise _no_column(source, name, names)
        total, read_rows = max(table.metadata.num_rows, 1), 0
        for batch in table.iter_batches(batch_size=10_000, columns=list(source.columns) or None):
            for row in batch.to_pylist():
                read_rows += 1
                yield Item(list(_leaves(row)), size * read_rows // total)
    except broken:
        raise ConfigError(f"`{source.path}` is not Parquet, or is broken", hint="check the file") from None


def _read_document(source: Source, _place: list[int]) -> Iterator[Item]:
    data = source.path.read_bytes()
    yield Item([data.decode(source.encoding)], len(data))


_READERS = {
    "csv": _read_csv,
    "tsv": _read_csv,
    "jsonl": _read_lines,
    "parquet": _read_parquet,
    "documents": _read_document,
}
