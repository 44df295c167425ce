"""Registered data: how long an index takes to make, what it weighs, and what looking for its data costs.

`python -m bench.bench_registered [CELLS]`; 200,000 cells by default, 10,000,000 for the figures of the docs
(about a minute).

- `registered.make`: CPU of making the index, against writing and sorting the SHA-256 of the same cells.
- `registered.lookup`: CPU of a look-up that finds nothing, against the SHA-256 of the value.
- `registered.clean_text`: CPU of looking for the data in text that has none, against scanning that text with
  the ordinary detectors.
- `registered.token`: CPU of a streamed token of four characters, against the same for the ordinary detectors.

It also counts, and fails where a promise is broken: bytes a cell (at most 13), hits that are none among
100,000 look-ups (none), and registered values that are not found in their disguises (none).
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.results import in_turns, keep, ratio
from zoneproxy.adapters.data.indexing import Indexing
from zoneproxy.adapters.data.registered import make_data_key, read_index
from zoneproxy.content.effort import Effort
from zoneproxy.content.registered.index import Index
from zoneproxy.content.registered.trail import Trail
from zoneproxy.content.scan import ScanSettings, scan_text
from zoneproxy.content.window import Window
from zoneproxy.terms.finding import Segment

CELLS = 200_000
LOOKUPS = 100_000
MOST_BYTES_A_CELL = 13
_A_ROW = 4
_TOKEN = 4
_MEGA = 1e6
_KEY = bytes(32)
_SURNAMES, _NAMES = "王李张刘陈杨黄赵吴周", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
_SIGNS = "〇一二三四五六七八九"
_DISGUISES = (
    lambda text: text,
    " ".join,
    "-".join,
    "\u200b".join,
    lambda text: "".join(chr(ord(sign) + 0xFEE0) for sign in text),
    lambda text: "".join(_SIGNS[int(sign)] if sign.isdigit() else sign for sign in text),
)


def rows(count: int) -> Iterator[tuple[str, str, str, str]]:
    """Invent people: a name, a telephone number, a number that has an identity number's length, a file."""
    chance = random.Random(1)
    for _ in range(count):
        name = chance.choice(_SURNAMES) + chance.choice(_NAMES) + chance.choice(_NAMES)
        phone = f"1{chance.randrange(3 * 10**9, 10**10):010}"
        yield name, phone, f"44{chance.randrange(10**16):016}", f"ZX-{chance.randrange(2**32):08x}"


def make(folder: Path, count: int) -> float:
    """Make an index of so many rows; return the CPU seconds."""
    began = time.process_time()
    with Indexing(folder / "index", make_data_key(folder / "key")) as index:
        for row in rows(count):
            index.add_row(row)
        index.finish(
            id_="bench/people", category="cn_personal_info", created="2026-01-01", expires=None, least=2
        )
    return time.process_time() - began


def bare_make(folder: Path, count: int) -> float:
    """Hash the same cells, sort the hashes and write them; return the CPU seconds."""
    began = time.process_time()
    made = sorted(hashlib.sha256(cell.encode()).digest()[:8] for row in rows(count) for cell in row)
    (folder / "bare").write_bytes(b"".join(made))
    return time.process_time() - began


def misses(index: Index) -> tuple[float, int]:
    """Look up values that are not registered; return CPU seconds and the hits that are none."""
    values = [f"2{at:011}" for at in range(LOOKUPS)]
    began = time.process_time()
    false = sum(index.find_cell(value).size for value in values)
    return time.process_time() - began, false


def bare_misses() -> float:
    """Hash as many values; return the CPU seconds."""
    values = [f"2{at:011}" for at in range(LOOKUPS)]
    began = time.process_time()
    for value in values:
        hashlib.sha256(value.encode()).digest()
    return time.process_time() - began


def missed(index: Index, count: int) -> int:
    """Count registered values and rows that are not recognised in one of the disguises."""
    settings = ScanSettings(2, _KEY, registered=(index,))
    lost = 0
    for at, (name, phone, number, file) in enumerate(rows(count)):
        if at % max(1, count // 300):
            continue
        for change in _DISGUISES:
            text = f"see {change(phone)} of {name}; {change(number)}; {change(file)}."
            found = [one.kind for one in scan_text(text, Segment.USER, settings)]
            lost += found.count("registered_cell:bench/people") < 2  # noqa: PLR2004 - two of them stand alone
            lost += "registered_row:bench/people" not in found
    return lost


def text() -> str:
    """Return 64 KiB of English and Chinese prose, without any number that means something."""
    source = (Path(__file__).resolve().parent.parent / "docs" / "detection.md").read_text("utf-8")
    chance = random.Random(2)
    han = "".join(
        chance.choice("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动")
        for _ in range(200)
    )
    return (source + han)[:6000] * 11


def main() -> None:
    """Measure, print and keep."""
    count = (int(sys.argv[1]) if len(sys.argv) > 1 else CELLS) // _A_ROW
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, bare = make(folder, count), bare_make(folder, count)
        index = read_index(folder / "index", folder / "key", today="2026-01-01").index
        if index is None:
            raise ValueError("the index is revoked")
        header = index.header
        weight = header.body_bytes / header.cells
        (looked, false), hashed = misses(index), bare_misses()
        lost = missed(index, count)
        if weight > MOST_BYTES_A_CELL + _MEGA / header.cells or false or lost:
            raise ValueError(f"{weight:.1f} bytes a cell, {false} false hits, {lost} missed")
        plain, many = text(), ScanSettings(2, _KEY)

        def looking() -> float:
            began = time.process_time()
            Trail((index,), 2).read(plain, Effort(10**9))
            return time.process_time() - began

        def scanning() -> float:
            began = time.process_time()
            scan_text(plain, Segment.USER, many)
            return time.process_time() - began

        def growing(settings: ScanSettings) -> float:
            window, part = Window(settings), plain[: 4000 * _TOKEN]
            began = time.process_time()
            for at in range(0, len(part), _TOKEN):
                window.grow(part[at : at + _TOKEN])
            return (time.process_time() - began) / (len(part) / _TOKEN)

        with_data = ScanSettings(2, _KEY, registered=(index,))
        looks, scans, tokens, bare_tokens = in_turns(
            looking, scanning, lambda: growing(with_data), lambda: growing(many)
        )
        keep(
            {
                "registered.make": made / bare,
                "registered.lookup": looked / hashed,
                "registered.clean_text": ratio(looks, scans),
                "registered.token": ratio(tokens, bare_tokens),
            },
            {
                "registered.cells": header.cells,
                "registered.bytes_a_cell": weight,
                "registered.index.mb": header.body_bytes / _MEGA,
                "registered.make.us": made / header.cells * _MEGA,
                "registered.lookup.us": looked / LOOKUPS * _MEGA,
                "registered.clean_text.mb_per_cpu_s": len(plain.encode()) / min(looks) / _MEGA,
                "registered.token.us": min(tokens) * _MEGA,
            },
        )


if __name__ == "__main__":
    main()
