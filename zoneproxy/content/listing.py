"""A list of everybody's objects, cut down to one caller's own.

A list that needs no cutting goes out byte for byte. One that does is written anew from its known members
alone: `object`, `data`, `has_more`, and `first_id` and `last_id` as those of what is left, because the
cursors of the server's page may name what is another's. Where nothing is left and the server says that
there is more, the list can't be told: a caller's SDK would take the empty page for the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zoneproxy.content.names import answer_names
from zoneproxy.terms.objects import ObjectName

Keeps = Callable[[ObjectName], bool]


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a list.

    Attributes:
        value: as the server wrote it.
        names: what it names; the first is the object itself.
    """

    value: Any
    names: tuple[ObjectName, ...]


def items_of(document: Any, dialect: str) -> tuple[Item, ...] | None:
    """Return a list's objects; `None` where the document is no list that can be read."""
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, list):
        return None
    return tuple(Item(value, answer_names(value, dialect)) for value in data)


def cut_down(
    body: bytes, document: dict[str, Any], items: Sequence[Item], kind: str, keeps: Keeps
) -> bytes | None:
    """Return the list with a caller's own objects.

    Args:
        body: the list as the server wrote it.
        document: the same, read.
        items: its objects.
        kind: what the list is one of.
        keeps: tells whether an object is the caller's; of an object that is kept every name must be.

    Returns:
        The bytes that may go out, or `None` where nothing can be said.
    """
    kept = [item for item in items if _is_own(item, kind, keeps)]
    cursors = {str(document[key]) for key in ("first_id", "last_id") if document.get(key)}
    own = {item.names[0].id for item in kept}
    if len(kept) == len(items) and cursors <= own:
        return body
    has_more = document.get("has_more", False)
    if type(has_more) is not bool or (has_more and not kept):
        return None
    told: dict[str, Any] = {"object": document["object"]} if isinstance(document.get("object"), str) else {}
    told |= {
        "data": [item.value for item in kept],
        "first_id": kept[0].names[0].id if kept else None,
        "last_id": kept[-1].names[0].id if kept else None,
        "has_more": has_more,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _is_own(item: Item, kind: str, keeps: Keeps) -> bool:
    """An object that does not say what it is, is nobody's."""
    return bool(item.names) and item.names[0].kind == kind and all(keeps(name) for name in item.names)
