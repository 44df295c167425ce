"""Which API a request speaks: endpoints by exact method and path.

Nothing is normalised here on purpose: a path that needs normalising (`//`, `..`, `%2e`, `;`) may
mean another thing to the model server than to us, so it is an unknown endpoint.

    >>> recognise("POST", "/v1/chat/completions").dialect
    'openai_chat'
    >>> recognise("GET", "/v1/files/file-1/content").names
    (ObjectName(kind='file', id='file-1'),)
    >>> recognise("POST", "/v1//chat/completions") is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from zoneproxy.content.endpoint import Endpoint
from zoneproxy.content.served import ANTHROPIC_FILES, CLOSED, EVENT, SERVED, SOCKETS, Row
from zoneproxy.terms.objects import ObjectName

__all__ = ["EVENT", "Endpoint", "is_closed", "recognise", "recognise_socket"]

_ID_FORM = r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}"
_ID = re.compile(rf"{_ID_FORM}\Z", re.ASCII)
_MODEL = re.compile(rf"/v1/models/{_ID_FORM}(?:/{_ID_FORM}){{0,3}}\Z", re.ASCII)
_ONE_MODEL = Endpoint("openai_models", "model_listing", "none")


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: by literal segment, by id, and what is served here by method."""

    literal: dict[str, _Node] = field(default_factory=dict)
    by_id: tuple[str, _Node] | None = None
    served: dict[str, Endpoint] = field(default_factory=dict)


def _tree(rows: Iterable[Row]) -> _Node:
    root = _Node()
    for method, path, endpoint in rows:
        node = root
        for segment in path.split("/")[1:]:
            if not segment.startswith("{"):
                node = node.literal.setdefault(segment, _Node())
                continue
            kind = segment[1:-1]
            if node.by_id is None:
                node.by_id = (kind, _Node())
            if node.by_id[0] != kind:
                raise ValueError(f"`{path}`: another kind of id stands here")
            node = node.by_id[1]
        if method in node.served:
            raise ValueError(f"`{method} {path}` is served twice")
        node.served[method] = endpoint
    return root


_TREE, _ANTHROPIC = _tree(SERVED), _tree(ANTHROPIC_FILES)


def recognise(method: str, path: str, *, anthropic: bool = False) -> Endpoint | None:
    """Find the endpoint that a request line asks for.

    Args:
        method: the method as sent, case and all.
        path: the path as sent, without its query, escapes untouched.
        anthropic: the caller speaks Anthropic's API, where two APIs have the same path.

    Returns:
        The endpoint, or `None` where the zone serves no such thing.
    """
    if ".." in path:
        return None
    found = _find(_ANTHROPIC, method, path) if anthropic else None
    found = found or _find(_TREE, method, path)
    if found is None and method == "GET" and _MODEL.match(path):
        return _ONE_MODEL
    return found


def _find(tree: _Node, method: str, path: str) -> Endpoint | None:
    if not path.startswith("/"):
        return None
    node, names = tree, list[ObjectName]()
    for segment in path[1:].split("/"):
        if following := node.literal.get(segment):
            node = following
        elif node.by_id is not None and _ID.match(segment):
            kind, node = node.by_id
            names.append(ObjectName(kind, segment))
        else:
            return None
    endpoint = node.served.get(method)
    return replace(endpoint, names=tuple(names)) if endpoint and names else endpoint


def recognise_socket(method: str, path: str) -> Endpoint | None:
    """Find what an upgrade to WebSocket asks for; `None` where the zone speaks none there."""
    return SOCKETS.get(path) if method == "GET" else None


def is_closed(path: str) -> bool:
    """Tell whether a path belongs to an API that the zone knows and keeps closed on purpose."""
    return any(path == closed or path.startswith(f"{closed}/") for closed in CLOSED)
