"""What one piece of a streamed answer led to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from zoneproxy.terms.finding import Finding
from zoneproxy.terms.objects import ObjectName

StreamState = Literal["ok", "unreadable", "too_large", "truncated"]


class StreamStep(NamedTuple):
    """What one piece of a stream led to.

    Attributes:
        release: complete events that may go now. Where `findings` is not empty, whoever delivers
            must have judged them first: the events that bear them are no longer held. A stream that masks
            releases nothing with findings: whoever has judged them calls `proceed`.
        findings: what was found and decided with this piece.
        state: `ok`, or why the stream can't go on; it stays so, and nothing is released any more.
        usage_events: JSON objects of the events that bear usage.
        terminal: on `end` only: the terminal marker and what waited for it.
        text_bytes: UTF-8 bytes of text that the piece's events show.
        new_bytes: bytes of its events that the event before each did not have.
        grown: how many of its events made text grow.
        names: the stored objects that the piece's events name, whether they may go now or wait.
    """

    release: bytes = b""
    findings: tuple[Finding, ...] = ()
    state: StreamState = "ok"
    usage_events: tuple[dict[str, Any], ...] = ()
    terminal: bytes = b""
    text_bytes: int = 0
    names: tuple[ObjectName, ...] = ()
    new_bytes: int = 0
    grown: int = 0


@dataclass(slots=True)
class Making:
    """A step in the making."""

    findings: list[Finding] = field(default_factory=list)
    usage_events: list[dict[str, Any]] = field(default_factory=list)
    text_bytes: int = 0
    names: list[ObjectName] = field(default_factory=list)
    new_bytes: int = 0
    grown: int = 0
    tainted: bool = False

    def made(self, state: StreamState, release: bytes = b"", terminal: bytes = b"") -> StreamStep:
        """Return the step, with what may go."""
        return StreamStep(
            release,
            tuple(self.findings),
            state,
            tuple(self.usage_events),
            terminal,
            self.text_bytes,
            tuple(dict.fromkeys(self.names)) if self.names else (),
            self.new_bytes,
            self.grown,
        )
