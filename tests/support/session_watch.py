"""Watches one session from outside and says which law its commands break, if any."""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.support.law_watch import LawBrokenError
from zoneproxy.passage.commands import Command, Sever, Write
from zoneproxy.passage.events import Event, Fault, Recorded, RecordFailed, StopsChanged
from zoneproxy.passage.session_words import ClientSaid, CloseBoth, ServerSaid, ToClient, ToServer
from zoneproxy.route.stops import Scope

NEVER = ("110101199003074610",)
TOKEN = "[masked:cn_resident_id]"
# Within a longer run of digits it is no identifier.
_NEVER = re.compile(rf"(?<!\d){NEVER[0]}(?!\d)")


@dataclass
class SessionWatch:
    """Follows events and commands of a session; knows nothing of how it works inside.

    Attributes:
        own: the flow of the session's own exchange, whose decision is durable already.
        durable: records that are durable, in order.
        pending: the record that was ordered and is not durable yet.
    """

    own: str
    durable: list[Write] = field(default_factory=list)
    pending: Write | None = None
    log_dead: bool = False
    faults: int = 0
    stopped: bool = False
    over: bool = False
    used: set[str] = field(default_factory=set)
    said: deque[str] = field(default_factory=deque)
    told: deque[str] = field(default_factory=deque)
    shown: str = ""
    spoken: str = ""

    def event(self, event: Event) -> None:
        """Note what the driver feeds."""
        match event:
            case Recorded():
                if self.pending is None:
                    raise LawBrokenError("a record came back that nobody ordered")
                self.durable.append(self.pending)
                self.pending = None
            case RecordFailed():
                self.log_dead, self.pending = True, None
            case Fault():
                self.faults += 1
                self.pending = None
            case StopsChanged(stops):
                self.stopped = self.stopped or any(scope is not Scope.ROUTE for scope in stops.by_scope)
            case ClientSaid(text, state="ok"):
                self.said.append(text)
            case ServerSaid(text, state="ok"):
                self.told.append(text)
                self._hear(text)
            case _:
                pass

    def _hear(self, text: str) -> None:
        """Follow what the server says: of what may not go out not even the beginning may have gone."""
        try:
            event = json.loads(text)
        except ValueError:
            return
        piece = event.get("delta", "") if event["type"] == "response.output_text.delta" else ""
        self.spoken = "" if event["type"] == "response.created" else self.spoken + piece
        found = _NEVER.search(self.spoken)
        if found and not self.over and len(self.shown) > found.start():
            raise LawBrokenError("the beginning of what may not go out went out")

    def commands(self, commands: list[Command]) -> None:
        """Check what the session orders."""
        if len(commands) > 1 and any(isinstance(one, Write) for one in commands):
            raise LawBrokenError("something is ordered beside a record")
        for command in commands:
            if self.over:
                raise LawBrokenError(f"{type(command).__name__} after the end")
            if not isinstance(command, Write) and self.pending is not None:
                raise LawBrokenError(f"{type(command).__name__} while a record is outstanding")
            match command:
                case Write():
                    self._check_write(command)
                case ToServer(text):
                    self._check_in(text)
                case ToClient(text):
                    self._check_out(text)
                case CloseBoth() | Sever():
                    self._check_close()

    def _original(self, text: str, waiting: deque[str]) -> str:
        """Return what was said of which this crosses: the same, where nothing is masked."""
        return text

    def _admitted(self) -> list[Write]:
        return [w for w in self.durable if w.kind == "decision" and w.body["verdict"] == "allow"]

    def _returned(self) -> dict[str, str]:
        return {w.body["flow"]: w.body["verdict"] for w in self.durable if w.kind == "return"}

    def _check_write(self, write: Write) -> None:
        flow = write.body["flow"]
        if self.log_dead:
            raise LawBrokenError("a record is ordered from a log that takes none")
        if write.kind == "return":
            if flow != self.own and all(w.body["flow"] != flow for w in self._admitted()):
                raise LawBrokenError("a return without an admission")
            if flow in self._returned():
                raise LawBrokenError("two returns")
            if flow == self.own and any(
                w.body["flow"] not in self._returned() for w in self._admitted() if self.faults < 2
            ):
                raise LawBrokenError("the session ends before what is under way in it")
        elif write.body["facts"] and write.body["parent"] != self.own:
            raise LawBrokenError("a message that names no session")
        self.pending = write

    def _check_in(self, text: str) -> None:
        if self.stopped or self.log_dead:
            raise LawBrokenError("a message went in although it is stopped")
        original = self._original(text, self.said)
        digest = hashlib.sha256(original.encode()).hexdigest()
        fresh = [
            w.body["flow"]
            for w in self._admitted()
            if w.private["request_sha256"] == digest
            and w.body["flow"] not in self.used
            and w.body["flow"] not in self._returned()
        ]
        if not fresh:
            raise LawBrokenError("a message went in before its record was durable")
        self.used.add(fresh[0])
        if not self.said or self.said.popleft() != original:
            raise LawBrokenError("messages went in out of their order")
        if _NEVER.search(text):
            raise LawBrokenError("what may not go in went in")

    def _check_out(self, text: str) -> None:
        event = json.loads(text)
        if event["type"] == "error" and event["error"].get("flow"):
            denied = any(w.body["verdict"] == "deny" for w in self.durable)
            if not denied and not self.log_dead:
                raise LawBrokenError("a refusal was told before it was durable")
            return
        if self.stopped or self.log_dead or any(w.body["verdict"] == "deny" for w in self.durable):
            raise LawBrokenError("a message went out although the session ends")
        original = self._original(text, self.told)
        while self.told and self.told[0] != original:
            raise LawBrokenError("a message went out that nobody said, or out of its order")
        if not self.told:
            raise LawBrokenError("a message went out twice")
        self.told.popleft()
        self._check_answer(event)
        self.shown = "" if event["type"] == "response.created" else self.shown + event.get("delta", "")
        if _NEVER.search(text) or _NEVER.search(self.shown):
            raise LawBrokenError("what may not go out went out")

    def _check_answer(self, event: dict[str, Any]) -> None:
        if not event["type"].startswith("response."):
            return
        returned = self._returned()
        asked = [
            w.body["flow"]
            for w in self._admitted()
            if w.body["flow"] in self.used and w.body["facts"]["request.streamed"]
        ]
        if not asked:
            raise LawBrokenError("an answer that nobody asked for")
        if event["type"] == "response.done":
            if returned.get(asked[-1]) != "allow":
                raise LawBrokenError("the end of an answer left before its return was durable")
        elif asked[-1] in returned:
            raise LawBrokenError("an answer goes on after its return")

    def _check_close(self) -> None:
        self.over = True
        if self.own not in self._returned() and not self.log_dead and self.faults < 2:
            raise LawBrokenError("closed before the session's end was durable")

    def finish(self) -> None:
        """Check what must be true once nothing can happen any more."""
        if self.log_dead or self.faults > 1:
            return
        returned = self._returned()
        for write in self._admitted():
            if write.body["flow"] not in returned:
                raise LawBrokenError("an admitted message has no end")
        if self.own not in returned:
            raise LawBrokenError("the session has no end")


class MaskedWatch(SessionWatch):
    """Watches a session in which what may not cross goes masked: all else must be as it was said."""

    def _original(self, text: str, waiting: deque[str]) -> str:
        if not waiting or waiting[0] == text:
            return text
        was, now = json.loads(_NEVER.sub(TOKEN, waiting[0])), json.loads(text)
        if now.get("type") == "response.output_text.delta":
            was.pop("delta")
            now.pop("delta")
        return waiting[0] if was == now else text

    def _hear(self, text: str) -> None:
        event = json.loads(text) if text.startswith("{") else {}
        piece = event.get("delta", "") if event.get("type") == "response.output_text.delta" else ""
        self.spoken = "" if event.get("type") == "response.created" else self.spoken + piece

    def _check_answer(self, event: dict[str, Any]) -> None:
        super()._check_answer(event)
        shown = "" if event["type"] == "response.created" else self.shown + event.get("delta", "")
        if not _NEVER.sub(TOKEN, self.spoken).startswith(shown):
            raise LawBrokenError("another answer went out than was given, or what may not go out did")
        if event["type"] == "response.done" and _NEVER.sub(TOKEN, self.spoken) != shown:
            raise LawBrokenError("an answer went out by halves")
