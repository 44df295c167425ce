r"""What a model server says in a session: messages in, messages out, unchanged, in order; some must wait.

It stands where `stream.AnswerStream` stands for server-sent events, and takes and gives JSON text sequences
(`json_seq`). A message goes as soon as nothing in it can still become part of an identifier (`window`); the
last message of an answer is given back by `end` alone, so that it can wait until the record is durable.

One answer is under way at a time, and only after it was asked for: `ask` says so. What belongs to an answer
that nobody asked for, to another one, or to none that is known, gives a state that refuses, and so does a
type of message that is not known.

    >>> from zoneproxy.content.scan import ScanSettings
    >>> stream = RealtimeStream(ScanSettings(2, bytes(16))).share(None, masks=False)
    >>> stream.feed(b'\x1e{"type": "session.created", "session": {}}\n').release
    b'\x1e{"type": "session.created", "session": {}}\n'
    >>> stream.feed(b'\x1e{"type": "response.created", "response": {"id": "r"}}\n').state
    'unreadable'

What belongs to which exchange (`realtime_held.Share`) is said by whoever feeds: each exchange has a
`RealtimeAnswer` of its own, and all of them stand before the one stream.

    >>> stream = RealtimeStream(ScanSettings(2, bytes(16))).share(None, masks=True)
    >>> said = b'\x1e{"type":"session.updated","session":{"instructions":"call 13800138000 now"}}\n'
    >>> stream.feed(said).release, stream.maskable
    (b'', True)
    >>> stream.proceed(mask=True).release
    b'\x1e{"type":"session.updated","session":{"instructions":"call [masked:cn_mobile] now"}}\n'

Trust: the messages come from a model server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from zoneproxy.content.deltas import Channel
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.held import Growth
from zoneproxy.content.json_seq import decode, encode
from zoneproxy.content.mask import Span, mask_value
from zoneproxy.content.novelty import new_bytes
from zoneproxy.content.realtime import SERVER_EVENTS, RealtimeEvent, read_server_event
from zoneproxy.content.realtime_held import HeldMessages, Message, Share
from zoneproxy.content.scan import ScanSettings, scan_strings, scan_text, to_finding
from zoneproxy.content.stream_step import Making, StreamState, StreamStep
from zoneproxy.content.strict_json import UnreadableError
from zoneproxy.content.window import Window
from zoneproxy.terms.finding import Segment

_MAX_MESSAGE_BYTES = 1024 * 1024
_MAX_PENDING = 4
_MAX_CHANNELS = 64
_MAX_REMARKS = 256
_ANSWERS = "response."
# They name no answer in the API: they belong to the one that is under way.
_NAMELESS = frozenset(
    ("response.mcp_call.in_progress", "response.mcp_call.completed", "response.mcp_call.failed")
)


class RealtimeStream:
    """All that a server says in one session.

    Args:
        settings: detectors, their level and the digests' key.
        max_message_bytes: largest message; four times as much may wait.

    Attributes:
        over: the answer's last message has come, and waits for `end`.
    """

    def __init__(self, settings: ScanSettings, *, max_message_bytes: int = _MAX_MESSAGE_BYTES) -> None:
        self._settings = settings
        self._most = max_message_bytes
        self._windows: dict[Channel, Window] = {}
        # Which exchange made a text grow last, and from which place on.
        self._owners: dict[Window, tuple[Share, int]] = {}
        self._remarks: set[str] = set()
        self._held = HeldMessages()
        self._last: list[Message] = []
        self._ending = False
        self._new_spans: list[tuple[Window, Span]] = []
        self._new_masked: list[Message] = []
        self._asked: str | None = None
        self._answer = ""
        self._state: StreamState = "ok"
        self._before = b""
        self.over = False

    # ---- what the session says -------------------------------------------------------------------

    def share(self, returned: Callable[[Channel, str], None] | None, *, masks: bool) -> RealtimeAnswer:
        """Return what another exchange hears of the server.

        Args:
            returned: told of all text that grows, or `None`.
            masks: findings may be ordered to be masked.
        """
        return RealtimeAnswer(self, Share(returned, masks))

    def ask(self, event_id: str) -> None:
        """An answer was asked for by the event of this name; until its end no other may be."""
        if self._asked is not None:
            raise ValueError("an answer is under way")
        self._asked, self._answer, self.over = event_id, "", False

    def drop(self) -> None:
        """Forget what waits: whatever it was, nobody will get it."""
        self._held.drop_all()
        self._windows.clear()
        self._owners.clear()
        self._last.clear()
        self._asked, self.over, self._ending = None, False, False

    def fail(self, state: StreamState) -> None:
        """What came was no message; nothing is released any more."""
        if self._state == "ok":
            self._state = state

    # ---- what an exchange asks ---------------------------------------------------------------------

    def feed(self, data: bytes, share: Share) -> StreamStep:
        """Take in whole messages; never raises, whatever is in them."""
        step = Making()
        if self._state == "ok":
            try:
                for text in decode(data):
                    self._take(text, share, step)
            except UnreadableError:
                self.fail("unreadable")
        if self._held.size > self._most * _MAX_PENDING:
            self._state = "too_large"
        return self._made(share, step)

    def end(self, share: Share) -> StreamStep:
        """The answer, or where none is under way the session, has ended; one without its end is truncated."""
        step = Making()
        if self._state == "ok":
            if self._asked is not None and not self.over:
                self._state = "truncated"
            self._close((), share, step)
        if self._answer:
            self._forget([channel for channel in self._windows if channel[0] == self._answer])
        self._asked, self._answer, self.over, self._ending = None, "", False, True
        return self._made(share, step)

    def proceed(self, share: Share, *, mask: bool) -> StreamStep:
        """Go on after findings were judged: release what may go now.

        Args:
            share: whose findings.
            mask: what was found with the last piece is masked; otherwise it goes as it is.
        """
        if mask and not share.maskable:
            raise ValueError("what was found can't be masked")
        if not mask:
            for window, span in self._new_spans:
                self._held.drop(window, span)
            for message in self._new_masked:
                message.instead = None
                message.counts.clear()
            share.tainted.clear()
        self._new_spans.clear()
        self._new_masked.clear()
        release, terminal = self._release()
        return StreamStep(release, state=self._state, terminal=terminal)

    # ---- the parts ---------------------------------------------------------------------------------

    def _made(self, share: Share, step: Making) -> StreamStep:
        # Where findings may be ordered to be masked, nothing goes before `proceed`.
        asks = share.masks and bool(step.findings)
        release, terminal = (b"", b"") if asks else self._release()
        return step.made(self._state, release, terminal)

    def _take(self, text: str, share: Share, step: Making) -> None:
        raw = encode(text)
        if len(raw) > self._most:
            self._state = "too_large"
            raise UnreadableError("a message that is too large")
        event = read_server_event(text)
        if event.kind not in SERVER_EVENTS:
            raise UnreadableError("a type of message that is not known")
        self._follow(event)
        step.new_bytes += new_bytes(self._before, raw)
        self._before = raw
        if event.usage:
            step.usage_events.append(event.document)
        step.names.extend(named.name for named in event.names)
        message = Message(raw, share=share, channel=event.channel)
        message.document = event.document if share.rewrites else None
        self._look(event, share, step)
        for channel, piece in event.grown:
            step.grown += 1
            message.growths.append(self._grow(channel, piece, event, share, step))
        if share.masks:
            self._prepare(message, step)
        if event.closed is not None:
            self._close(event.closed, share, step)
        if self.over:
            self._last.append(message)
        else:
            self._held.wait(message)

    def _follow(self, event: RealtimeEvent) -> None:
        """Follow the answer that is under way; nothing of another may come."""
        if self.over:
            raise UnreadableError("something follows the end of an answer")
        if event.kind == "error":
            # A server that refuses to answer says so by the name of what asked.
            self.over = not self._answer and self._asked is not None and event.culprit == self._asked
            return
        if not event.kind.startswith(_ANSWERS):
            return
        if event.kind in _NAMELESS and not event.response_id and self._answer:
            return
        if self._asked is None or not event.response_id:
            raise UnreadableError("an answer that nobody asked for")
        if event.kind == "response.created" and not self._answer:
            self._answer = event.response_id
        elif event.kind == "response.created" or event.response_id != self._answer:
            raise UnreadableError("another answer than was asked for")
        self.over = event.kind == "response.done"

    def _look(self, event: RealtimeEvent, share: Share, step: Making) -> None:
        """Scan what belongs to no channel; the same string is scanned once."""
        step.tainted = False
        if event.sealed:
            step.findings.extend(scan_strings((), self._settings, event.sealed))
            share.maskable = False
        for _, text in event.segments:
            step.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
            if text in share.tainted:
                step.tainted = True
            elif text not in self._remarks:
                self._remark(text, share, step)

    def _remark(self, text: str, share: Share, step: Making) -> None:
        found = scan_text(text, Segment.OUTPUT, self._settings)
        step.findings.extend(found)
        if not found:
            if len(self._remarks) < _MAX_REMARKS:
                self._remarks.add(text)
            return
        step.tainted = True
        if share.masks and len(share.tainted) < _MAX_REMARKS:
            share.tainted.add(text)

    def _prepare(self, message: Message, step: Making) -> None:
        """Mask what a message says outside of texts that grow."""
        if not step.tainted:
            return
        made = None if message.growths else mask_value(message.document, self._settings)
        if made is None:
            message.share.maskable = False
        else:
            message.instead, message.counts = made.value, dict(made.counts)
            self._new_masked.append(message)

    def _grow(self, channel: Channel, text: str, event: RealtimeEvent, share: Share, step: Making) -> Growth:
        window = self._windows.get(channel)
        if window is None:
            self._make_room()
            window = self._windows[channel] = Window(self._settings)
        start = window.end
        if (owner := self._owners.get(window)) is None or owner[0] is not share:
            self._owners[window] = share, start
        step.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if share.returned is not None:
            share.returned(channel, text)
        self._found(window.grow(text), channel, window, share, step)
        if window.padded:
            raise UnreadableError("the text is padded past inspection")
        return Growth(window, start, window.end, event.document, "delta")

    def _make_room(self) -> None:
        """Forget the oldest text of which nothing waits; where something of all waits, there are too many."""
        if len(self._windows) < _MAX_CHANNELS:
            return
        settled = next((channel for channel, window in self._windows.items() if not window.held), None)
        if settled is None:
            raise UnreadableError("the session has too many channels")
        self._forget([settled])

    def _forget(self, channels: Iterable[Channel]) -> None:
        """Forget texts that grow no more."""
        for channel in channels:
            self._owners.pop(self._windows.pop(channel), None)
        self._held.forget(self._windows.values())

    def _close(self, prefix: Channel, share: Share, step: Making) -> None:
        for channel, window in self._windows.items():
            if channel[: len(prefix)] == prefix and window.held:
                self._found(window.grow("", final=True), channel, window, share, step)

    def _found(
        self, hits: Iterable[Hit], channel: Channel, window: Window, share: Share, step: Making
    ) -> None:
        for hit in hits:
            step.findings.append(to_finding(hit, Segment.OUTPUT, self._settings))
            if not share.masks:
                continue
            # Tokens count in the exchange whose message they stand in: that must be the one that is judged.
            owner, since = self._owners.get(window, (None, 0))
            own = owner is share and hit.start >= since
            span = self._held.add(window, Span(hit.start, hit.end, hit.kind), str(channel[-1]))
            if span is None or window.inexact or not own:
                share.maskable = False
            if span is not None:
                self._new_spans.append((window, span))

    def _release(self) -> tuple[bytes, bytes]:
        """Give out the messages at the front in which everything is decided, and at an end the last ones."""
        ending, self._ending = self._ending, False
        last = self._last
        if ending:
            self._last = []
        if self._state != "ok":
            return b"", b""
        release = self._held.release()
        return release, b"".join(map(self._held.written, last)) if ending else b""


class RealtimeAnswer:
    """What one exchange of a session hears of the server; it stands where `stream.AnswerStream` does.

    Args:
        whole: all that the server says.
        share: what of it is this exchange's.
    """

    def __init__(self, whole: RealtimeStream, share: Share) -> None:
        self.whole, self._share = whole, share

    @property
    def masks(self) -> bool:
        """Findings may be ordered to be masked."""
        return self._share.masks

    @property
    def maskable(self) -> bool:
        """All that was found in this exchange so far could be masked."""
        return self._share.maskable

    @property
    def planted(self) -> bool:
        """A canary was planted."""
        return self._share.planted

    @property
    def masked(self) -> Mapping[str, int]:
        """The tokens that were put in so far, by kind."""
        return dict(sorted(self._share.counts.items()))

    def plant(self, canary: str) -> None:
        """Plant a canary, once, in the first text of the answer that is for people."""
        self._share.canary = canary

    def feed(self, data: bytes) -> StreamStep:
        """Take in whole messages; never raises, whatever is in them."""
        return self.whole.feed(data, self._share)

    def end(self) -> StreamStep:
        """The answer, or where none is under way the session, has ended."""
        return self.whole.end(self._share)

    def proceed(self, *, mask: bool) -> StreamStep:
        """Go on after findings were judged; contract as of `AnswerStream.proceed`."""
        return self.whole.proceed(self._share, mask=mask)
