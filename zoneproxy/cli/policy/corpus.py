"""The corpora of `zoneproxy policy test`: what the detectors find in labelled bodies, level by level."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zoneproxy.cli.named_files import read_file
from zoneproxy.cli.policy.labelled import LabelledBody, read_labelled
from zoneproxy.content.scan import ScanSettings, scan_body
from zoneproxy.content.sealed import KIND as UNINSPECTABLE
from zoneproxy.policy.corpus import (
    CorpusCase,
    Labelled,
    Tally,
    baseline_of,
    read_baseline,
    regressions,
    table,
)
from zoneproxy.terms.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CorpusOutcome:
    """What was counted: the failures in words, the counts as lines and as values."""

    case: CorpusCase
    failures: tuple[str, ...]
    lines: tuple[str, ...]
    tallies: dict[int, Tally]


def run_corpus(
    case: CorpusCase,
    folder: Path,
    *,
    baseline: str | None = None,
    write: bool = False,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> CorpusOutcome:
    """Count a corpus, and hold the counts against its baseline.

    Args:
        case: the corpus.
        folder: where the test file lies.
        baseline: another baseline than the case names.
        write: the counts become the baseline, instead of being held against it.
        tell: told now and then how many bodies of how many are done.

    Raises:
        ConfigError: a file can't be read or written.
    """
    source = folder / case.corpus.file
    data = read_file(str(source))
    bodies = list(read_labelled(data, str(source)))
    levels = sorted(set(case.corpus.levels))
    tallies: dict[int, Tally] = {}
    for turn, level in enumerate(levels):
        before, every = turn * len(bodies), len(levels) * len(bodies)
        tallies[level] = _count(bodies, level, partial(_tell, tell, before, every))
    place = Path(baseline) if baseline else folder / case.corpus.baseline if case.corpus.baseline else None
    failures: tuple[str, ...] = ()
    if write:
        if place is None:
            raise ConfigError(
                f"`{case.name}` names no baseline", hint="name the file to be written with `--baseline FILE`"
            )
        # A crash here leaves a cut file, which is no baseline.
        place.write_text(baseline_of(data, tallies), encoding="utf-8")
    elif place is not None:
        try:
            measure = read_baseline(read_file(str(place)))
            failures = regressions(data, tallies, measure)
        except ValueError:
            raise ConfigError(
                f"`{place}` is no baseline of a corpus", hint="make one with `--write-baseline`"
            ) from None
    return CorpusOutcome(case, failures, tuple(table(tallies)), tallies)


def _tell(tell: Callable[[int, int], None], before: int, every: int, done: int) -> None:
    tell(before + done, every)


def _count(bodies: list[LabelledBody], level: int, tell: Callable[[int], None]) -> Tally:
    # The digests tell equal values apart within this run and are not printed: any key will do.
    settings, tally = ScanSettings(level, secrets.token_bytes(32)), Tally()
    for done, one in enumerate(bodies, 1):
        seen = scan_body(one.body.data, one.body.content_type, one.body.content_encoding, settings)
        found = frozenset(hit.kind.upper() for hit in seen.findings if hit.kind != UNINSPECTABLE)
        tally.add(Labelled(one.labels, one.tolerated, one.scope), found)
        if not done % 50:
            tell(done)
    return tally
