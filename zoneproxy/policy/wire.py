"""What came of an exchange on the wire, against what a test expects of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from zoneproxy.policy.cases import joint
from zoneproxy.policy.expectation import Expectation, differences, shown
from zoneproxy.policy.wirefile import DeliveredExpectation, UpstreamExpectation, Wire, WireCase
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.phase import Phase


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as the model server received it; header names in lower case."""

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller received.

    Attributes:
        status: 0 where no answer came.
        headers: names in lower case; the last one wins.
        body: transfer coding undone.
        whole: whether it ended properly.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """All that came of an exchange.

    Attributes:
        answer: what the caller received.
        arrivals: what the model server received.
        records: kind and public body of each record, in order.
        late: it was not over in time.
    """

    answer: Answer
    arrivals: Sequence[Arrival]
    records: Sequence[tuple[str, Mapping[str, Any]]]
    late: bool = False


def failures(case: WireCase, seen: Seen) -> tuple[str, ...]:
    """Say, in words, what is not as the case expects it; empty where it passed."""
    return tuple(_failures(case.wire, seen))


def _failures(wire: Wire, seen: Seen) -> Iterator[str]:
    expect = wire.expect
    if seen.late:
        yield "the exchange was not over in time"
    if expect.status is not None and seen.answer.status != expect.status:
        yield f"status: expected `{expect.status}`, got `{seen.answer.status}`"
    if expect.reason is not None and (told := reason_of(seen.answer)) != expect.reason:
        yield f"reason: expected `{expect.reason}`, got `{told}`"
    for phase, wanted in (
        (Phase.COLLECT, expect.collect),
        (Phase.PROCESS, expect.process),
        (Phase.RETURN, expect.response),
    ):
        if wanted is not None:
            yield from _phase(phase, wanted, seen)
    if expect.end is not None:
        end = next((str(body.get("end")) for kind, body in seen.records if kind == "return"), "no record")
        if end != expect.end:
            yield f"end: expected `{expect.end}`, got `{end}`"
    if expect.upstream is not None:
        yield from _upstream(expect.upstream, seen.arrivals)
    if expect.delivered is not None:
        yield from _delivered(expect.delivered, seen.answer)


def reason_of(answer: Answer) -> str:
    """Return the reason code that a refusal tells, in an answer or in a stream's last event; or empty."""
    text = answer.body.decode("utf-8", "replace")
    last = text.rpartition("data: ")[2] if "data: " in text else text
    try:
        error = json.loads(last).get("error")
    except (ValueError, AttributeError):
        return ""
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _phase(phase: Phase, wanted: Expectation, seen: Seen) -> Iterator[str]:
    made = next((body["phases"][phase] for _, body in seen.records if phase in body.get("phases", {})), None)
    if made is None:
        yield f"{phase}: it was not judged"
        return
    layers = [_layer(layer) for layer in made["layers"]]
    if layers:
        answer = joint(layers)
    else:  # a rail of the boundary decided before any layer was asked
        answer = LayerDecision("", "", made["effect"], made["by"], made["rule"], made["reason"])
    yield from (f"{phase}: {difference}" for difference in differences(wanted, answer))


def _layer(body: Mapping[str, Any]) -> LayerDecision:
    values: dict[str, Any] = {
        one.name: tuple(value) if isinstance(value := body[one.name], list) else value
        for one in fields(LayerDecision)
    }
    return LayerDecision(**values)


def _upstream(wanted: UpstreamExpectation, arrivals: Sequence[Arrival]) -> Iterator[str]:
    if wanted.requests is not None and len(arrivals) != wanted.requests:
        yield f"upstream: expected {wanted.requests} requests, got {len(arrivals)}"
    asked = wanted.model_dump(exclude_none=True, exclude={"requests", "lacks", "absent"})
    last = arrivals[-1] if arrivals else Arrival("", {}, b"")
    if asked and not arrivals:
        yield "upstream: nothing reached it"
        return
    if wanted.line is not None and last.line.rpartition(" ")[0] != wanted.line:
        yield f"upstream: line: expected `{wanted.line}`, got `{last.line.rpartition(' ')[0]}`"
    for name, value in (wanted.headers or {}).items():
        if (got := last.headers.get(name.lower(), "")) != value:
            yield f"upstream: header `{name}`: expected `{value}`, got `{got}`"
    for name in wanted.present or []:
        if name.lower() not in last.headers:
            yield f"upstream: header `{name}` is missing"
    for name in wanted.absent or []:
        if any(name.lower() in arrival.headers for arrival in arrivals):
            yield f"upstream: header `{name}` is there"
    yield from _words("upstream", wanted.contains, wanted.lacks, [arrival.body for arrival in arrivals])


def _delivered(wanted: DeliveredExpectation, answer: Answer) -> Iterator[str]:
    for name, value in (wanted.headers or {}).items():
        if (got := answer.headers.get(name.lower(), "")) != value:
            yield f"delivered: header `{name}`: expected `{value}`, got `{got}`"
    if wanted.body is not None and answer.body != wanted.body.encode():
        yield f"delivered: body: expected `{wanted.body}`, got `{answer.body.decode('utf-8', 'replace')}`"
    if wanted.whole is not None and answer.whole is not wanted.whole:
        yield f"delivered: whole: expected `{shown(wanted.whole)}`, got `{shown(answer.whole)}`"
    yield from _words("delivered", wanted.contains, wanted.lacks, [answer.body])


def _words(
    where: str, contains: Sequence[str] | None, lacks: Sequence[str] | None, bodies: Sequence[bytes]
) -> Iterator[str]:
    for word in contains or []:
        if not any(word.encode() in body for body in bodies):
            yield f"{where}: `{word}` is not there"
    for word in lacks or []:
        if any(word.encode() in body for body in bodies):
            yield f"{where}: `{word}` is there"
