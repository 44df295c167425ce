"""The third leg: the answer goes out by the door its request came in by, or not at all."""

from __future__ import annotations

from dataclasses import replace

from zoneproxy.content.answer import read_answer
from zoneproxy.content.realtime_stream import RealtimeAnswer, RealtimeStream
from zoneproxy.content.scan import Verdict, verdict
from zoneproxy.content.stream import AnswerStream, streams
from zoneproxy.content.stream_step import StreamStep
from zoneproxy.meter.usage import UsageMeter
from zoneproxy.passage.belongings import (
    Waiting,
    are_own,
    cut_list,
    listed,
    names_in,
    names_of_own,
    order_for,
)
from zoneproxy.passage.commands import (
    BufferAnswer,
    Command,
    Deliver,
    Finish,
    Release,
    Sever,
    StreamAnswer,
    Upgrade,
)
from zoneproxy.passage.egress import egress_facts, weigh_body, weigh_end, weigh_from_now, weigh_step
from zoneproxy.passage.endings import close
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    Bound,
    Event,
    Headers,
    Recorded,
    StoreFailed,
    UpstreamFailed,
)
from zoneproxy.passage.exchange import Exchange, merged, sole
from zoneproxy.passage.handshake import SWITCHING, answer_fields, server_flaw
from zoneproxy.passage.head_text import read_answer_head
from zoneproxy.passage.inland import canary_of, plant_whole, print_from_now, print_whole
from zoneproxy.passage.judge import judge, refused
from zoneproxy.passage.maintenance import LEAST, MOST
from zoneproxy.passage.masking import ORDER, answer_facts, mask_answer, ordered, prepare_answer
from zoneproxy.passage.record import obligations, write_return
from zoneproxy.passage.refusal import named
from zoneproxy.passage.state import State
from zoneproxy.route.pin import Pin, return_facts
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.finding import Segment
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]


def on_head(exchange: Exchange, event: Event) -> Step:
    """Choose how the answer is inspected; a head that can't be is an answer withheld."""
    if not isinstance(event, AnswerHead):
        raise TypeError("an answer's head is due")
    exchange.status = event.status if 100 <= event.status <= 999 else 0  # noqa: PLR2004 - HTTP's range
    exchange.answer_headers = event.headers
    answered = exchange.session is None or (exchange.reading is not None and exchange.reading.begins)
    if answered and (exchange.endpoint is None or exchange.endpoint.is_metered):
        asked = exchange.reading.text_bytes if exchange.reading else 0
        before = exchange.session.text_bytes if exchange.session else 0
        exchange.meter = UsageMeter(exchange.dialect, asked + before)
    weigh_from_now(exchange)
    exchange.let_go_of_body()
    print_from_now(exchange)
    in_session = exchange.session is not None or exchange.handshake is not None
    if exchange.handshake is not None and (flaw := server_flaw(exchange, event)):
        reason = "return-unreadable" if event.status == SWITCHING else "upstream-failed"
        return close(exchange, UpstreamFailed(reason, flaw))
    if not in_session and _broken_head(event):
        return _settle(exchange, event.pin, "malformed", _NOTHING_SCANNED)
    if not in_session and exchange.kind != "maintenance":
        exchange.answer_fields, exchange.answer_findings = read_answer_head(
            event.headers, exchange.rules.scan
        )
    exchange.stream = _stream_of(exchange, event, answered=answered)
    if exchange.stream is not None:
        # Route and door are judged before the first byte leaves; the rest at the end.
        decision = judge(exchange.rules.policies, Phase.RETURN, _so_far(exchange, event.pin))
        if not decision.allowed:
            return _deny(exchange, event.pin, "ok", _verdict(exchange, scanned_all=True), decision)
        exchange.streaming = True
        exchange.stream.plant(canary_of(exchange, decision))
        if in_session:
            return State.ANSWERING, _begun(exchange)
        return State.ANSWERING, [StreamAnswer(event.status, _headers(exchange))]
    return State.BUFFERING, [BufferAnswer()]


def _stream_of(
    exchange: Exchange, event: AnswerHead, *, answered: bool
) -> AnswerStream | RealtimeAnswer | None:
    """Make what reads a streamed answer; `None` where it is no stream."""
    rules, endpoint = exchange.rules, exchange.endpoint
    masks = ordered(exchange, Phase.RETURN)
    returned = exchange.returned.grow if exchange.returned else None
    if exchange.session is not None or exchange.handshake is not None:
        most = rules.sessions.max_message_bytes if rules.sessions else rules.max_event_bytes
        # What a message without an answer is told is nothing; all else is one stream to the session's end.
        own = exchange.session is not None and answered
        whole = (
            exchange.session.stream
            if exchange.session and own
            else RealtimeStream(rules.scan, max_message_bytes=most)
        )
        return whole.share(returned, masks=masks)
    if endpoint is None or event.status != _OK or not streams(endpoint, sole(event.headers, "content-type")):
        return None
    return AnswerStream(
        endpoint,
        rules.scan,
        strip_usage=exchange.reading is not None and exchange.reading.usage_injected,
        max_event_bytes=rules.max_event_bytes,
        watch_names=exchange.reading is not None and exchange.reading.keeps,
        masks=masks,
        returned=returned,
    )


