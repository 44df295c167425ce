"""Tables of vectors and of training data: npy, Parquet, Arrow, CSV, JSON and JSON lines.

Training data is known by its schema (prompt and completion, messages, chosen and rejected,
instruction and output, input_ids), vectors by their number and width (64 rows of 32 and more). The
direction matters: a batch's input and output files and one `/v1/embeddings` answer are traffic of
the API and no dump.
"""

from __future__ import annotations

import re

VECTORS = "embedding_dump"
TRAINING = "training_archive"
_FEWEST_ROWS, _FEWEST_COLUMNS = 64, 32
_LOOK = 262_144
_FEWEST_LINES = 2
_NPY = re.compile(
    rb"\x93NUMPY[\x01-\x03]\x00.{2,4}\{.{0,200}?'descr':\s*'[<>|=]?f\d.{0,200}?'shape':\s*\((\d+),\s*(\d+)",
    re.DOTALL,
)
_SCHEMAS = (
    (b"messages",),
    (b"conversations",),
    (b"prompt", b"completion"),
    (b"prompt", b"response"),
    (b"chosen", b"rejected"),
    (b"instruction", b"output"),
    (b"instruction", b"response"),
    (b"question", b"answer"),
    (b"input_ids",),
    (b"source", b"target"),
)
_FOREIGN = (b"custom_id",)
_KEY = re.compile(rb'[{,]\s*"([A-Za-z_]{1,32})"\s*:')
_JSON_HEAD = re.compile(rb"\s*[\[{]")
_OBJECT = re.compile(rb"\s*\{.*\}\s*\Z", re.DOTALL)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_VECTOR = re.compile(rb"\[\s*-?\d+\.\d+(?:[eE][+-]?\d+)?(?:\s*,\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?){31,}")
_ARRAY_OF_OBJECTS = re.compile(rb"\s*\[\s*\{")
_BETWEEN_ROWS = re.compile(rb"\}\s*,\s*\{")
_ANSWER = re.compile(rb'\s*\{\s*"object"\s*:\s*"list"')
_WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]{2,31}")
_VECTOR_NAMES = (b"embedding", b"embeddings", b"vector", b"vectors", b"emb")


def kind_of(data: bytes) -> str:
    """Return `embedding_dump` or `training_archive` where the bytes are such a table, else empty."""
    if data.startswith(b"\x93NUMPY"):
        found = _NPY.match(data[:1024])
        return VECTORS if found and _is_dump(int(found.group(1)), int(found.group(2))) else ""
    if data.startswith(b"PAR1"):
        return _columns(data[-min(len(data), _LOOK) :])
    if data.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return _columns(data[:_LOOK])
    head = data[:_LOOK]
    if b"\x00" in head[:512]:
        return ""
    return _lines(head, whole=len(data) <= _LOOK)


def _is_dump(rows: int, columns: int) -> bool:
    return rows >= _FEWEST_ROWS and columns >= _FEWEST_COLUMNS


def _columns(schema: bytes) -> str:
    """Read the column names of a binary table off its schema."""
    names = {word.lower() for word in _WORD.findall(schema)}
    if any(all(name in names for name in names_of) for names_of in _SCHEMAS):
        return TRAINING
    if any(name in names for name in _VECTOR_NAMES):
        return VECTORS
    numbered = {found.group(1) for found in _NUMBERED.finditer(schema)}
    return VECTORS if len(numbered) >= _FEWEST_COLUMNS else ""


_NUMBERED = re.compile(
    rb"(?:[\x18-\x1b].|[\x01-\x0c]\x00\x00\x00)(?:[a-z]{0,9}_?)(\d{1,4})(?![0-9])", re.DOTALL
)


def _lines(head: bytes, *, whole: bool) -> str:
    if not _JSON_HEAD.match(head) and head.count(b"\n") < _FEWEST_ROWS - 1:
        return ""
    lines = [line for line in head.split(b"\n") if line.strip()]
    if not whole and len(lines) > 1:
        lines.pop()
    if not lines:
        return ""
    if len(lines) >= _FEWEST_LINES and all(_OBJECT.match(line) for line in lines[:8]):
        return _objects(lines)
    if lines[0].lstrip().startswith((b"[", b"{")):
        return _document(head)
    return _separated(lines)


def _objects(lines: list[bytes]) -> str:
    """JSON lines: the keys that every line has are the schema."""
    keys = set.intersection(*(set(_KEY.findall(line[:65_536])) for line in lines[:32]))
    if any(name in keys for name in _FOREIGN):
        return ""
    if any(all(name in keys for name in names) for names in _SCHEMAS):
        return TRAINING
    vectors = sum(_VECTOR.search(line) is not None for line in lines)
    return VECTORS if vectors >= _FEWEST_ROWS else ""


def _document(head: bytes) -> str:
    """One JSON value: an array of training rows, or of vectors."""
    if _ARRAY_OF_OBJECTS.match(head):
        rows = _BETWEEN_ROWS.split(head)
        keys = set.intersection(*(set(_KEY.findall(b"{" + row)) for row in rows[:16]))
        chat = any(name in keys for name in (*_FOREIGN, b"role"))
        known = any(all(name in keys for name in names) for names in _SCHEMAS)
        if len(rows) > _FEWEST_LINES and known and not chat:
            return TRAINING
    if _ANSWER.match(head) or head.count(b".") < _FEWEST_ROWS:
        return ""
    return VECTORS if len(_VECTOR.findall(head)) >= _FEWEST_ROWS else ""


def _separated(lines: list[bytes]) -> str:
    """Rows of numbers with fractions, all of one width; a header of names may stand first."""
    separator = next(
        (sign for sign in (b"\t", b",", b";", b" ") if lines[0].count(sign) >= _FEWEST_COLUMNS - 1), b""
    )
    if not separator or len(lines) < _FEWEST_ROWS:
        return ""
    rows = [line.strip().split(separator) for line in lines[1:_FEWEST_ROWS]]
    width = len(rows[0])
    fractions = sum(b"." in cell for row in rows for cell in row)
    numbers = sum(_NUMBER.fullmatch(cell.strip()) is not None for row in rows for cell in row)
    cells = sum(map(len, rows))
    same = all(len(row) == width for row in rows)
    return VECTORS if same and numbers * 10 > cells * 8 and fractions * 2 > cells else ""
