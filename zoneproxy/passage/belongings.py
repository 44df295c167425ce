"""What an exchange names of the zone's stored objects, on its way in and on its way back.

In: whatever the path, the query or the body names must be the caller's own, by the route it was made on.
Back: whatever the answer names must be the caller's own too, or become so: what the endpoint makes is
claimed, durably, before the answer that names it leaves. What stays nowhere (`store: false`) is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoneproxy.content.listing import Item, cut_down, items_of
from zoneproxy.content.names import answer_names, query_names
from zoneproxy.content.scan import Verdict
from zoneproxy.passage.commands import Bind
from zoneproxy.passage.exchange import Exchange
from zoneproxy.route.binding import Owner, Reference, binding_facts, server_of
from zoneproxy.route.pin import Pin
from zoneproxy.terms.objects import Binding, ObjectName


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part of an answer that waits for the bindings of what it names.

    Attributes:
        names: what it names.
        release: bytes of a stream that go next; empty for a whole answer.
        pin: the way that a whole answer would leave by.
        state, seen: what was read of a whole answer.
        document: a whole answer as JSON, or `None`.
    """

    names: tuple[ObjectName, ...]
    release: bytes = b""
    pin: Pin | None = None
    state: str = "ok"
    seen: Verdict | None = None
    document: dict[str, Any] | None = None


def owner_of(exchange: Exchange) -> Owner:
    """Return who uses objects in this exchange, and by which way."""
    return Owner(str(exchange.facts.get("tenant.id", "")), exchange.pin.route, exchange.pin.side.value)


def references(exchange: Exchange) -> tuple[Reference, ...]:
    """Return every object that the request names, in its path, its query and its body."""
    endpoint, reading = exchange.endpoint, exchange.reading
    if endpoint is None or reading is None:
        return ()
    named = dict.fromkeys((*endpoint.names, *query_names(endpoint, exchange.query)), False)
    for name, bears_content in reading.names:
        named[name] = bears_content and named.get(name, True)
    return tuple(Reference(name, bears_content) for name, bears_content in named.items())


def asks_store(exchange: Exchange) -> bool:
    """Tell whether the store must answer before the request may pass: also where it names nothing yet.

    What would make an object is not begun while nobody could say whose it is.
    """
    endpoint, reading = exchange.endpoint, exchange.reading
    if endpoint is None or reading is None or exchange.facts.get("request.state") != "ok":
        return False
    makes = reading.keeps and endpoint.kept != "rarely"
    return makes or endpoint.touches_objects or bool(references(exchange))


def take_in(exchange: Exchange, found: Mapping[ObjectName, Binding] | None) -> str:
    """Set the facts of what the request names, and take over the model of what it is about.

    Args:
        exchange: whose request.
        found: the bindings; `None` where the store can't say.

    Returns:
        The server that keeps what the path names, or, where the body names no model, what the request is
        about; empty where none is known.
    """
    named, endpoint, reading = references(exchange), exchange.endpoint, exchange.reading
    facts = binding_facts(named, found, owner_of(exchange), exchange.now_ms)
    if endpoint is None or reading is None or found is None:
        exchange.facts.update(facts)
        return ""
    about = [one for one in named if one.name.kind == endpoint.model_of]
    fits = not endpoint.use or (about and all(_use(found, one) == endpoint.use for one in about))
    if not fits and facts["binding.state"] != "refused":
        facts = {"binding.state": "refused", "binding.standing": "other_use"}
    exchange.facts.update(facts)
    exchange.known.update(found)
    if facts["binding.state"] != "own":
        return ""
    if reading.model is None and about:
        models = {found[one.name].model for one in about if one.name in found}
        if len(models) == 1 and (model := next(iter(models))):
            exchange.reading = replace(reading, model=model)
    in_path = [one for one in named if one.name in endpoint.names]
    if not in_path and reading.model is not None:
        return ""
    return server_of(in_path or about, found) or ""