def _begun(exchange: Exchange) -> list[Command]:
    """A session is open, or one of its messages is with the server."""
    if exchange.handshake is None:
        return []
    return [Upgrade((*answer_fields(exchange.handshake), *named(exchange, exchange.receipt)))]


def on_chunk(exchange: Exchange, event: Event) -> Step:
    """Deliver what can no longer become an identifier; cut at the first finding that is refused."""
    if not isinstance(event, AnswerChunk) or exchange.stream is None:
        raise TypeError("a chunk of a stream is due")
    exchange.answer_bytes += len(event.data)
    exchange.answer_digest.update(event.data)
    step = _inspect(exchange, exchange.stream.feed(event.data))
    if not isinstance(step, StreamStep):
        return step
    if (order := order_for(exchange, step.names)) is not None:
        exchange.waiting = Waiting(step.names, step.release)
        return State.BINDING, [order]
    return _deliver(exchange, step.release)


def _deliver(exchange: Exchange, release: bytes) -> Step:
    if not release:
        return State.ANSWERING, []
    exchange.delivered_bytes += len(release)
    return State.ANSWERING, [Deliver(release)]


def _inspect(exchange: Exchange, step: StreamStep) -> StreamStep | Step:
    """Take in what a piece of a stream showed; return what of it may go, or the refusal it leads to."""
    exchange.answer_findings += step.findings
    if exchange.meter is not None:
        for usage in step.usage_events:
            exchange.meter.observe(usage)
        exchange.meter.visible(step.text_bytes)
    state = step.state
    if exchange.answer_bytes > exchange.rules.max_answer_bytes:
        state = "too_large"
    within = weigh_step(exchange, step)
    if within and state == "ok" and not step.findings:
        return step
    seen = _verdict(exchange, scanned_all=state == "ok")
    facts = merged(exchange.facts, _facts(exchange, exchange.pin, state, seen))
    decision = judge(exchange.rules.policies, Phase.RETURN, facts)
    if not decision.allowed:
        return _deny(exchange, exchange.pin, state, seen, decision)
    if exchange.stream is None or not exchange.stream.masks:
        return step
    going = exchange.stream.proceed(mask=ORDER in obligations(decision))
    return step._replace(release=going.release, terminal=going.terminal)


def on_end(exchange: Exchange, event: Event) -> Step:
    """Judge the whole streamed answer; its end is held until the record is durable."""
    if not isinstance(event, AnswerEnd) or exchange.stream is None:
        raise TypeError("the end of a stream is due")
    step = _inspect(exchange, exchange.stream.end())
    if not isinstance(step, StreamStep):
        return step
    exchange.final = step.release + step.terminal
    weigh_end(exchange)
    state = "malformed" if event.trailers else step.state
    return _settle(exchange, event.pin, state, _verdict(exchange, scanned_all=state == "ok"))


def on_body(exchange: Exchange, event: Event) -> Step:
    """Judge a whole answer; nothing of it leaves until the record is durable."""
    if not isinstance(event, AnswerBody):
        raise TypeError("an answer's body is due")
    exchange.answer_bytes = len(event.body)
    exchange.answer_digest.update(event.body)
    if exchange.kind == "maintenance":
        return _on_maintained(exchange, event)
    reading = read_answer(
        exchange.endpoint,
        exchange.status,
        sole(exchange.answer_headers, "content-type"),
        sole(exchange.answer_headers, "content-encoding"),
        event.body,
        exchange.rules.scan,
    )
    exchange.answer_findings += reading.findings
    if exchange.kind == "outward":  # what comes back to a workload is context, nobody's answer
        found = (replace(one, segment=Segment.RETRIEVED) for one in exchange.answer_findings)
        exchange.answer_findings = tuple(found)
    if exchange.meter is not None and reading.document is not None:
        exchange.meter.observe(reading.document)
        exchange.meter.visible(reading.text_bytes)
    weigh_body(exchange, reading.document)
    prepare_answer(exchange, reading.document)
    print_whole(exchange, reading.document)
    state = "malformed" if event.trailers else reading.state
    if len(event.body) > exchange.rules.max_answer_bytes:
        state = "too_large"
    exchange.final = event.body
    seen = _verdict(exchange, scanned_all=state == "ok")
    if state != "ok" or exchange.kind == "outward":
        return _settle(exchange, event.pin, state, seen)
    names = names_in(exchange, reading.document)
    exchange.waiting = Waiting(names, b"", event.pin, state, seen, reading.document)
    if (order := order_for(exchange, names)) is not None:
        return State.BINDING, [order]
    return _settle_bound(exchange, exchange.waiting)


def _on_maintained(exchange: Exchange, event: AnswerBody) -> Step:
    """Drop what the server of a maintenance lane says; its caller learns that it was taken, or was not."""
    if not LEAST <= exchange.status <= MOST:
        return close(exchange, UpstreamFailed("upstream-failed", f"its server answered {exchange.status}"))
    exchange.final = b""
    return _settle(exchange, event.pin, "malformed" if event.trailers else "ok", _NOTHING_SCANNED)


