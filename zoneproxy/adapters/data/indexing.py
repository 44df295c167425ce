"""Makes the index of a data set in bounded memory, whatever the size of the data.

Fingerprints are collected in 256 buckets by their first byte; buckets that grow past a bound go to files
(of fingerprints, never of values; mode 0600, removed at the end), and are sorted one by one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import sync_folder
from zoneproxy.content.registered import cells, grams
from zoneproxy.content.registered.fold import flat
from zoneproxy.content.registered.form import (
    BEGINNING,
    HEADER_BYTES,
    MOST_BEGIN_BITS,
    SALT_BYTES,
    Category,
    DataKey,
    Header,
    encode_head,
)
from zoneproxy.terms.errors import ConfigError

_BUCKETS = 256
_MOST_BUFFERED = 64 * 1024 * 1024
_RECORD = 12
_MOST_KNOWN = 200_000
_SPARSE = 16
_CHUNK = 1024 * 1024
_MOST_ROWS = 2**32 - 1


class _Buckets:
    """Fingerprints with the number of what they stand in, sorted when all are there."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._buffers = [bytearray() for _ in range(_BUCKETS)]
        self._buffered = 0
        self._spilt = False

    def add(self, fingerprint: bytes, number: int) -> None:
        self._buffers[fingerprint[0]] += fingerprint + number.to_bytes(4)
        self._buffered += _RECORD
        if self._buffered >= _MOST_BUFFERED:
            self._spill()

    def _file(self, bucket: int) -> Path:
        return self._folder / f"{self._name}-{bucket:02x}"

    def _spill(self) -> None:
        for bucket, buffer in enumerate(self._buffers):
            with self._file(bucket).open("ab") as file:
                file.write(buffer)
            buffer.clear()
        self._buffered, self._spilt = 0, True

    def ordered(self) -> Iterator[tuple[array[int], array[int]]]:
        """Yield fingerprints and numbers, bucket by bucket, each pair once."""
        for bucket, buffer in enumerate(self._buffers):
            data = (self._file(bucket).read_bytes() if self._spilt else b"") + bytes(buffer)
            records = sorted({data[at : at + _RECORD] for at in range(0, len(data), _RECORD)})
            prints, numbers = array("Q"), array("I")
            prints.frombytes(b"".join([record[:8] for record in records]))
            numbers.frombytes(b"".join([record[8:] for record in records]))
            prints.byteswap()
            numbers.byteswap()
            yield prints, numbers


