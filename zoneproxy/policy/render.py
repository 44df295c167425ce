"""Show problems to people and to programs.

To people, as compilers do::

    pilot.yaml:15:12: error[ZP2001]: unknown fact `origin.clas`
       |
    15 |     when: {origin.clas: domestic}
       |            ^^^^^^^^^^^
       = at rules[0].when.origin.clas
       = help: did you mean `origin.class`?

The caret line counts East-Asian wide characters as two columns, so that it stands right under
Chinese comments as well. To programs, as one JSON object a problem, or as SARIF 2.1.0 for code
review tools.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from zoneproxy.terms.errors import Problem

_WIDE = frozenset("WF")
# Longer lines are shown in part: so many characters before the mark, of it, and behind it.
_LONGEST_LINE, _SHOWN = 240, 60


def display_width(text: str) -> int:
    """Count the terminal columns that `text` takes.

    >>> display_width("a中")
    3
    """
    width = 0
    for char in text:
        if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
            continue
        width += 2 if unicodedata.east_asian_width(char) in _WIDE else 1
    return width


def render(problem: Problem, lines: Iterable[str]) -> str:
    """Write one problem with the line it stands in.

    Args:
        problem: what is wrong.
        lines: the file's lines, without line ends.
    """
    text = f"{problem.file}:{problem.line}:{problem.column}: error[{problem.code}]: {problem.message}"
    shown = list(lines)
    if 0 < problem.line <= len(shown):
        source = shown[problem.line - 1].rstrip()
        number = str(problem.line)
        margin = " " * len(number)
        before = source[: problem.column - 1]
        marked = source[problem.column - 1 : problem.column - 1 + problem.width]
        if len(source) > _LONGEST_LINE:
            source, before, marked = _cut(source, before, marked)
        # Tabs stay tabs before the caret, so that it stands right whatever the terminal makes of them.
        indent = "".join("\t" if char == "\t" else " " * display_width(char) for char in before)
        carets = "^" * max(1, display_width(marked))
        text += f"\n{margin} |\n{number} | {source}\n{margin} | {indent}{carets}"
    if problem.path:
        text += f"\n   = at {problem.path}"
    if problem.help:
        text += f"\n   = help: {problem.help}"
    return text


def _cut(source: str, before: str, marked: str) -> tuple[str, str, str]:
    """Show of a long line what stands around the mark: the line, what is before the mark, the mark."""
    marked = marked[:_SHOWN]
    head = before if len(before) <= _SHOWN else f"...{before[-_SHOWN:]}"
    rest = source[len(before) + len(marked) :]
    tail = rest if len(rest) <= _SHOWN else f"{rest[:_SHOWN]}..."
    return f"{head}{marked}{tail}", head, marked


def render_all(problems: Iterable[Problem], sources: Mapping[str, bytes]) -> str:
    """Write all problems, a blank line between two.

    Args:
        problems: in the order to be shown.
        sources: each file's bytes by the name that the problems use; unknown files show no line.
    """
    cut = {
        file: data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for file, data in sources.items()
    }
    return "\n\n".join(render(problem, cut.get(problem.file, [])) for problem in problems)


def to_json(problem: Problem) -> str:
    """Write one problem as one line of JSON."""
    return json.dumps(
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "width": problem.width,
            "severity": "error",
            "code": problem.code,
            "message": problem.message,
            "path": problem.path,
            "help": problem.help,
        },
        ensure_ascii=False,
    )


def to_sarif(problems: Iterable[Problem]) -> str:
    """Write problems as a SARIF 2.1.0 log (OASIS standard) of one run."""
    results: list[dict[str, Any]] = [
        {
            "ruleId": problem.code,
            "level": "error",
            "message": {"text": f"{problem.message}; {problem.help}" if problem.help else problem.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": problem.file},
                        "region": {
                            "startLine": problem.line,
                            "startColumn": problem.column,
                            "endColumn": problem.column + problem.width,
                        },
                    },
                    "logicalLocations": [{"fullyQualifiedName": problem.path}],
                }
            ],
        }
        for problem in problems
    ]
    codes = sorted({result["ruleId"] for result in results})
    driver = {"name": "zoneproxy", "rules": [{"id": code} for code in codes]}
    return json.dumps(
        {
            "version": "2.1.0",
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        },
        ensure_ascii=False,
    )
