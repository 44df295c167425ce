"""The third leg: the answer goes out by the door its request came in by, or not at all."""

from __future__ import annotations

from zoneproxy.content.answer import read_answer
from zoneproxy.content.scan import Verdict, verdict
from zoneproxy.content.stream import AnswerStream, StreamStep, streams
from zoneproxy.meter.usage import UsageMeter
from zoneproxy.passage.commands import (
    BufferAnswer,
    Command,
    Deliver,
    Finish,
    Release,
    Sever,
    StreamAnswer,
)
from zoneproxy.passage.endings import close
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    Event,
    Headers,
    Recorded,
)
from zoneproxy.passage.exchange import Exchange, merged, sole
from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import write_return
from zoneproxy.passage.refusal import trace_of
from zoneproxy.passage.state import State
from zoneproxy.route.pin import Pin, return_facts
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

Step = tuple[State, list[Command]]

# What a caller gets to see of a server's headers: what the body is, and what the API defines.
_OUT = ("content-type", "cache-control", "retry-after", "openai-processing-ms", "x-request-id",
        "request-id", "content-disposition")  # fmt: skip


def on_head(exchange: Exchange, event: Event) -> Step:
    """Choose how the answer is inspected; a head that can't be is an answer withheld."""
    if not isinstance(event, AnswerHead):
        raise TypeError("an answer's head is due")
    exchange.status = event.status if 100 <= event.status <= 999 else 0  # noqa: PLR2004 - HTTP's range
    exchange.answer_headers = event.headers
    asked = exchange.reading.text_bytes if exchange.reading else 0
    exchange.meter = UsageMeter(exchange.dialect, asked)
    if _broken_head(event):
        return _settle(exchange, event.pin, "malformed", _NOTHING_SCANNED)
    content_type = sole(event.headers, "content-type")
    endpoint = exchange.endpoint
    if endpoint is not None and event.status == _OK and streams(endpoint, content_type):
        exchange.stream = AnswerStream(
            endpoint,
            exchange.rules.scan,
            strip_usage=exchange.reading is not None and exchange.reading.usage_injected,
            max_event_bytes=exchange.rules.max_event_bytes,
        )
        # Route and door are judged before the first byte leaves; the rest at the end.
        decision = judge(exchange.rules.policies, Phase.RETURN, _so_far(exchange, event.pin))
        if not decision.allowed:
            return _deny(exchange, event.pin, "ok", _verdict(exchange, scanned_all=True), decision)
        exchange.streaming = True
        return State.ANSWERING, [StreamAnswer(event.status, _headers(exchange))]
    return State.BUFFERING, [BufferAnswer()]


def on_chunk(exchange: Exchange, event: Event) -> Step:
    """Deliver what can no longer become an identifier; cut at the first finding that is refused."""
    if not isinstance(event, AnswerChunk) or exchange.stream is None:
        raise TypeError("a chunk of a stream is due")
    exchange.answer_bytes += len(event.data)
    exchange.answer_digest.update(event.data)
    step = exchange.stream.feed(event.data)
    if refusal := _inspect(exchange, step):
        return refusal
    if not step.release:
        return State.ANSWERING, []
    exchange.delivered_bytes += len(step.release)
    return State.ANSWERING, [Deliver(step.release)]


def _inspect(exchange: Exchange, step: StreamStep) -> Step | None:
    """Take in what a piece of a stream showed; return the refusal it leads to, if any."""
    exchange.answer_findings += step.findings
    if exchange.meter is not None:
        for usage in step.usage_events:
            exchange.meter.observe(usage)
        exchange.meter.visible(step.text_bytes)
    state = step.state
    if exchange.answer_bytes > exchange.rules.max_answer_bytes:
        state = "too_large"
    if state == "ok" and not step.findings:
        return None
    seen = _verdict(exchange, scanned_all=state == "ok")
    facts = merged(exchange.facts, _facts(exchange, exchange.pin, state, seen))
    decision = judge(exchange.rules.policies, Phase.RETURN, facts)
    if decision.allowed:
        return None
    return _deny(exchange, exchange.pin, state, seen, decision)


