"""How well the detectors tell domestic data, counted over labelled bodies, level by level.

A corpus is a file of JSON objects, one a line: `id`, `text` or `body_b64`, `labels` (what is in it; none for
a body that must pass), `allow` (tolerated side findings), `scope` (labels that the body was labelled for),
`content_type`, `content_encoding`. For each level it is counted, label by label, what was found rightly,
found wrongly and missed, and how many bodies without any label were taken for mixed: those are requests of
customers that would be refused for nothing.

A baseline is the counts of an earlier run. A run is worse than it, and fails, where a level finds more
wrongly or less rightly than it did, for any label or for whole bodies. Better counts pass;
`--write-baseline` makes them the new measure. A baseline counts for the very corpus that it was made of.

Worked example::

    - name: the detectors err no more than they did
      corpus: {file: bodies.jsonl, levels: [1, 2], baseline: bodies.baseline.json}
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from zoneproxy.policy.model import Part, Text

FORMAT = "zoneproxy/corpus-baseline/v1"
Level = Annotated[int, Field(ge=1, le=4)]
BODIES = "(bodies)"
"""Under this name whole bodies are counted: found at all, or taken for mixed."""


class Corpus(Part):
    """A corpus, and what it is measured against."""

    file: Text = Field(description="the corpus, relative to the test file")
    levels: list[Level] = Field(default_factory=lambda: [1, 2, 3, 4], min_length=1, max_length=4)
    baseline: Text | None = Field(
        default=None, description="counts of an earlier run, relative to the test file"
    )


@dataclass(frozen=True, slots=True)
class CorpusCase:
    """One corpus to be counted."""

    name: str
    line: int
    corpus: Corpus
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One body of a corpus, without its bytes."""

    labels: frozenset[str]
    tolerated: frozenset[str] = frozenset()
    scope: frozenset[str] | None = None


@dataclass(slots=True)
class Tally:
    """What one level found.

    Attributes:
        right, wrong, missed: counts by label, and by `BODIES`.
        clean: bodies that hold nothing.
    """

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    clean: int = 0

    def add(self, body: Labelled, found: frozenset[str]) -> None:
        """Count one body.

        Args:
            body: what is in it.
            found: the labels that were found in it.
        """
        seen = found if body.scope is None else found & body.scope
        self.right.update(body.labels & seen)
        self.missed.update(body.labels - seen)
        self.wrong.update(seen - body.labels - body.tolerated)
        if body.labels:
            (self.right if seen & (body.labels | body.tolerated) else self.missed)[BODIES] += 1
        else:
            self.clean += 1
            self.wrong[BODIES] += bool(seen)

    @property
    def labels(self) -> list[str]:
        """All labels that were counted, sorted; not `BODIES`."""
        return sorted({*self.right, *self.wrong, *self.missed} - {BODIES})

    def recall(self, label: str = BODIES) -> float:
        """Share of what is there that was found, in percent."""
        there = self.right[label] + self.missed[label]
        return 100 * self.right[label] / there if there else 100.0

    @property
    def false_positives(self) -> float:
        """Share of the bodies that hold nothing and were taken for mixed, in percent."""
        return 100 * self.wrong[BODIES] / self.clean if self.clean else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        counts = {
            name: {"right": self.right[name], "wrong": self.wrong[name], "missed": self.missed[name]}
            for name in [BODIES, *self.labels]
        }
        return {"clean": self.clean, "counts": counts}


def baseline_of(corpus: bytes, tallies: Mapping[int, Tally]) -> str:
    """Write counts as a baseline file."""
    document = {
        "format": FORMAT,
        "corpus": "sha256:" + hashlib.sha256(corpus).hexdigest(),
        "levels": {str(level): tally.as_json() for level, tally in sorted(tallies.items())},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def read_baseline(data: bytes) -> Mapping[str, Any]:
    """Read a baseline file.

    Raises:
        ValueError: it is none.
    """
    try:
        document = json.loads(data)
        counts = [each for level in document["levels"].values() for each in level["counts"].values()]
        numbers = [each[name] for each in counts for name in ("right", "wrong", "missed")]
        if document["format"] == FORMAT and all(type(number) is int for number in numbers):
            return dict(document)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # told below, whatever it is
    raise ValueError("it is no baseline of a corpus")


def regressions(corpus: bytes, tallies: Mapping[int, Tally], baseline: Mapping[str, Any]) -> tuple[str, ...]:
    """Say, in words, where counts are worse than a baseline's; empty where none is."""
    digest = "sha256:" + hashlib.sha256(corpus).hexdigest()
    if baseline.get("corpus") != digest:
        return ("the baseline was made of another corpus: make a new one with `--write-baseline`",)
    return tuple(_regressions(tallies, baseline["levels"]))


def _regressions(tallies: Mapping[int, Tally], levels: Mapping[str, Any]) -> Iterator[str]:
    for level, tally in sorted(tallies.items()):
        if str(level) not in levels:
            yield f"level {level}: the baseline has no counts of it"
            continue
        before = levels[str(level)]["counts"]
        for name in sorted({*before, *tally.labels, BODIES}):
            old = before.get(name, {"right": 0, "wrong": 0, "missed": 0})
            if tally.wrong[name] > old["wrong"]:
                yield f"level {level}: {name}: {tally.wrong[name]} found wrongly, {old['wrong']} before"
            if tally.right[name] < old["right"]:
                yield f"level {level}: {name}: {tally.right[name]} found rightly, {old['right']} before"


def table(tallies: Mapping[int, Tally]) -> list[str]:
    """Write counts as lines for a person: one a level, then the labels that some level errs on."""
    head = f"{'level':7}{'clean bodies':>14}{'taken for mixed':>18}{'recall':>9}"
    lines = [f"{head}{'labels right/wrong/missed':>28}"]
    for level, tally in sorted(tallies.items()):
        sums = "/".join(
            str(_total(counts, tally.labels)) for counts in (tally.right, tally.wrong, tally.missed)
        )
        wrong = f"{tally.wrong[BODIES]} ({tally.false_positives:.2f}%)"
        lines.append(f"{level:<7}{tally.clean:>14}{wrong:>18}{tally.recall():>8.2f}%{sums:>28}")
    for name in sorted({label for tally in tallies.values() for label in tally.labels}):
        errs = [
            f"level {level}: {tally.wrong[name]} wrong, {tally.missed[name]} missed"
            for level, tally in sorted(tallies.items())
            if tally.wrong[name] or tally.missed[name]
        ]
        if errs:
            lines.append(f"   {name}: {'; '.join(errs)}")
    return lines


def _total(counts: Counter[str], labels: Sequence[str] | Iterable[str]) -> int:
    return sum(counts[label] for label in labels)
