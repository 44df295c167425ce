"""How many bytes may leave in answers: no more than the tokens that are billed for them can account for.

A model's file that is encrypted, or written in an encoding of somebody's own making, has no mark by which it
could be known. But it is large, and what leaves in answers is billed: so many bytes for each token are
plausible, and no more. Two bounds hold, both in whole numbers:

    an answer   bytes <= accounted + allowance      accounted = envelope + bytes_per_token * tokens + echo
    a tenant    the sum of max(0, bytes - accounted) over its answers, in any window, <= window_bytes

While an answer streams, its tokens are not known yet. Then they count as at most `tokens_per_event` for each
event in which text grows, and as no more than the caller asked for; where the server told a count already, as
at least that. At its end they are what is billed. An answer that bills no tokens has a bound of its own
(`unbilled_bytes`), vectors are bounded by their number and dimensions, pictures by their number.

An event counts with its *new* bytes: what it does not share with the event before it. Frames that every event
repeats carry nothing out; everything else counts, ids, numbers and spaces too.

Worked example, with 10 bytes for a token, an envelope of 100, an allowance of 50 and a window of 80 bytes: an
answer of 20 tokens may have 350 bytes. One of 340 leaves 40 that nothing accounts for; a second such answer
fills the window, and the third is refused until the first one's slice of the window is over.

State: one small ring for each tenant. It is not durable: a restart begins with an empty window, and the trace
log, which has the figures of every answer, is what a regulator sums up.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

SLICES = 24
"""A window slides by this part of itself: a charge counts for a window, and at most a slice longer."""
_MOST = 2**53 - 1
_REPEATS: Mapping[str, int] = {"openai_responses": 5, "openai_realtime": 6}
"""How often a dialect's stream says the same text: Responses repeats it as text, part, item and whole,
Realtime as the conversation's item too."""
_ECHOES: Mapping[str, int] = {"openai_responses": 3}
"""How often a dialect's stream repeats the request."""
_MOST_LOGPROBS = 20