def on_end(exchange: Exchange, event: Event) -> Step:
    """Judge the whole streamed answer; its end is held until the record is durable."""
    if not isinstance(event, AnswerEnd) or exchange.stream is None:
        raise TypeError("the end of a stream is due")
    step = exchange.stream.end()
    exchange.final = step.release + step.terminal
    if refusal := _inspect(exchange, step):
        return refusal
    state = "malformed" if event.trailers else step.state
    return _settle(exchange, event.pin, state, _verdict(exchange, scanned_all=state == "ok"))


def on_body(exchange: Exchange, event: Event) -> Step:
    """Judge a whole answer; nothing of it leaves until the record is durable."""
    if not isinstance(event, AnswerBody):
        raise TypeError("an answer's body is due")
    exchange.answer_bytes = len(event.body)
    exchange.answer_digest.update(event.body)
    reading = read_answer(
        exchange.endpoint,
        exchange.status,
        sole(exchange.answer_headers, "content-type"),
        sole(exchange.answer_headers, "content-encoding"),
        event.body,
        exchange.rules.scan,
    )
    exchange.answer_findings = reading.findings
    if exchange.meter is not None and reading.document is not None:
        exchange.meter.observe(reading.document)
        exchange.meter.visible(reading.text_bytes)
    state = "malformed" if event.trailers else reading.state
    if len(event.body) > exchange.rules.max_answer_bytes:
        state = "too_large"
    exchange.final = event.body
    return _settle(exchange, event.pin, state, verdict(reading.findings, scanned_all=state == "ok"))


def on_sealed(exchange: Exchange, event: Event) -> Step:
    """The return is durable: let the last byte go."""
    if not isinstance(event, Recorded):
        raise TypeError("a record is due")
    if exchange.gone:
        return State.SEVERED, [Sever()]
    if exchange.streaming:
        return State.DELIVERED, [Finish(exchange.final)]
    length = (("content-length", str(len(exchange.final))),)
    return State.DELIVERED, [Release(exchange.status, _headers(exchange) + length, exchange.final)]


def _settle(exchange: Exchange, pin: Pin, state: str, seen: Verdict) -> Step:
    exchange.facts.update(_facts(exchange, pin, state, seen))
    decision = judge(exchange.rules.policies, Phase.RETURN, exchange.facts)
    if not decision.allowed:
        return close(exchange, decision=decision)
    exchange.decisions[Phase.RETURN] = decision
    return State.SEALING, [write_return(exchange, decision, "complete")]


def _deny(exchange: Exchange, pin: Pin, state: str, seen: Verdict, decision: Decision) -> Step:
    exchange.facts.update(_facts(exchange, pin, state, seen))
    return close(exchange, decision=decision)


def _so_far(exchange: Exchange, pin: Pin) -> dict[str, FactValue]:
    """The facts as they would be if the answer ended cleanly now: route and door are real."""
    return merged(exchange.facts, _facts(exchange, pin, "ok", verdict((), scanned_all=True)))


def _facts(exchange: Exchange, pin: Pin, state: str, seen: Verdict) -> dict[str, FactValue | None]:
    return {
        **return_facts(exchange.pin, pin),
        "response.state": state,
        "response.mixing": seen.mixing,
        "response.mixing_score": seen.score,
        "response.categories": seen.categories,
        "response.weights_like": seen.weights_like,
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
    kept = tuple((name, value) for name, value in exchange.answer_headers if name in _OUT)
    index = exchange.receipt.index if exchange.receipt else None
    return (*kept, ("zone-flow", exchange.flow), ("zone-trace", trace_of(exchange, index)))


_OK = 200
_NOTHING_SCANNED = verdict((), scanned_all=False)
