"""What makes a returned result known again inland: fingerprints of what it says, and a canary where ordered.

A canary stands once in an answer, in the first text that is for people. An answer without such a text bears
none; the record of an exchange that was to bear one says whether it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from zoneproxy.content.canary import mark, plantable, tenant_tag
from zoneproxy.content.returned import Returned
from zoneproxy.content.walk import strings
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.record import obligations
from zoneproxy.passage.rules import Rules
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.finding import Segment

ORDER = "canary"
_DAY_MS = 86_400_000
_TEXTS = ("content", "text")


def know_own(exchange: Exchange) -> None:
    """Let a tenant's own canaries be: a conversation repeats what was returned to the same tenant."""
    rules, tenant = exchange.rules, exchange.facts.get("tenant.id")
    if rules.scan.canary_key and isinstance(tenant, str):
        exchange.rules = _rules_of(rules, tenant)


_OWN: dict[tuple[int, str], tuple[Rules, Rules]] = {}
"""Rules as they are for a tenant, by the rules' identity; with them goes what the scanner remembers."""
_MOST_OWN = 256


def _rules_of(rules: Rules, tenant: str) -> Rules:
    known = _OWN.get((id(rules), tenant))
    if known is None:
        own = tenant_tag(rules.scan.canary_key, tenant)
        if len(_OWN) >= _MOST_OWN:
            _OWN.clear()
        # The rules are kept beside it: as long as they are, no others can have their identity.
        known = _OWN[id(rules), tenant] = rules, replace(rules, scan=replace(rules.scan, own_canary=own))
    return known[1]


def print_from_now(exchange: Exchange) -> None:
    """Take fingerprints of what the answer says, where they are kept and it is a customer's."""
    key = exchange.rules.scan.canary_key
    if exchange.keep is not None and key and exchange.kind == "serve":
        exchange.returned = Returned(key)


def print_whole(exchange: Exchange, document: Any) -> None:
    """Take fingerprints of a whole answer, each string a text."""
    if exchange.returned is not None and document is not None:
        for place, (_, text) in enumerate(strings(document, Segment.OUTPUT)):
            exchange.returned.grow((place,), text)


def canary_of(exchange: Exchange, decision: Decision) -> str:
    """Return the canary that a decision orders, or empty."""
    tenant, key = exchange.facts.get("tenant.id"), exchange.rules.scan.canary_key
    if ORDER not in obligations(decision) or not isinstance(tenant, str) or not key:
        return ""
    return mark(key, tenant, exchange.now_ms // _DAY_MS)


def plant_whole(exchange: Exchange, decision: Decision) -> None:
    """Plant the canary in a whole answer, where it is ordered and there is a text to bear it."""
    sign, endpoint = canary_of(exchange, decision), exchange.endpoint
    if exchange.streaming or not sign or endpoint is None or not endpoint.is_inference:
        return
    try:
        document = json.loads(exchange.final)
    except ValueError:
        return
    for holder, key in _places(document):
        if plantable(holder[key]):
            holder[key] += sign
            exchange.final = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            exchange.planted = True
            return


def _places(document: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the texts of an answer that are for people, in its order."""
    if not isinstance(document, dict):
        return
    messages = [choice.get("message", choice) for choice in _dicts(document.get("choices"))] + _dicts(
        document.get("output")
    )
    for message in [document, *messages]:
        if isinstance(message, dict):
            for part in [message, *_dicts(message.get("content"))]:
                for key in _TEXTS:
                    if isinstance(part.get(key), str):
                        yield part, key


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
