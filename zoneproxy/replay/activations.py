"""Were the policies that judged a decision those that an activation had put in force?

That a decision follows from an archived policy shows nothing if any policy could have been archived. So every
decision must name the policies of the newest `activation` of its worker. There are two exceptions, both of a
running zone:

    an exchange keeps the rules that it began with     its id (UUIDv7) bears the moment it began: it may name
                                                       what was in force then, for a day at most
    a new shard begins with what stood in the old one  a worker without an activation of its own in this
                                                       shard is held to those of its node

A part of a log notes what its decisions named, in runs; `InForce` follows the runs of all parts in order.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.trace.glance import Seen

Named = tuple[tuple[str, str], ...]
"""Layers and the digests of their policies, sorted."""
Worker = tuple[bytes, bytes]

_LATEST_MS = 86_400_000
_CLOCK_MS = 60_000
"""Between the clock that an id is made by and the log's: so much is no difference."""
_UUID7 = re.compile(rb'"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"')
_MOST_KEPT = 64


@dataclass(slots=True)
class Run:
    """Decisions of one worker that name the same policies, or an activation.

    Attributes:
        index: the first entry.
        worker: node and worker, as spelled.
        named: what it names.
        activation: it is an activation.
        carried: it is one that a new shard was given, of rules that were in force before.
        ts: time of the first entry, milliseconds since 1970 UTC.
        began_ms: when the youngest of the exchanges began; 0 where its id does not say.
    """

    index: int
    worker: Worker
    named: Named
    activation: bool
    carried: bool
    ts: int
    began_ms: int = 0


@dataclass(slots=True)
class Runs:
    """What the entries of a part named, in order."""

    runs: list[Run] = field(default_factory=list)
    _last: dict[Worker, Run] = field(default_factory=dict)
    _read: dict[int, tuple[Sequence[Mapping[str, Any]], Named]] = field(default_factory=dict)

    def take(
        self, index: int, seen: Seen, policies: Sequence[Mapping[str, Any]], *, carried: bool = False
    ) -> None:
        """Take in a decision, or an activation.

        Args:
            index: its place in the log.
            seen: the entry.
            policies: what it names, `{layer, digest}` each.
            carried: it is an activation that a new shard was given.
        """
        known = self._read.get(id(policies))
        if known is None or known[0] is not policies:
            named = tuple(sorted((str(one["layer"]), str(one["digest"])) for one in policies))
            known = self._read[id(policies)] = (policies, named)
            if len(self._read) > _MOST_KEPT:
                self._read.clear()
        activation = seen.kind == "activation"
        began = 0 if activation else began_ms(seen.spell("flow"))
        last = self._last.get(seen.worker)
        if last is not None and not activation and not last.activation and last.named == known[1]:
            last.began_ms = max(last.began_ms, began)
            return
        run = Run(index, seen.worker, known[1], activation, carried, seen.ts, began)
        self._last[seen.worker] = run
        self.runs.append(run)


def began_ms(flow: bytes) -> int:
    """Return when an exchange began by its id, spelled in JSON; 0 where the id does not say."""
    made = _UUID7.fullmatch(flow)
    return int(made[1] + made[2], 16) if made else 0


class InForce:
    """Follows which policies were in force at each worker."""

    def __init__(self) -> None:
        self._acts: dict[Worker, list[Run]] = {}

    def take(self, part: Runs, flaws: Flaws, *, whole: bool = True) -> None:
        """Take in a part; name decisions under policies that nobody had put in force.

        Args:
            part: what its entries named.
            flaws: takes what is found.
            whole: the log is here from its beginning on.
        """
        for run in part.runs:
            if run.activation:
                acts = self._acts.setdefault(run.worker, [])
                acts.append(run)
                del acts[:-_MOST_KEPT]
            elif whole and (told := self._problem(run)):
                flaws.add(FlawClass.INVALID, f"entry {run.index}", told, level=Level.DECISIONS)

    def _problem(self, run: Run) -> str:
        own = self._acts.get(run.worker)
        if own is not None and own[-1].named == run.named:
            return ""
        near = [acts for worker, acts in self._acts.items() if worker[0] == run.worker[0]]
        if not near:
            return "no activation put the policies in force that judged it"
        if own is None and any(act.named == run.named for acts in near for act in acts):
            return ""
        if self._began_before(run, own or min(near, key=lambda acts: acts[0].index)):
            return ""
        newest = (own or max(near, key=lambda acts: acts[-1].index))[-1]
        return f"it was judged under other policies than entry {newest.index} had put in force"

    @staticmethod
    def _began_before(run: Run, acts: Sequence[Run]) -> bool:
        """Tell whether an exchange began while what it names was in force, or before this shard."""
        if not run.began_ms or run.ts - run.began_ms > _LATEST_MS:
            return False
        if acts[0].carried and run.began_ms <= acts[0].ts:
            return True
        later = itertools.pairwise(acts)
        return any(act.named == run.named and run.began_ms <= after.ts + _CLOCK_MS for act, after in later)