def on_bound(exchange: Exchange, event: Event) -> Step:
    """What the answer names is its caller's, durably, or it is not: go on, or let nothing more of it out."""
    waiting = exchange.waiting
    if not isinstance(event, Bound | StoreFailed) or waiting is None:
        raise TypeError("bindings are due")
    if isinstance(event, StoreFailed):
        exchange.private["detail"] = event.detail[:512] or None
        exchange.answer_binding = "unavailable"
    else:
        exchange.known.update(event.found)
        items = listed(exchange, waiting.document)
        if items and (order := order_for(exchange, names_of_own(exchange, items))) is not None:
            return State.BINDING, [order]
        if exchange.streaming:
            if are_own(exchange, waiting.names):
                exchange.answer_binding = "own"
                return _deliver(exchange, waiting.release)
            exchange.answer_binding = "foreign"
    if not exchange.streaming:
        return _settle_bound(exchange, waiting)
    seen = _verdict(exchange, scanned_all=True)
    facts = merged(exchange.facts, _facts(exchange, exchange.pin, "ok", seen))
    decision = judge(exchange.rules.policies, Phase.RETURN, facts)
    if decision.allowed:  # the law says otherwise; nothing may pass all the same
        decision = refused(Phase.RETURN, "internal-error")
    return _deny(exchange, exchange.pin, "ok", seen, decision)


def _settle_bound(exchange: Exchange, waiting: Waiting) -> Step:
    """Judge a whole answer, now that it is known whose everything is that it names."""
    if waiting.pin is None or waiting.seen is None:
        raise TypeError("a whole answer is due")
    items = listed(exchange, waiting.document)
    if exchange.answer_binding != "unavailable":
        if items is not None and waiting.document is not None:
            cut = cut_list(exchange, waiting.document, items)
            exchange.answer_binding = "unlistable" if cut is None else "own" if items else "none"
            exchange.final = cut or b""
        elif waiting.names:
            exchange.answer_binding = "own" if are_own(exchange, waiting.names) else "foreign"
    return _settle(exchange, waiting.pin, waiting.state, waiting.seen)


def on_sealed(exchange: Exchange, event: Event) -> Step:
    """The return is durable: let the last byte go."""
    if not isinstance(event, Recorded):
        raise TypeError("a record is due")
    if exchange.gone:
        return State.SEVERED, [Sever()]
    if exchange.streaming:
        return State.DELIVERED, [Finish(exchange.final)]
    length = (("content-length", str(len(exchange.final))),)
    if exchange.kind == "maintenance":
        return State.DELIVERED, [Release(_OK, named(exchange, exchange.receipt) + length, b"")]
    return State.DELIVERED, [Release(exchange.status, _headers(exchange) + length, exchange.final)]


def _settle(exchange: Exchange, pin: Pin, state: str, seen: Verdict) -> Step:
    exchange.facts.update(_facts(exchange, pin, state, seen))
    decision = judge(exchange.rules.policies, Phase.RETURN, exchange.facts)
    if not decision.allowed:
        return close(exchange, decision=decision)
    mask_answer(exchange, decision)
    plant_whole(exchange, decision)
    exchange.decisions[Phase.RETURN] = decision
    return State.SEALING, [write_return(exchange, decision, "complete")]


def _deny(exchange: Exchange, pin: Pin, state: str, seen: Verdict, decision: Decision) -> Step:
    exchange.facts.update(_facts(exchange, pin, state, seen))
    return close(exchange, decision=decision)


def _so_far(exchange: Exchange, pin: Pin) -> dict[str, FactValue]:
    """The facts as they would be if the answer ended cleanly now: route and door are real."""
    return merged(exchange.facts, _facts(exchange, pin, "ok", _verdict(exchange, scanned_all=True)))


def _facts(exchange: Exchange, pin: Pin, state: str, seen: Verdict) -> dict[str, FactValue | None]:
    return {
        **return_facts(exchange.pin, pin),
        "response.binding": exchange.answer_binding if exchange.kind == "serve" else None,
        "response.state": state,
        "response.mixing": seen.mixing,
        "response.mixing_score": seen.score,
        "response.categories": seen.categories,
        "response.weights_like": seen.weights_like,
        **answer_facts(exchange),
        **egress_facts(exchange),
    }


def _verdict(exchange: Exchange, *, scanned_all: bool) -> Verdict:
    return verdict(exchange.answer_findings, scanned_all=scanned_all)


def _broken_head(event: AnswerHead) -> bool:
    """Heads that desynchronise or hide: interim and upgraded answers, codings, two types."""
    names = [name for name, _ in event.headers]
    return (
        event.status < _OK
        or (sole(event.headers, "content-encoding") or "identity") != "identity"
        or names.count("content-encoding") > 1
        or names.count("content-type") > 1
        or "trailer" in names
    )


def _headers(exchange: Exchange) -> Headers:
    return (*exchange.answer_fields, *named(exchange, exchange.receipt))


_OK = 200
_NOTHING_SCANNED = verdict((), scanned_all=False)
