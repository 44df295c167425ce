r"""Read strict YAML from bytes, keeping the place of every key and value.

The accepted language is YAML 1.2's core schema, made narrower so that what a person reads is what
is loaded:

* plain scalars are `null`/`~`/empty, `true`/`false`, whole numbers, decimal numbers, or text.
  `NO`, `on`, `22:22` and `0777` stay text: Norway is a country, not a boolean;
* keys are text, and no key stands twice in one mapping;
* anchors, aliases, merge keys, tags, directives and second documents are refused;
* characters that change how lines or words are shown (other line ends, bidirectional controls)
  are refused;
* at most 1 MiB, 100 000 nodes and 32 levels.

All faults of one file are reported together, save that after a fault of syntax nothing more is
read. The places are the same whether PyYAML has its C parser or not.

Worked example::

    >>> source = read(b"a: {b: NO}\n", "x.yaml")
    >>> source.data
    {'a': {'b': 'NO'}}
    >>> source.values[("a", "b")]
    Span(line=1, column=8, end_line=1, end_column=10)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from zoneproxy.terms.errors import PolicyError, Problem

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
MAX_DEPTH = 32
_EMPTY = "check that this is the file that you mean, and that it was saved"

Path = tuple[str | int, ...]

_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}\Z", re.ASCII)
# Control characters, the line ends that only some programs know, marks that reorder what is shown,
# byte-order marks inside the text, lone surrogates and non-characters.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: lines and columns count from 1 in characters, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class Source:
    """One file as it was read: its data and the place of each part of it.

    Attributes:
        file: name for messages.
        lines: the text's lines, without line ends.
        data: plain dicts, lists, text, whole numbers, decimal numbers, booleans and None.
        keys: place of the key of each mapping entry, by path.
        values: place of each value, by path; `()` is the whole document.
        problems: faults found so far.
    """

    file: str
    lines: list[str]
    data: Any = None
    keys: dict[Path, Span] = field(default_factory=dict)
    values: dict[Path, Span] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _faulty: set[Path] = field(default_factory=set)

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Return the place of the value (or the key) at `path`, or of the nearest part above it."""
        if key and path in self.keys:
            return self.keys[path]
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, Span(1, 1, 1, 2))

    def report(self, path: Path, code: str, message: str, *, remedy: str = "", key: bool = False) -> None:
        """Note a fault at `path`; a fault at or below a place already at fault is a follow-up, left out."""
        if any(path[:end] in self._faulty for end in range(len(path) + 1)):
            return
        self._faulty.add(path)
        self.problems.append(self._problem(self.span(path, key=key), code, message, remedy, path))

    def note(self, path: Path, code: str, message: str, *, remedy: str = "", key: bool = False) -> None:
        """Note a fault that stands for itself: it hides no other, and no other hides it."""
        self.problems.append(self._problem(self.span(path, key=key), code, message, remedy, path))

    def _problem(self, span: Span, code: str, message: str, remedy: str, path: Path) -> Problem:
        line = self.lines[span.line - 1] if span.line <= len(self.lines) else ""
        end = span.end_column if span.end_line == span.line else len(line.rstrip()) + 1
        width = max(1, end - span.column)
        return Problem(self.file, span.line, span.column, code, message, remedy, width, show_path(path))

    def fail_if_faulty(self) -> None:
        """Raise PolicyError with every fault noted so far, if there is one."""
        if self.problems:
            raise PolicyError(self.problems)