@dataclass(frozen=True, slots=True)
class EgressBudget:
    """What may leave.

    Attributes:
        bytes_per_token: new bytes that one completion token can account for.
        tokens_per_event: tokens that one event of a stream may bear.
        envelope_bytes: what surrounds an answer, whatever it says.
        allowance_bytes: what one answer may have beyond what is accounted for.
        logprob_bytes: for each alternative of a token, where the caller asked for log-probabilities.
        audio_bytes_per_token: as `bytes_per_token`, where the caller asked for speech.
        image_bytes: for each picture.
        vector_dimensions, dimension_bytes: largest vector, and a number in it as JSON writes it.
        unbilled_bytes: an answer that bills nothing (lists, stored files).
        window_bytes, window_ms: what no token accounts for, of one tenant in any such time.
        of_model: `bytes_per_token` of models that differ.
    """

    bytes_per_token: int = 64
    tokens_per_event: int = 16
    envelope_bytes: int = 4096
    allowance_bytes: int = 65_536
    logprob_bytes: int = 192
    audio_bytes_per_token: int = 4096
    image_bytes: int = 8 * 1024 * 1024
    vector_dimensions: int = 8192
    dimension_bytes: int = 26
    unbilled_bytes: int = 8 * 1024 * 1024
    window_bytes: int = 256 * 1024 * 1024
    window_ms: int = 86_400_000
    of_model: tuple[tuple[str, int], ...] = ()

    def divided(self, among: int) -> EgressBudget:
        """Return one worker's part: of a window an equal part, rounded down; of an answer's bound all."""
        return replace(self, window_bytes=self.window_bytes // among)

    def per_token(self, model: str) -> int:
        """Return the bytes that a token of this model can account for."""
        return dict(self.of_model).get(model, self.bytes_per_token)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asked for, as far as it bounds the answer.

    Attributes:
        dialect: the API.
        purpose: what is asked for, as the fact `purpose` names it.
        billed: its answer bills tokens.
        model: the model that was asked for, or empty.
        max_tokens: the largest answer, over all choices; `None` where open.
        request_bytes: size of the request.
        alternatives: log-probabilities for each token, that of the token itself included.
        speech: spoken answers were asked for.
        spoken_bytes: text that the answer is the sound of.
        pictures: how many pictures were asked for.
        echo: the answer repeats the prompt.
    """

    dialect: str
    purpose: str
    billed: bool = True
    model: str = ""
    max_tokens: int | None = None
    request_bytes: int = 0
    alternatives: int = 0
    speech: bool = False
    spoken_bytes: int = 0
    pictures: int = 1
    echo: bool = False


def alternatives_of(asked: Mapping[str, Any]) -> int:
    """Return for how many alternatives of each token a request wants log-probabilities, at most 21."""
    given = asked.get("logprobs")
    top = asked.get("top_logprobs")
    if not given and not top:
        return 0
    most = max(value for value in (given, top, 0) if type(value) is int)
    return 1 + min(most, _MOST_LOGPROBS)


class EgressMeter:
    """Weighs one answer.

    Args:
        budget: what may leave.
        asked: what the caller asked for.
        account: the tenant's.
    """

    def __init__(self, budget: EgressBudget, asked: Asked, account: EgressAccount) -> None:
        self._budget, self.asked, self._account = budget, asked, account
        rate = budget.per_token(asked.model) + asked.alternatives * budget.logprob_bytes
        rate = max(rate, budget.audio_bytes_per_token if asked.speech else 0)
        self._rate = rate * _REPEATS.get(asked.dialect, 1)
        echoes = max(_ECHOES.get(asked.dialect, 0), int(asked.echo))
        self._fixed = budget.envelope_bytes + echoes * asked.request_bytes
        self._events = 0
        self.bytes = 0
        self.accounted = self._accounted(0, 1)
        self.tenant_bytes: int | None = None

    @property
    def ceiling(self) -> int:
        """The most that this answer may have, as far as it is known now."""
        return self.accounted + (self._budget.allowance_bytes if self.asked.billed else 0)

    @property
    def tenant_ceiling(self) -> int:
        """The most of a tenant's that nothing may account for, in any window."""
        return self._budget.window_bytes

    def grow(self, new: int, events: int, told: int, now_ms: int) -> bool:
        """Weigh a piece of a stream before it is delivered.

        Args:
            new: its new bytes.
            events: how many of its events made text grow.
            told: completion tokens that the server told so far.
            now_ms: milliseconds of any clock that does not go back.

        Returns:
            Whether it may leave.
        """
        self.bytes += new
        self._events += events
        self.accounted = self._accounted(self._bound(told), 1)
        return self._weigh(now_ms)

    def close(self, completion: int, told: int, now_ms: int, *, billed: bool) -> bool:
        """Weigh a whole stream at its end, before its last bytes leave.

        Args:
            completion: completion tokens, as they are billed.
            now_ms: as before.
            told: completion tokens that the server told so far.
            billed: it told all of them; otherwise they are a bound from bytes, which bounds nothing here.
        """
        self.accounted = self._accounted(completion if billed else min(completion, self._bound(told)), 1)
        return self._weigh(now_ms)

    def whole(self, size: int, completion: int, parts: int, now_ms: int) -> bool:
        """Weigh a whole answer.

        Args:
            size: its bytes.
            completion: completion tokens, as they are billed.
            parts: vectors or pictures in it.
            now_ms: as before.
        """
        self.bytes = size
        self.accounted = self._accounted(completion, parts)
        return self._weigh(now_ms)

    def _bound(self, told: int) -> int:
        events = self._events * self._budget.tokens_per_event
        asked = self.asked.max_tokens
        return max(told, events if asked is None else min(events, asked))

    def _accounted(self, tokens: int, parts: int) -> int:
        budget, asked = self._budget, self.asked
        if not asked.billed:
            return budget.unbilled_bytes
        if asked.purpose == "embedding":
            bearing = parts * budget.vector_dimensions * budget.dimension_bytes
        elif asked.dialect == "openai_images":
            bearing = min(parts, asked.pictures) * budget.image_bytes
        elif asked.spoken_bytes:
            bearing = asked.spoken_bytes * budget.audio_bytes_per_token
        else:
            bearing = self._rate * tokens
        return min(self._fixed + bearing, _MOST)

    def _weigh(self, now_ms: int) -> bool:
        if self.bytes > self.ceiling:
            return False
        # What bills nothing is counted whole: it has no tokens that could account for it.
        accounted = self.accounted if self.asked.billed else self._budget.envelope_bytes
        self.tenant_bytes = self._account.charge(max(0, self.bytes - accounted), now_ms)
        return self.tenant_bytes is None or self.tenant_bytes <= self.tenant_ceiling


class _Ring:
    """What nothing accounts for, of one tenant, by slices of the window."""

    __slots__ = ("first", "sums", "total")

    def __init__(self) -> None:
        self.first = 0
        self.sums = [0] * SLICES
        self.total = 0

    def turn(self, to: int) -> None:
        """Forget the slices that are a whole window old; time that goes back changes nothing."""
        for number in range(max(self.first + 1, to - SLICES + 1), to + 1):
            place = number % SLICES
            self.total -= self.sums[place]
            self.sums[place] = 0
        self.first = max(self.first, to)


class EgressLedger:
    """What left of each tenant without a token that accounts for it.

    Memory: one ring for each tenant that was here; tenants are registered, so nobody fills it by calling.

    Args:
        budget: what may leave.
        lock: held while a charge is made, where answers are weighed in several threads.
    """

    def __init__(self, budget: EgressBudget, lock: AbstractContextManager[Any] | None = None) -> None:
        self.budget = budget
        self._lock = nullcontext() if lock is None else lock
        self._slice_ms = max(1, -(-budget.window_ms // (SLICES - 1)))
        self._rings: dict[str, _Ring] = {}

    def account(self, tenant: str) -> EgressAccount:
        """Open an answer's account at its tenant's."""
        return EgressAccount(self, tenant)

    def used(self, tenant: str, now_ms: int) -> int:
        """Return what a tenant has used of its window."""
        with self._lock:
            return self._ring(tenant, now_ms).total

    def charge(self, tenant: str, before: int, after: int, place: int, now_ms: int) -> tuple[int, int]:
        """Exchange an answer's charge, unless its tenant would be beyond its window.

        Args:
            tenant: whose it is.
            before: what the answer was charged last.
            after: what it is to be charged in all.
            place: the slice of the last charge; what was charged in an older one is not given back.
            now_ms: milliseconds of any clock that does not go back.

        Returns:
            The sum as it would be, and the slice of this charge.
        """
        with self._lock:
            ring = self._ring(tenant, now_ms)
            more = after - before
            if more < 0 and place != ring.first:
                more = 0
            total = ring.total + more
            if more < 0 or total <= self.budget.window_bytes:
                ring.sums[ring.first % SLICES] += more
                ring.total = total
            return total, ring.first

    def _ring(self, tenant: str, now_ms: int) -> _Ring:
        ring = self._rings.get(tenant)
        if ring is None:
            ring = self._rings[tenant] = _Ring()
        ring.turn(now_ms // self._slice_ms)
        return ring


@dataclass(slots=True)
class EgressAccount:
    """One answer's part of its tenant's window."""

    _ledger: EgressLedger
    _tenant: str
    _charged: int = 0
    _place: int = -1

    def charge(self, unaccounted: int, now_ms: int) -> int | None:
        """Charge what nothing accounts for in this answer; `None` where there is and was nothing.

        Returns:
            The tenant's sum with it. Where that is beyond the window, nothing was charged.
        """
        if not unaccounted and not self._charged:
            return None
        total, place = self._ledger.charge(self._tenant, self._charged, unaccounted, self._place, now_ms)
        if total <= self._ledger.budget.window_bytes:
            kept = unaccounted < self._charged and place != self._place
            self._charged = self._charged if kept else unaccounted
            self._place = place
        return total
