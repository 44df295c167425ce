"""How a session ends: what still has to end before, and what the caller is told as both sides are closed.

Close codes are those of RFC 6455, section 7.4.1; the reason beside the code is a reason code of ours.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from zoneproxy.content.json_seq import decode
from zoneproxy.passage.commands import Command, Cut, Deliver, Finish, Refuse, Sever
from zoneproxy.passage.events import Event
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.session_words import CloseBoth, ToClient
from zoneproxy.terms.reasons import REASONS

NORMAL, GOING_AWAY, POLICY, OUR_FAULT = 1000, 1001, 1008, 1011
_CODES = {
    "request-malformed": 1002,
    "content-unknown-type": 1003,
    "content-unreadable": 1007,
    "content-too-large": 1009,
}
_SERVER_ERRORS = 500


@dataclass(slots=True)
class Ending:
    """How a session ends.

    Attributes:
        left: what still has to end, each with the event that ends it; the session's own exchange is the last.
        code, reason: what the caller is told as it is closed.
        told: the message that says why, or empty.
        rest: what of the session's own answer goes before.
    """

    left: deque[tuple[Passage, Event]]
    code: int = NORMAL
    reason: str = ""
    told: str = ""
    rest: list[str] = field(default_factory=list)

    def keep(self, passage: Passage, commands: list[Command], *, is_own: bool) -> None:
        """Keep what the end of one exchange orders: the first that says why is what the caller is told."""
        for command in commands:
            if isinstance(command, Refuse | Cut) and not self.told:
                data = command.body if isinstance(command, Refuse) else command.data
                self.told, self.reason = data.decode("utf-8"), passage.exchange.refusal
                self.code = _code_of(self.reason)
        if is_own:
            self.rest = texts(commands)

    def last(self, own: Passage) -> list[Command]:
        """Order what the caller is told, now that every end is durable."""
        if own.exchange.gone:
            return [Sever()]
        said = [self.told] if self.told else self.rest
        server_code = NORMAL if self.code == NORMAL else GOING_AWAY
        return [*(ToClient(text) for text in said), CloseBoth(self.code, self.reason, server_code)]


def unrecorded(commands: list[Command]) -> list[Command]:
    """Order what the caller is told where the log takes no record any more."""
    told = next((one.body.decode("utf-8") for one in commands if isinstance(one, Refuse)), "")
    if not told:
        return [Sever()]
    return [ToClient(told), CloseBoth(OUR_FAULT, "trace-unavailable", GOING_AWAY)]


def texts(commands: list[Command]) -> list[str]:
    """Return the messages that commands let go, in their order."""
    return [text for one in commands if isinstance(one, Deliver | Finish) for text in decode(one.data)]


def _code_of(reason: str) -> int:
    if reason in _CODES:
        return _CODES[reason]
    return OUR_FAULT if REASONS[reason].status >= _SERVER_ERRORS else POLICY