def show_path(path: Path) -> str:
    """Write a path as people do.

    >>> show_path(("rules", 0, "when"))
    'rules[0].when'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def read(data: bytes, file: str, *, bytes_below: str | None = None) -> Source:
    """Read one YAML document.

    Args:
        data: the file's bytes, UTF-8; may be an enemy's.
        file: name for messages; nothing is opened.
        bytes_below: the member below which strings stand for bytes of any kind, NUL among them.

    Returns:
        The data with its places. `problems` may be non-empty: duplicate keys and forbidden
        features are left out of `data` so that later stages can report what else is wrong.

    Raises:
        PolicyError: nothing can be read: too large, not UTF-8, faulty syntax, empty.
    """
    source = Source(file, [])
    if len(data) > MAX_BYTES:
        _refuse(source, Span(1, 1, 1, 2), "ZP0001", f"the file is larger than {MAX_BYTES} bytes",
                "check that this is the file that you mean")  # fmt: skip
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        source.lines = before.split("\n")
        _refuse(source, Span(line, column, line, column + 1), "ZP0010", "the file is not UTF-8 text",
                "save it as UTF-8")  # fmt: skip
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    source.lines = text.split("\n")
    _check_characters(source, text)
    _Builder(source, bytes_below=bytes_below).build(text)
    return source


def _refuse(source: Source, span: Span, code: str, message: str, remedy: str = "") -> None:
    source.problems.append(source._problem(span, code, message, remedy, ()))  # noqa: SLF001 - one module
    raise PolicyError(source.problems)


def _check_characters(source: Source, text: str) -> None:
    match = _REFUSED.search(text)
    if match is None:
        return
    before = text[: match.start()]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    _refuse(
        source,
        Span(line, column, line, column + 1),
        "ZP0010",
        f"the character U+{ord(match[0]):04X} is not allowed",
        "it can't be seen, or changes what is seen: delete it",
    )


class _Builder:
    """Turns parser events into data and places; holds the limits."""

    def __init__(self, source: Source, loader: Any = None, *, bytes_below: str | None = None) -> None:
        self.source = source
        self.bytes_below = bytes_below
        self.loader = loader or getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.nodes = 0

    def build(self, text: str) -> None:
        events = iter(yaml.parse(text, Loader=self.loader))
        try:
            self._document(events)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line + 1, len(self.source.lines)) if mark else 1
            column = mark.column + 1 if mark and line == mark.line + 1 else 1
            what = (error.problem or "the text is not YAML").lower()
            if error.context:
                what = f"{what} ({error.context.lower()})"
            _refuse(self.source, Span(line, column, line, column + 1), "ZP0002", what, _syntax_remedy(what))
        except yaml.YAMLError:
            _refuse(self.source, Span(1, 1, 1, 2), "ZP0002", "the text is not YAML")

    def _document(self, events: Iterator[Any]) -> None:
        next(events)  # the stream's start
        start = next(events)
        if isinstance(start, yaml.StreamEndEvent):
            _refuse(self.source, Span(1, 1, 1, 2), "ZP0003", "the file is empty", _EMPTY)
        if start.version or start.tags:
            self._fault(start, (), "ZP0007", "YAML directives are not allowed", "delete the line")
        self.source.data = self._value(next(events), events, (), 0)
        if self.source.data is None:
            _refuse(self.source, Span(1, 1, 1, 2), "ZP0003", "the file is empty", _EMPTY)
        next(events)  # the document's end
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            _refuse(self.source, _span(after), "ZP0011", "a second document is not allowed",
                    "keep one document in each file")  # fmt: skip

    def _fault(self, event: Any, path: Path, code: str, message: str, remedy: str) -> None:
        self.source.values.setdefault(path, _span(event))
        self.source.report(path, code, message, remedy=remedy)

    def _value(self, event: Any, events: Iterator[Any], path: Path, depth: int) -> Any:
        span = _span(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            _refuse(self.source, span, "ZP0004", f"the file has more than {MAX_NODES} nodes",
                    "check that this is the file that you mean")  # fmt: skip
        if depth > MAX_DEPTH:
            _refuse(self.source, span, "ZP0005", f"nested deeper than {MAX_DEPTH} levels",
                    "write it flatter: no field lies so deep")  # fmt: skip
        self.source.values[path] = span
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, path, "ZP0006", f"the alias `*{event.anchor}` is not allowed",
                        "write the value again, or name a list in `sets` and use `$sets.NAME`")  # fmt: skip
            return None
        if event.anchor is not None:
            self._fault(event, path, "ZP0006", f"the anchor `&{event.anchor}` is not allowed",
                        "delete it: values are not shared")  # fmt: skip
        if event.tag is not None:
            self._fault(event, path, "ZP0007", f"the tag `{event.tag}` is not allowed",
                        "delete it: the format knows each value's type")  # fmt: skip
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value and self.bytes_below not in path:
                self._fault(event, path, "ZP0012", "a NUL character is not allowed", "take the escape out")
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path, depth, span)
        return self._mapping(events, path, depth, span)

    def _sequence(self, events: Iterator[Any], path: Path, depth: int, span: Span) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._value(event, events, (*path, len(items)), depth + 1))
        self.source.values[path] = _closed(span, event)
        return items

    def _mapping(self, events: Iterator[Any], path: Path, depth: int, span: Span) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, path, depth, entries)
            # A refused key's value is still read, at a place of its own, so that the events go on.
            below = (*path, key) if key is not None else (*path, f"?{self.nodes}")
            value = self._value(next(events), events, below, depth + 1)
            if key is not None:
                entries[key] = value
        self.source.values[path] = _closed(span, event)
        return entries

    def _key(
        self, event: Any, events: Iterator[Any], path: Path, depth: int, entries: dict[str, Any]
    ) -> str | None:
        span = _span(event)
        if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
            self._value(event, events, (*path, f"?{self.nodes}"), depth + 1)
            self._note(span, path, "ZP0008", "a key must be plain text", "write a word")
            return None
        key = str(event.value)
        if key == "<<":
            self._note(span, path, "ZP0006", "merge keys (`<<`) are not allowed", "write the fields again")
            return None
        if not isinstance(_scalar(event), str):
            self._note(span, path, "ZP0008", f"the key `{key}` must be text", f'write "{key}"')
            return None
        if key in entries:
            first = self.source.keys[(*path, key)].line
            self._note(span, (*path, key), "ZP0009", f"duplicate key `{key}` (first at line {first})",
                       "keep one of them")  # fmt: skip
            return None
        self.source.keys[(*path, key)] = span
        return key

    def _note(self, span: Span, path: Path, code: str, message: str, remedy: str) -> None:
        self.source.problems.append(
            self.source._problem(span, code, message, remedy, path)  # noqa: SLF001 - one module
        )


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _closed(span: Span, event: Any) -> Span:
    """Join a collection's start with its end event; a block's end mark may stand lines below."""
    return Span(span.line, span.column, event.end_mark.line + 1, event.end_mark.column + 1)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _syntax_remedy(what: str) -> str:
    if "tab" in what or "'\\t'" in what:
        return "indent with spaces"
    if "':'" in what or "expected <block end>" in what:
        return "check the indentation and the colons of this line and the one above"
    return "see the place marked, and the line above it"
