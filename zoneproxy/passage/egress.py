"""What an answer weighs, against the tokens that are billed for it: judged before the byte that is too many.

The figures are facts (`egress.bytes`, `egress.ceiling`, and those of the tenant), the rail is in `law`, and
replay derives it from the record. The answer to a zone workload's own call comes in: it is not weighed.
"""

from __future__ import annotations

from typing import Any

from zoneproxy.content.endpoint import Endpoint
from zoneproxy.content.request import RequestReading
from zoneproxy.content.stream_step import StreamStep
from zoneproxy.content.strict_json import UnreadableError, read_object
from zoneproxy.meter.egress import Asked, EgressMeter, alternatives_of
from zoneproxy.passage.exchange import Exchange
from zoneproxy.terms.facts import FactValue

_MAX_DEPTH = 64
# What of a request bounds its answer beside the number of tokens; most requests name none of it.
_TELLING = (b"logprobs", b'"modalities"', b'"echo"')
_MOST_PICTURES = 10
_MEDIA_DIALECT = "openai_audio"


def weigh_from_now(exchange: Exchange) -> None:
    """Open the answer's account, where one is kept."""
    ledger, endpoint, tenant = exchange.ledger, exchange.endpoint, exchange.facts.get("tenant.id")
    if ledger is None or endpoint is None or exchange.kind != "serve" or not isinstance(tenant, str):
        return
    if exchange.session is not None and not (exchange.reading and exchange.reading.begins):
        return  # nothing comes back for it: what the server says meanwhile is weighed where it is said
    asked = _asked(endpoint, exchange.reading, str(exchange.facts.get("model.id", "")))
    exchange.egress = EgressMeter(ledger.budget, asked, ledger.account(tenant))


def _asked(endpoint: Endpoint, reading: RequestReading | None, model: str) -> Asked:
    named: dict[str, Any] = {}
    body = reading.body if reading else b""
    pictures = endpoint.dialect == "openai_images"
    telling = pictures or any(word in body for word in _TELLING)
    if telling and body and endpoint.body in ("json", "optional"):
        try:
            named = read_object(body, _MAX_DEPTH)
        except UnreadableError:
            named = {}
    sound = endpoint.answer == "media" and endpoint.dialect == _MEDIA_DIALECT
    modalities = named.get("modalities")
    return Asked(
        endpoint.dialect,
        endpoint.purpose,
        billed=endpoint.is_metered,
        model=model,
        max_tokens=reading.max_tokens if reading else None,
        request_bytes=len(body),
        alternatives=alternatives_of(named),
        speech=(isinstance(modalities, list) and "audio" in modalities)
        or (reading is not None and reading.speech is True),
        spoken_bytes=reading.text_bytes if reading and sound else 0,
        pictures=_pictures(named.get("n")),
        echo=named.get("echo") is True or endpoint.dialect == _MEDIA_DIALECT,
    )


def _pictures(number: Any) -> int:
    return min(number, _MOST_PICTURES) if type(number) is int and number > 0 else _MOST_PICTURES


def weigh_step(exchange: Exchange, step: StreamStep) -> bool:
    """Weigh a piece of a stream; return whether it may leave."""
    if exchange.egress is None:
        return True
    told = exchange.meter.told if exchange.meter else 0
    return exchange.egress.grow(step.new_bytes, step.grown, told, exchange.now_ms)


def weigh_end(exchange: Exchange) -> None:
    """Weigh a whole stream by what is billed for it; the rail says whether its end may leave."""
    if exchange.egress is not None and exchange.meter is not None:
        usage = exchange.meter.total()
        exchange.egress.close(
            usage.completion, exchange.meter.told, exchange.now_ms, billed=usage.source == "upstream"
        )


def weigh_body(exchange: Exchange, document: dict[str, Any] | None) -> None:
    """Weigh a whole answer by what is billed for it; the rail says whether it may leave."""
    if exchange.egress is None:
        return
    usage = exchange.meter.total() if exchange.meter else None
    data = document.get("data") if document else None
    parts = len(data) if isinstance(data, list) else 0
    if usage is not None and exchange.egress.asked.purpose == "embedding":
        # Each vector stands for an input, and each input has a token.
        parts = min(parts, usage.prompt)
    # A count that was told stands, even where the answer is not complete and more is billed to be sure.
    told = exchange.meter.told if exchange.meter else 0
    exchange.egress.whole(
        exchange.answer_bytes, told or (usage.completion if usage else 0), parts, exchange.now_ms
    )


def egress_facts(exchange: Exchange) -> dict[str, FactValue | None]:
    """Return the figures so far; none where nothing is weighed."""
    meter = exchange.egress
    if meter is None:
        return {}
    tenant = meter.tenant_bytes
    return {
        "egress.bytes": meter.bytes,
        "egress.ceiling": meter.ceiling,
        "egress.tenant_bytes": tenant,
        "egress.tenant_ceiling": None if tenant is None else meter.tenant_ceiling,
    }
