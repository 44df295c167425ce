"""Findings that go masked, where a layer orders it: what can be masked is a fact, and doing it is the law.

Before a phase is judged the masked form is made, and whether it could be made is the fact `data.maskable` or
`response.maskable`. A decision that orders `mask` where that fact is not true is a denial (`law.unkept`), and
replay derives it again; the record of one that stands says what was masked, by kind and number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zoneproxy.content import sealed
from zoneproxy.content.mask import Masked, mask_value
from zoneproxy.content.strict_json import UnreadableError, read_object
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.record import obligations
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.finding import Segment
from zoneproxy.terms.phase import Phase

ORDER = "mask"


def ordered(exchange: Exchange, phase: Phase) -> bool:
    """Tell whether a rule in force may order that what is found in a phase goes masked."""
    return any(ORDER in policy.orders[phase] for policy in exchange.rules.policies)


def prepare_request(exchange: Exchange) -> None:
    """Make the masked form of a request, where one may be ordered, and set the fact that tells of it.

    What stands in a head, in a form or in a workload's own call is never masked.
    """
    if not ordered(exchange, Phase.PROCESS):
        return
    exchange.masked = _masked_request(exchange) if exchange.findings else None
    exchange.facts.set("data.maskable", not exchange.findings or exchange.masked is not None)


def _masked_request(exchange: Exchange) -> Masked | None:
    reading, endpoint = exchange.reading, exchange.endpoint
    if reading is None or endpoint is None or exchange.head_findings or endpoint.body == "form":
        return None
    if any(one.category == sealed.CATEGORY for one in exchange.findings):
        return None  # what can't be looked into has no masked form, wherever its reader found it
    try:
        asked = read_object(reading.body, exchange.rules.limits.max_depth)
    except UnreadableError:
        return None
    return mask_value(asked, exchange.rules.scan, Segment.UNKNOWN)


def mask_request(exchange: Exchange, decision: Decision) -> None:
    """Put the masked form in the request's place, where an admitting decision orders it."""
    if ORDER not in obligations(decision) or not exchange.findings:
        return
    if exchange.masked is None or exchange.reading is None:
        raise ValueError("what is to be masked was not")
    exchange.reading = replace(exchange.reading, body=_written(exchange.masked.value))
    exchange.request_masked = exchange.masked.counts


def prepare_answer(exchange: Exchange, document: Mapping[str, Any] | None) -> None:
    """Make the masked form of a whole answer, where one may be ordered."""
    exchange.masked = None
    if not ordered(exchange, Phase.RETURN):
        exchange.answer_maskable = None
    elif not exchange.answer_findings:
        exchange.answer_maskable = True
    else:
        able = document is not None and exchange.endpoint is not None and exchange.endpoint.is_inference
        exchange.masked = mask_value(document, exchange.rules.scan) if able else None
        exchange.answer_maskable = exchange.masked is not None


def mask_answer(exchange: Exchange, decision: Decision) -> None:
    """Put the masked form in a whole answer's place, where an allowing decision orders it."""
    if exchange.streaming or ORDER not in obligations(decision) or not exchange.answer_findings:
        return
    if exchange.masked is None:
        raise ValueError("what is to be masked was not")
    exchange.final = _written(exchange.masked.value)
    exchange.answer_masked = exchange.masked.counts


def answer_facts(exchange: Exchange) -> dict[str, FactValue | None]:
    """Return whether all that was found so far can be masked; nothing where nobody may order it."""
    if exchange.stream is not None:
        able = exchange.stream.maskable if exchange.stream.masks else None
        return {"response.maskable": able}
    return {"response.maskable": exchange.answer_maskable}


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