def _use(found: Mapping[ObjectName, Binding], reference: Reference) -> str:
    binding = found.get(reference.name)
    return binding.use if binding is not None else ""


def order_for(exchange: Exchange, names: Iterable[ObjectName]) -> Bind | None:
    """Order the bindings of what an answer names; `None` where every name is settled."""
    if not names:  # asked at every event of a stream
        return None
    endpoint, reading = exchange.endpoint, exchange.reading
    new = [
        name for name in dict.fromkeys(names) if name not in exchange.settled and name not in exchange.known
    ]
    if endpoint is None or reading is None or not new:
        return None
    exchange.settled.update(new)
    made = [name for name in new if _is_made(exchange, name)]
    asked = tuple(name for name in new if name not in made)
    if not reading.keeps:
        # It stays nowhere, so nobody can ever ask for it: there is nothing to bind.
        exchange.passing.update(made)
        made = []
    if not made and not asked:
        return None
    return Bind(tuple(_binding(exchange, name) for name in made), asked)


def _is_made(exchange: Exchange, name: ObjectName) -> bool:
    endpoint = exchange.endpoint
    return endpoint is not None and name.kind in endpoint.makes and name not in exchange.known


def _binding(exchange: Exchange, name: ObjectName) -> Binding:
    owner, reading, upstream = owner_of(exchange), exchange.reading, exchange.upstream
    lifetime_ms = exchange.rules.lifetimes.of(name.kind)
    use = reading.use if reading is not None and name.kind in ("file", "response") else ""
    return Binding(
        name=name,
        tenant=owner.tenant,
        route=owner.route,
        side=owner.side,
        server=upstream.id if upstream is not None else "",
        flow=exchange.flow,
        made_ms=exchange.now_ms,
        expires_ms=exchange.now_ms + lifetime_ms,
        model=(reading.model or "")[:128] if reading is not None else "",
        use=use,
    )


def are_own(exchange: Exchange, names: Iterable[ObjectName]) -> bool:
    """Tell whether all that is named is the caller's, or is nobody's because it stays nowhere."""
    owner = owner_of(exchange)
    return all(name in exchange.passing or owner.owns(exchange.known.get(name)) for name in names)


def listed(exchange: Exchange, document: dict[str, Any] | None) -> tuple[Item, ...] | None:
    """Return the objects of an answer that is everybody's list; `None` where it is no such list."""
    endpoint = exchange.endpoint
    if endpoint is None or not endpoint.filtered or document is None or "error" in document:
        return None
    return items_of(document, endpoint.dialect)


def names_in(exchange: Exchange, document: dict[str, Any] | None) -> tuple[ObjectName, ...]:
    """Return what a whole answer names; of everybody's list, the listed objects themselves."""
    if document is None or exchange.endpoint is None:
        return ()
    items = listed(exchange, document)
    if items is not None:
        return tuple(item.names[0] for item in items if item.names)
    return answer_names(document, exchange.endpoint.dialect)


def names_of_own(exchange: Exchange, items: Sequence[Item]) -> tuple[ObjectName, ...]:
    """Return what the caller's own objects of a list name beside themselves."""
    own = [item for item in items if item.names and _is_usable(exchange, item.names[0])]
    return tuple(name for item in own for name in item.names[1:])


def cut_list(exchange: Exchange, document: dict[str, Any], items: Sequence[Item]) -> bytes | None:
    """Return everybody's list cut down to the caller's own; `None` where that can't be done."""
    endpoint = exchange.endpoint
    if endpoint is None:
        return None

    def keeps(name: ObjectName) -> bool:
        return _is_usable(exchange, name)

    return cut_down(exchange.final, document, items, endpoint.lists, keeps)


def _is_usable(exchange: Exchange, name: ObjectName) -> bool:
    binding = exchange.known.get(name)
    return binding is not None and owner_of(exchange).owns(binding) and exchange.now_ms < binding.expires_ms
