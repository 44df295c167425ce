"""Stored objects of the zone, by name, and whose they are.

An exchange may leave something behind in the zone: a file, a batch, a stored response, a thread. The
model server gives it an id; kind and id together are its name. A binding says who made it, and by which
way: what was made on one route can't be collected on another.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "assistant", "audio", "batch", "completion", "container", "conversation", "file", "item", "message",
    "message_batch", "part", "prompt", "response", "run", "run_step", "skill", "thread", "upload",
    "vector_store", "vector_store_batch",
)  # fmt: skip
"""Kinds of stored objects; two objects of different kinds may bear the same id."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """What a stored object is called.

    Attributes:
        kind: one of `KINDS`.
        id: the model server's id, as callers write it.
    """

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose a stored object is.

    Attributes:
        name: the object.
        tenant, route, side: by whom and by which way it was made.
        server: the zone's server that keeps it.
        flow: the exchange that made it.
        made_ms, expires_ms: milliseconds since 1970 UTC; from `expires_ms` on it can't be used.
        model: the model that its contents are for, or empty.
        use: what it was made for, for example `batch`, or empty.
    """

    name: ObjectName
    tenant: str
    route: str
    side: str
    server: str
    flow: str
    made_ms: int
    expires_ms: int
    model: str = ""
    use: str = ""
