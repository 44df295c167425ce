"""Findings put out of sight: the identifier goes, a token of its kind stands in its place.

A token tells the kind and nothing else, neither the value nor its length: `[masked:cn_mobile]`. Where spans
overlap, one token stands for all of them, that of the span that begins first (of those, the longest).

What is masked is looked into again by the very scan that found it: as long as anything is found, nothing was
masked, and whoever ordered it gets `None` and must refuse. That is so for findings in keys and numbers, for a
model's files, for what can't be looked into, for a row of registered data whose cells stand apart, and for an
answer that spells out its text again, token by token (`logprobs`).

A string that is JSON itself (a tool call's arguments) stays JSON: a bare number in it becomes a string.

    >>> from zoneproxy.content.settings import ScanSettings
    >>> made = mask_value({"content": "call 13800138000 now"}, ScanSettings(2, bytes(16)))
    >>> made.value, made.counts
    ({'content': 'call [masked:cn_mobile] now'}, {'cn_mobile': 1})
"""

from __future__ import annotations

import json
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zoneproxy.content import sealed
from zoneproxy.content.inspect import Inspection
from zoneproxy.content.locate import locate
from zoneproxy.content.logprobs import bears_tokens
from zoneproxy.content.scan import scan_strings
from zoneproxy.content.sealed import sealed_parts
from zoneproxy.content.settings import ScanSettings
from zoneproxy.content.strict_json import UnreadableError, read_value
from zoneproxy.content.walk import label_of, strings
from zoneproxy.terms.finding import Segment

_ROUNDS = 4
# The zone's assets, and what nobody has looked into, are not made harmless by a token.
_NEVER = ("model_weights", "domestic_corpus", sealed.CATEGORY)
_MAX_DEPTH = 64


class Span(NamedTuple):
    """A place to be masked; characters of the text, the end exclusive."""

    start: int
    end: int
    kind: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Masked:
    """What was masked.

    Attributes:
        value: the JSON value without what was found.
        counts: how many tokens were put in, by kind.
    """

    value: Any
    counts: Mapping[str, int]


def token(kind: str) -> str:
    """Return what stands for a finding of that kind; of a registered data set its name is left out."""
    return f"[masked:{kind.partition(':')[0]}]"


@dataclass(slots=True)
class Spans:
    """The spans of one text, as they become known; a span that begins inside another one gives no token."""

    _spans: list[tuple[int, int, Span]] = field(default_factory=list)

    def add(self, span: Span) -> None:
        """Take in a span."""
        insort(self._spans, (span.start, -span.end, span))

    def drop(self, span: Span) -> None:
        """Leave a span out again."""
        self._spans.remove((span.start, -span.end, span))

    def cover(self, start: int, end: int) -> bool:
        """Tell whether every character from `start` to `end` is in some span."""
        for first, last, _ in self._spans:
            if first <= start < -last:
                start = -last
        return start >= end

    def forget(self, before: int) -> None:
        """Let go of the first spans, as far as they end before a place."""
        while self._spans and -self._spans[0][1] <= before:
            del self._spans[0]

    def apply(self, text: str, start: int, counts: Counter[str]) -> str:
        """Return a piece of the text, which begins at `start`, without what is in the spans.

        Args:
            text: the piece.
            start: its place in the whole text.
            counts: takes up the tokens that were put in.
        """
        made: list[str] = []
        at, end, reached = start, start + len(text), -1
        for first, last, span in self._spans:
            if first >= end:
                break
            if first >= max(reached, start):
                made += text[at - start : first - start], _written(span)
                counts[span.kind.partition(":")[0]] += 1
            reached = max(reached, -last)
            at = max(at, min(reached, end))
        made.append(text[at - start :])
        return "".join(made)


def _written(span: Span) -> str:
    return f'"{token(span.kind)}"' if span.quoted else token(span.kind)


def mask_text(
    text: str, settings: ScanSettings, segment: Segment, counts: Counter[str], label: str = ""
) -> str:
    """Mask all that is found in one string; what remains is for whoever looks again.

    Args:
        text: the string.
        settings: how closely is looked.
        segment: whose words it is.
        counts: takes up the tokens that were put in.
        label: what stands before the string as its context, the key of a JSON member.
    """
    before = f"{label}: " if label else ""
    for _ in range(_ROUNDS):
        found = _spans_of(before + text, settings, segment)
        spans = Spans()
        for span in found:
            if span.end > len(before):
                spans.add(span._replace(start=max(0, span.start - len(before)), end=span.end - len(before)))
        made = spans.apply(text, 0, counts)
        if made == text:
            break
        text = made
    return text


def _spans_of(text: str, settings: ScanSettings, segment: Segment) -> Iterable[Span]:
    """Find every place; an inspection tells each value once, so equal values are located besides."""
    seen = Inspection(settings, leaving=segment is Segment.OUTPUT)
    seen.string(text, segment, 0)
    hits = [hit for hit, _ in seen.hits]
    if hits:
        hits += locate(text, settings).hits
    return {
        Span(hit.start, hit.end, hit.kind)
        for hit in hits
        if hit.start < hit.end and hit.category not in _NEVER
    }


def mask_value(value: Any, settings: ScanSettings, segment: Segment = Segment.OUTPUT) -> Masked | None:
    """Mask all that is found in a JSON value; `None` where something would still be found.

    Args:
        value: what `strict_json` read; it is not changed.
        settings: how closely is looked.
        segment: whose words a string is where no known field says more.
    """
    counts: Counter[str] = Counter()
    made = _mask(value, settings, segment, counts, "")
    if (counts and bears_tokens(made)) or scan_strings(
        strings(made, segment), settings, set(sealed_parts(made))
    ):
        return None
    return Masked(made, dict(sorted(counts.items())))


def _mask(value: Any, settings: ScanSettings, segment: Segment, counts: Counter[str], key: str) -> Any:
    match value:
        case str():
            return _mask_string(value, settings, segment, counts, key)
        case dict():
            return {
                name: _mask(inner, settings, segment, counts, label_of(name)) for name, inner in value.items()
            }
        case list():
            return [_mask(inner, settings, segment, counts, key) for inner in value]
        case _:
            return value


def _mask_string(text: str, settings: ScanSettings, segment: Segment, counts: Counter[str], key: str) -> str:
    tried: Counter[str] = Counter()
    made = mask_text(text, settings, segment, tried, key)
    if made != text and text.lstrip()[:1] in "{[":
        try:
            inner = read_value(text, _MAX_DEPTH)
        except UnreadableError:
            pass
        else:
            tried = Counter()
            made = json.dumps(_numbers_too(inner, settings, segment, tried, ""), ensure_ascii=False)
    counts.update(tried)
    return made


def _numbers_too(value: Any, settings: ScanSettings, segment: Segment, counts: Counter[str], key: str) -> Any:
    """As `_mask`, inside a string that is JSON: its reader takes a token where a number stood."""
    if isinstance(value, dict):
        return {
            name: _numbers_too(inner, settings, segment, counts, label_of(name))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_numbers_too(inner, settings, segment, counts, key) for inner in value]
    if type(value) is int:
        made = mask_text(str(value), settings, segment, counts, key)
        return value if made == str(value) else made
    return _mask(value, settings, segment, counts, key)
