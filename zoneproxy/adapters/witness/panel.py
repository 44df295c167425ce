"""All witnesses of one log, asked at once: what they hold of it, and whether a quorum cosigns a checkpoint.

A witness that is slow, wrong or silent is one cosignature less. One that shows a later or another state of
this log, signed by the log, proves that this disk was rolled back: that is raised, always.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from zoneproxy.adapters.witness.client import WitnessClient
from zoneproxy.adapters.witness.feed import Known, Outcome, Prove, WitnessFeed
from zoneproxy.terms.errors import ConfigError, TraceError, VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.note import Note, parse_note
from zoneproxy.trace.trust import TrustPolicy

_SLACK_S = 1.0

log = logging.getLogger(__name__)

RootAt = Callable[[int], bytes]
"""Returns the root of the first so many entries."""


@dataclass(frozen=True, slots=True)
class WitnessRules:
    """Who cosigns a log, and how that is insisted on.

    Attributes:
        trust: the witnesses, their addresses and the quorum.
        interval_s: seconds between rounds while the log grows.
        heartbeat_s: seconds between rounds while nothing but epochs is written.
        epoch_interval_s: seconds between epochs, which bracket time, while the log grows; longer and longer,
            up to an hour, while it does not.
        timeout_s: for each request.
        alarm_after_s: seconds without a quorum until the alarm.
        max_unwitnessed_s: seconds without a quorum until the log ends; `None`: it goes on.
        insist_at_start: the log does not start without a quorum.
    """

    trust: TrustPolicy
    interval_s: float = 10.0
    heartbeat_s: float = 60.0
    epoch_interval_s: float = 60.0
    timeout_s: float = 5.0
    alarm_after_s: float = 60.0
    max_unwitnessed_s: float | None = None
    insist_at_start: bool = False


class WitnessPanel:
    """The witnesses of one log.

    Args:
        rules: who they are.
        origin: the log's origin.
        known: the log's keys.

    Raises:
        ConfigError: a witness's address is none, or no quorum can ever be reached.
    """

    def __init__(self, rules: WitnessRules, origin: str, known: Known) -> None:
        self._rules = rules
        self._feeds = make_feeds(rules, origin, known)
        self._busy: dict[str, threading.Lock] = {feed.url: threading.Lock() for feed in self._feeds}
        self._silent: dict[str, str] = {}

    def check_view(self, signed: Checkpoint, root_at: RootAt) -> None:
        """Ask every witness what it holds of this log.

        Raises:
            TraceError: what it holds shows that this disk is not the newest state of the log.
        """
        for feed, outcome in self._ask(lambda feed: feed.check_view(signed, root_at)):
            if outcome.rollback is not None:
                raise rolled_back(feed, outcome.rollback)
            if outcome.trouble:
                log.warning("the witness `%s` can't be asked for its view: %s", feed.name, outcome.trouble)

    def cosign(self, checkpoint: Checkpoint, note: bytes, prove: Prove, root_at: RootAt) -> bytes | None:
        """Have a checkpoint cosigned; return its note with the cosignatures of a quorum, or `None`.

        Raises:
            TraceError: a witness shows that this disk is not the newest state of the log.
        """
        outcomes = self._ask(lambda feed: feed.cosign(checkpoint, note, prove, root_at))
        for feed, outcome in outcomes:
            self._tell(feed, outcome)
            if outcome.rollback is not None:
                raise rolled_back(feed, outcome.rollback)
        lines = [line for _, outcome in outcomes for line in outcome.lines]
        signed = parse_note(note)
        whole = Note(signed.text, (*signed.signatures, *lines)).data
        return whole if self._rules.trust.holds(self._rules.trust.cosigned_by(whole)) else None

    def _ask(self, question: Callable[[WitnessFeed], Outcome]) -> list[tuple[WitnessFeed, Outcome]]:
        """Ask every witness at once; one that is still busy with the last question is passed over."""
        answers: queue.SimpleQueue[tuple[WitnessFeed, Outcome]] = queue.SimpleQueue()

        def ask(feed: WitnessFeed) -> None:
            try:
                answers.put((feed, question(feed)))
            except Exception as error:  # a fault of ours is one witness less, never a round that hangs
                log.exception("fault while a witness was asked")
                answers.put((feed, Outcome(trouble=f"internal error: {type(error).__name__}")))
            finally:
                self._busy[feed.url].release()

        made: list[tuple[WitnessFeed, Outcome]] = []
        waiting = 0
        for feed in self._feeds:
            if self._busy[feed.url].acquire(blocking=False):
                threading.Thread(target=ask, args=(feed,), name="trace-witness", daemon=True).start()
                waiting += 1
            else:
                made.append((feed, Outcome(trouble="it has not answered the question before")))
        deadline = time.monotonic() + 2 * self._rules.timeout_s + _SLACK_S
        while waiting:
            try:
                made.append(answers.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                there = {feed.url for feed, _ in made}
                late = [feed for feed in self._feeds if feed.url not in there]
                return made + [(feed, Outcome(trouble="it does not answer in time")) for feed in late]
            waiting -= 1
        return made

    def _tell(self, feed: WitnessFeed, outcome: Outcome) -> None:
        """Tell the operator's log when a witness falls silent, says something else, or is back."""
        before = self._silent.get(feed.url, "")
        if outcome.trouble and outcome.trouble != before:
            log.warning("the witness `%s` (%s) does not cosign: %s", feed.name, feed.url, outcome.trouble)
        elif before and not outcome.trouble:
            log.info("the witness `%s` cosigns again", feed.name)
        self._silent[feed.url] = outcome.trouble


def make_feeds(rules: WitnessRules, origin: str, known: Known) -> list[WitnessFeed]:
    """Return one feed for each address of the trust file.

    Raises:
        ConfigError: an address is none, or those who have one can't be a quorum.
    """
    by_url: dict[str, list[str]] = {}
    for name, url in rules.trust.urls.items():
        by_url.setdefault(url.rstrip("/"), []).append(name)
    if not rules.trust.holds(rules.trust.urls):
        raise ConfigError(
            "the witnesses that have an address are no quorum",
            hint="add the witness's address to its line: `witness <name> <vkey> <url>`",
        )
    return [
        WitnessFeed(
            WitnessClient(url, rules.timeout_s),
            names,
            [rules.trust.witnesses[name] for name in names],
            origin=origin,
            known=known,
        )
        for url, names in by_url.items()
    ]


def rolled_back(feed: WitnessFeed, shown: VerificationError) -> TraceError:
    """Say that a witness proves this disk to be not the newest state of the log."""
    return TraceError(
        f"this disk was rolled back, or another one signs as this log: the witness `{feed.name}` proves it, "
        f"{shown.message}",
        hint=f"put the newest copy of the log back; what the witness holds: {feed.shown_at}; "
        "never make a new log over it: a second history under the same keys is what witnesses show",
    )
