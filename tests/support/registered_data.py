"""A small registered data set, made anew in a folder: invented people, and one document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from zoneproxy.adapters.data.indexing import Indexing
from zoneproxy.adapters.data.registered import make_data_key, read_index
from zoneproxy.content.registered.index import Index

ID = "harbour/patients"
TODAY = "2026-11-21"
ROWS = (
    ("周明霞", "ZX-2024-00917", "Lane 4, Rope Walk", "1977-03-05", "blue"),
    ("Zhao Ming", "QK73-9920-5518", "灯塔市海雾区白鸥街坊九十七栋", "1981-11-30", "blue"),
    ("Lin Bo", "8805 5523 9164", "Rope Walk", "1990-07-21", "green"),
)
DOCUMENT = (
    "The lighthouse keeper counted nineteen grey herons before the fog bell rang, then wrote their number, "
    "the height of the tide and the name of the ship that had not answered into the smaller of the two "
    "books, because the larger one was kept for what the harbour master would want to read in spring."
)


def make(
    folder: Path,
    rows: Iterable[Sequence[str]] = ROWS,
    documents: Iterable[str] = (DOCUMENT,),
    *,
    id_: str = ID,
    expires: str | None = None,
    least: int = 2,
) -> tuple[Path, Path]:
    """Make an index with a key of its own; return the two files."""
    name = id_.replace("/", "-")
    path, key = folder / f"{name}.zri", folder / f"{name}.key"
    with Indexing(path, make_data_key(key)) as index:
        for row in rows:
            index.add_row(row)
        for document in documents:
            index.add_document(document)
        index.finish(id_=id_, category="cn_personal_info", created=TODAY, expires=expires, least=least)
    return path, key


def loaded(folder: Path, rows: Iterable[Sequence[str]] = ROWS, **how: object) -> Index:
    """Make an index and load it."""
    index = read_index(*make(folder, rows, **how), today=TODAY).index  # type: ignore[arg-type]
    assert index is not None
    return index