class Indexing:
    """An index in the making.

    Args:
        path: where the index goes; must not exist.
        secret: the owner's key, 32 bytes.
        stop: texts whose words are no part of the data: what stands there is left out.

    Raises:
        ConfigError: the path is taken, or its folder can't be written.
    """

    def __init__(self, path: Path, secret: bytes, *, stop: Iterable[str] = ()) -> None:
        if path.exists():
            raise ConfigError(f"`{path}` exists already", hint="an index is never overwritten: name another")
        self._path, self._secret = path, secret
        self._salt = secrets.token_bytes(SALT_BYTES)
        self._key = DataKey(secret, self._salt)
        try:
            self._folder = tempfile.TemporaryDirectory(prefix=".indexing-", dir=path.parent)
        except OSError as error:
            raise _unwritable(path, error) from None
        spill = Path(self._folder.name)
        self._cells, self._grams = _Buckets(spill, "cells"), _Buckets(spill, "grams")
        self._begins = array("Q", bytes(8 << MOST_BEGIN_BITS))
        self._slots: dict[str, int] = {}
        self._shorts = 0
        self._stopped, self._stopped_grams = _stopped(stop)
        self.rows = self.documents = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was spilt."""
        self._folder.cleanup()

    def add_row(self, values: Iterable[str]) -> None:
        """Take in the cells of the next row; long ones are taken in as documents are."""
        number = self._next(self.rows)
        self.rows += 1
        for value in values:
            flattened = flat(value)
            size = len(flattened)
            if size > cells.LONGEST:
                self._add_grams(flattened, number)
            elif size >= cells.SHORTEST and flattened not in self._stopped:
                self._cells.add(self._key.cell(flattened), number)
                self._begin(flattened)

    def add_document(self, text: str) -> None:
        """Take in the next document."""
        number = self._next(self.documents)
        self.documents += 1
        self._add_grams(flat(text), number)

    def finish(
        self, *, id_: str, category: Category, created: str, expires: str | None, least: int
    ) -> Header:
        """Write the index; it appears whole or not at all.

        Args:
            id_: the data set, `owner/name`.
            category: what kind of data it is.
            created: the day, `YYYY-MM-DD`, UTC.
            expires: the first day on which it can't be used any more, or `None`.
            least: how many cells of one row are a match.

        Raises:
            ConfigError: it can't be written, or holds nothing that can be recognised.
        """
        growing = Path(self._folder.name) / "index"
        try:
            with growing.open("w+b") as file:
                header = self._write(file, id_=id_, category=category, created=created, expires=expires,
                                     least=least)  # fmt: skip
                file.flush()
                os.fsync(file.fileno())
            os.link(growing, self._path)  # never replaces
            sync_folder(self._path.parent)
        except FileExistsError:
            raise ConfigError(f"`{self._path}` exists already", hint="name another file") from None
        except OSError as error:
            raise _unwritable(self._path, error) from None
        return header

    def _write(
        self, file: BinaryIO, *, id_: str, category: Category, created: str, expires: str | None, least: int
    ) -> Header:
        digest = hashlib.sha256()

        def put(data: bytes) -> None:
            digest.update(data)
            file.write(data)

        file.write(bytes(HEADER_BYTES))
        bits = _shrink(self._begins)
        put(self._begins.tobytes())
        counts = []
        for buckets in (self._cells, self._grams):
            count = 0
            with tempfile.TemporaryFile(dir=self._folder.name) as behind:
                for prints, numbers in buckets.ordered():
                    put(prints.tobytes())
                    behind.write(numbers.tobytes())
                    count += len(prints)
                behind.seek(0)
                while chunk := behind.read(_CHUNK):
                    put(chunk)
            put(bytes(-4 * count % 8))
            counts.append(count)
        if not any(counts):
            raise ConfigError(
                "there is nothing in the data that could be recognised",
                hint=f"a cell needs {cells.SHORTEST} letters or digits, a document about {grams.SURE}",
            )
        header = Header(
            id=id_, category=category, created=created, expires=expires, rows=self.rows, cells=counts[0],
            documents=self.documents, grams=counts[1], least=least, begin_bits=bits, shorts=self._shorts,
            salt=self._salt.hex(), body_bytes=file.tell() - HEADER_BYTES, body_sha256=digest.hexdigest(),
        )  # fmt: skip
        file.seek(0)
        file.write(encode_head(header, self._secret))
        return header

    def _next(self, number: int) -> int:
        if number >= _MOST_ROWS:
            raise ConfigError(f"a data set has at most {_MOST_ROWS} rows", hint="register it in two")
        return number + 1

    def _add_grams(self, text: str, number: int) -> None:
        for _, gram in grams.grams(text):
            if gram not in self._stopped_grams:
                self._grams.add(self._key.gram(gram), number)

    def _begin(self, value: str) -> None:
        """Note how a value begins and how long it is."""
        size = len(value)
        if size < BEGINNING:
            self._shorts |= 1 << size
            return
        beginning = value[:BEGINNING]
        slot = self._slots.get(beginning)
        if slot is None:
            if len(self._slots) >= _MOST_KNOWN:
                self._slots.clear()
            slot = self._slots[beginning] = self._key.beginning(beginning, MOST_BEGIN_BITS)
            for part in range(1, BEGINNING):
                self._begins[self._key.beginning(value[:part], MOST_BEGIN_BITS)] |= 1
        self._begins[slot] |= 1 | 1 << size


def _stopped(stop: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the lines of texts as flat values, and the texts' grams."""
    values: set[str] = set()
    pieces: set[str] = set()
    for text in stop:
        values.update(flat(line) for line in text.splitlines())
        pieces.update(gram for _, gram in grams.grams(flat(text)))
    return frozenset(values), frozenset(pieces)


def _shrink(begins: array[int]) -> int:
    """Fold a sparse table onto itself; return the number of bits of its size."""
    bits = MOST_BEGIN_BITS
    used = sum(1 for lengths in begins if lengths)
    while bits > 1 and len(begins) > _SPARSE * used:
        # The upper bits choose the entry: neighbours become one.
        folded = array("Q", map(int.__or__, begins[::2], begins[1::2]))
        begins[:] = folded
        bits -= 1
    return bits


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"`{path}` can't be written: {why(error)}", hint="check the folder, and its free space"
    )
