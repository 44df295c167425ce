"""Watches one exchange from outside and says which law its commands break, if any."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoneproxy.passage.commands import (
    Command,
    Cut,
    Deliver,
    Finish,
    Forward,
    Refuse,
    Release,
    Sever,
    Write,
)
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerEnd,
    Event,
    Fault,
    Recorded,
    RecordFailed,
    StopsChanged,
    TurnedAway,
)
from zoneproxy.route.stops import Scope


class LawBrokenError(AssertionError):
    """A law of the passage does not hold."""


@dataclass
class LawWatch:
    """Follows events and commands; knows nothing of how the passage works inside.

    Attributes:
        durable: records that are durable, in order.
        pending: the record that was ordered and is not durable yet.
        delivered: bytes of the answer that have left.
        stopped: the operator stops the exchange now.
        silent: its refusal is not recorded.
        sealed: the record of its good end was ordered before that.
        refused_returns: how often the record of the end was refused before it was written.
    """

    durable: list[Write] = field(default_factory=list)
    pending: Write | None = None
    log_dead: bool = False
    forwarded: bool = False
    whole: bool = False
    ended: bool = False
    delivered: bytes = b""
    same_route: bool = True
    refused_returns: int = 0
    stopped: bool = False
    silent: bool = False
    sealed: bool = False

    def event(self, event: Event) -> None:
        """Note what the driver feeds."""
        match event:
            case Recorded():
                if self.pending is None:
                    raise LawBrokenError("a record came back that nobody ordered")
                self.durable.append(self.pending)
                self.pending = None
            case TurnedAway():
                self.pending, self.silent = None, True
            case RecordFailed():
                self.log_dead, self.pending = True, None
            case Fault():
                self.refused_returns += self.pending is not None and self.pending.kind == "return"
                self.pending = None
            case StopsChanged(stops):
                self.sealed = self.pending is not None and self.pending.kind == "return"
                self.stopped = any(scope is not Scope.MODEL or self.forwarded for scope in stops.by_scope)
            case AnswerEnd(pin) | AnswerBody(_, pin):
                self.same_route = pin.route == "cable-sg-1"

    def commands(self, commands: list[Command]) -> None:
        """Check what the passage orders."""
        writes = [command for command in commands if isinstance(command, Write)]
        if writes and len(commands) > 1:
            raise LawBrokenError("something is ordered beside a record")
        for command in commands:
            if self.ended:
                raise LawBrokenError(f"{type(command).__name__} after the end")
            self._check(command)

    def _admitted(self) -> bool:
        return any(w.kind == "decision" and w.body["verdict"] == "allow" for w in self.durable)

    def _returned(self, verdict: str) -> bool:
        return any(w.kind == "return" and w.body["verdict"] == verdict for w in self.durable)

    def _check(self, command: Command) -> None:  # noqa: C901, PLR0912 - one law a branch
        if not isinstance(command, Write) and self.pending is not None and not self.log_dead:
            raise LawBrokenError(f"{type(command).__name__} while a record is outstanding")
        if self.silent and not isinstance(command, Sever):
            raise LawBrokenError(f"{type(command).__name__} of a refusal that was not recorded")
        match command:
            case Write(kind):
                if self.log_dead:
                    raise LawBrokenError("a record is ordered from a log that takes none")
                if kind == "return" and not self._admitted():
                    raise LawBrokenError("a return without an admission")
                if kind == "return" and any(w.kind == "return" for w in self.durable):
                    raise LawBrokenError("two returns")
                self.pending = command
            case Forward() if self.stopped:
                raise LawBrokenError("forwarded although it is stopped")
            case Deliver() | Finish() | Release() if self.stopped and not self.sealed:
                raise LawBrokenError("delivered although it is stopped")
            case Forward():
                if not self._admitted() or self.log_dead:
                    raise LawBrokenError("forwarded before its record was durable")
                if self.forwarded:
                    raise LawBrokenError("forwarded twice")
                self.forwarded = True
            case Deliver(data):
                if not self.forwarded or not self._admitted():
                    raise LawBrokenError("delivered before anything was forwarded")
                if any(w.kind == "return" for w in self.durable):
                    raise LawBrokenError("delivered after the return was recorded")
                if not data or b"[DONE]" in data:
                    raise LawBrokenError("the end of an answer was not held")
                self.delivered += data
            case Finish() | Release():
                if not self._returned("allow"):
                    raise LawBrokenError("the last byte left before its return was durable")
                if not self.same_route:
                    raise LawBrokenError("an answer left by another route")
                self.whole = self.ended = True
            case Refuse() | Cut():
                told = self._returned("deny") or any(w.body["verdict"] == "deny" for w in self.durable)
                if not told and not self.log_dead:
                    raise LawBrokenError("a refusal was told before it was durable")
                self.ended = True
            case Sever():
                self.ended = True
            case _:
                pass

    def finish(self) -> None:
        """Check what must be true once nothing can happen any more."""
        admitted = self._admitted()
        returns = [w for w in self.durable if w.kind == "return"]
        # A second record, from what can't be wrong, follows a refused one; if that is refused too, none can.
        least = 0 if self.refused_returns > 1 else 1
        if admitted and self.forwarded and not self.log_dead and not least <= len(returns) <= 1:
            raise LawBrokenError(f"an admitted exchange ended with {len(returns)} returns")
        if self.whole and returns[0].body["verdict"] != "allow":
            raise LawBrokenError("a withheld answer was delivered")
