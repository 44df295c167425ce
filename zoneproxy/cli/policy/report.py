"""What `zoneproxy policy test` tells: lines for a person, JSON objects, JUnit's XML."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True, slots=True)
class Row:
    """One test that was run, or not.

    Attributes:
        file, line: where it stands.
        name: what it is called.
        kind: `facts`, `wire`, `corpus` or `coverage`.
        phase: the leg that was judged, or empty.
        failures: in words; none where it passed.
        skipped: why it was not run, or empty.
        more: further values for `--json`.
    """

    file: str
    line: int
    name: str
    kind: str
    phase: str = ""
    failures: tuple[str, ...] = ()
    skipped: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def show(rows: Sequence[Row], file: str, *, as_json: bool) -> None:
    """Tell what came of a file's tests, to stdout."""
    if as_json:
        for row in rows:
            print(json.dumps(_values(row), ensure_ascii=False))
        return
    for row in rows:
        if row.failures:
            print(f"{file}:{row.line}: failed: {row.name}")
            for failure in row.failures:
                print(f"   {failure}")
    skipped = sum(bool(row.skipped) for row in rows)
    failed = sum(bool(row.failures) for row in rows)
    print(f"{file}: {len(rows) - failed - skipped} passed, {failed} failed, {skipped} skipped")


def _values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {
        "file": row.file,
        "line": row.line,
        "name": row.name,
        "kind": row.kind,
        "phase": row.phase,
        "passed": not row.failures and not row.skipped,
        "failures": list(row.failures),
    }
    if row.skipped:
        values["skipped"] = row.skipped
    return values | dict(row.more)


def junit(rows: Sequence[Row]) -> str:
    """Write results in JUnit's XML, as CI systems read it: a suite for each file."""
    suites = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for file in dict.fromkeys(row.file for row in rows):
        own = [row for row in rows if row.file == file]
        failed, skipped = sum(bool(row.failures) for row in own), sum(bool(row.skipped) for row in own)
        counts = f'tests="{len(own)}" failures="{failed}" skipped="{skipped}"'
        suites.append(f"<testsuite name={quoteattr(_clean(file))} {counts}>")
        for row in own:
            place = f'classname={quoteattr(row.kind)} file={quoteattr(_clean(file))} line="{row.line}"'
            suites.append(f"<testcase name={quoteattr(_clean(row.name))} {place}>")
            suites += [
                f"<failure message={quoteattr(_clean(failure))}>{escape(_clean(failure))}</failure>"
                for failure in row.failures
            ]
            if row.skipped:
                suites.append(f"<skipped message={quoteattr(_clean(row.skipped))}/>")
            suites.append("</testcase>")
        suites.append("</testsuite>")
    return "\n".join([*suites, "</testsuites>", ""])


def _clean(text: str) -> str:
    """Replace what XML can't hold: a test may be about such characters."""
    return "".join(char if char >= " " or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


class Progress:
    """A bar on stderr, on a terminal only.

    Args:
        what: what is being done, in words.
    """

    _WIDTH = 30

    def __init__(self, what: str) -> None:
        self._what = what
        self._watched = sys.stderr.isatty()

    def tell(self, done: int, of: int) -> None:
        """Show how much is done."""
        if self._watched and of:
            full = self._WIDTH * done // of
            bar = "#" * full + "." * (self._WIDTH - full)
            print(f"\r{self._what} [{bar}] {done}/{of}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
