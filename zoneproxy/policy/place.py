"""Where in a policy file a cursor stands, while the file is still being written.

An unfinished file can't be read as YAML, so the place is found from the text alone: from the indentation
of the lines above, and from the brackets that are open before the cursor. Quotes and comments are
respected; everything else that YAML can do is not used in policies.

Worked example: with the cursor at `|` in

    rules:
      - id: COL-010
        when: {origin.class: |

the path is `("rules", 0, "when", "origin.class")`, and a value is to be written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_FLOW_LINES = 50

_WORD = re.compile(r"[A-Za-z0-9_.$/-]*")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s{}\[\],:#"'][^{}\[\],:#]*?))\s*:(?=\s|$)""")
_ITEM = re.compile(r"\s*-\s+")


@dataclass(frozen=True, slots=True)
class Place:
    """A place to write at.

    Attributes:
        path: keys, and 0 for any list entry, from the top down to what is written here.
        in_value: whether the value of the path's last key is written, rather than a key below it.
        word: what is written of it so far.
        start: the word's first column, from 0.
        taken: keys that the same mapping has on the cursor's line already.
    """

    path: tuple[str | int, ...]
    in_value: bool
    word: str
    start: int
    taken: tuple[str, ...] = ()


def place_at(lines: Sequence[str], line: int, column: int) -> Place:
    """Find the place of a cursor.

    Args:
        lines: the file's lines, without line ends.
        line: the cursor's line, from 0.
        column: its column, from 0, in characters.
    """
    line = min(line, len(lines))  # an editor may ask before it has sent the line
    before = lines[line][:column] if line < len(lines) else ""
    start = len(before)
    while start and _WORD.fullmatch(before[start - 1]):
        start -= 1
    word, head = before[start:], before[:start]
    first, text = _flow_start(lines, line, head)
    path, indent, rest = _line_keys(text)
    inner, in_value, taken = _flow_keys(rest)
    if _depth(rest) <= 0:  # no bracket is open: the value of the line's own key, or a key of its own
        inner, in_value, taken = (), bool(path) and isinstance(path[-1], str), ()
    path += inner
    return Place((*_parents(lines, first, indent), *path), in_value, word, start, taken)


def _flow_start(lines: Sequence[str], line: int, head: str) -> tuple[int, str]:
    """Join the lines of a flow collection that is open before the cursor; return its first line too."""
    first, deepest, depth = line, max(_depth(head), 0), _depth(head)
    for above in range(line - 1, max(-1, line - MAX_FLOW_LINES), -1):
        depth += _depth(_bare(lines[above]))
        if depth > deepest:
            first, deepest = above, depth
        if lines[above][:1].strip():
            break  # a top-level key: nothing reaches beyond it
    return first, " ".join([*(_bare(text) for text in lines[first:line]), head])


def _depth(text: str) -> int:
    plain = re.sub(r'"[^"]*"|\'[^\']*\'', "", text)
    return sum(plain.count(sign) for sign in "{[") - sum(plain.count(sign) for sign in "}]")


def _bare(line: str) -> str:
    """Return a line without its comment."""
    return re.sub(r"(^|\s)#.*", "", line)


def _line_keys(text: str) -> tuple[tuple[str | int, ...], int, str]:
    """Read a block line: its list marks and key, the column of the key, and what follows."""
    path: list[str | int] = []
    at = 0
    while match := _ITEM.match(text, at):
        path.append(0)
        at = match.end()
    indent = len(text[: len(text) - len(text.lstrip())]) if not path else text.index("-")
    if match := _KEY.match(text, at):
        path.append(_name(match))
        at = match.end()
    return tuple(path), indent, text[at:]


def _flow_keys(text: str) -> tuple[tuple[str | int, ...], bool, tuple[str, ...]]:
    """Walk through the brackets before the cursor; return the path within, and what is open at its end."""
    path: list[str | int] = []
    marks: list[tuple[str, int, list[str]]] = []
    in_value, at = False, 0
    while at < len(text):
        sign = text[at]
        if sign in "{[":
            marks.append((sign, len(path), []))
            if sign == "[":
                path.append(0)
            in_value = sign == "["
        elif sign in "}]" and marks:
            del path[marks.pop()[1] :]
            in_value = False
        elif sign == "," and marks:
            keep = marks[-1][1] + (marks[-1][0] == "[")
            del path[keep:]
            in_value = marks[-1][0] == "["
        elif marks and marks[-1][0] == "{" and not in_value and (match := _KEY.match(text, at)):
            marks[-1][2].append(_name(match))
            path.append(_name(match))
            in_value, at = True, match.end() - 1
        elif sign in "\"'" and (end := text.find(sign, at + 1)) > 0:
            at = end
        at += 1
    return tuple(path), in_value and bool(path), tuple(marks[-1][2]) if marks and not in_value else ()


def _name(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None).strip()


def _parents(lines: Sequence[str], first: int, indent: int) -> tuple[str | int, ...]:
    """Collect the keys above a line that it stands below, by indentation."""
    path: list[str | int] = []
    item = _ITEM.match(lines[first]) is not None if first < len(lines) else False
    for number in range(first - 1, -1, -1):
        line = _bare(lines[number])
        if not line.strip():
            continue
        keys, column, rest = _line_keys(line)
        marked = bool(keys) and keys[0] == 0
        inside = column < indent or (column == indent and item and not marked)
        if not inside or not keys:
            continue
        if marked and isinstance(keys[-1], str) and indent == _key_column(line):
            keys = keys[:-1]  # a neighbour in the same mapping, on the line of the list's mark
        elif isinstance(keys[-1], str) and rest.strip():
            continue  # its value stands beside it: nothing can stand below
        path[:0] = keys
        indent, item = column, marked
        if not indent and not item:
            break
    return tuple(path)


def _key_column(line: str) -> int:
    match = _ITEM.match(line)
    return match.end() if match else len(line) - len(line.lstrip())
