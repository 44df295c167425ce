"""The binding: what was made on a route is collected on that route, by the tenant that made it.

A name that a request uses is the caller's own, or the request is refused; whether the object exists, is
another's, was made on another route or has expired is the record's business and never the caller's:

| found | standing | the caller is told |
| --- | --- | --- |
| made by this tenant, on this route and side | `own` | nothing |
| never made here, or long forgotten | `unknown` | no such object |
| made by another tenant | `foreign` | no such object |
| made by this tenant, by another way | `other_route` | no such object |
| its time is over | `expired` | no such object |

    >>> mine = Owner("toyco-sg", "cable-sg-1", "overseas")
    >>> standing(None, mine, now_ms=0)
    'unknown'

Trust: ids are the model server's, and callers learn them; a binding is the boundary's own observation.
A name that a second caller's answer claims stays with the first: no server can give an object away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.objects import Binding, ObjectName

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Owner:
    """Who uses an object, and by which way."""

    tenant: str
    route: str
    side: str

    def owns(self, binding: Binding | None) -> bool:
        """Tell whether a binding is this owner's, expired or not."""
        return binding is not None and (binding.tenant, binding.route, binding.side) == (
            self.tenant,
            self.route,
            self.side,
        )


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long bindings last.

    Attributes:
        default_ms: for kinds that are not named.
        by_kind: milliseconds by kind.
    """

    default_ms: int = 30 * DAY_MS
    by_kind: Mapping[str, int] = field(default_factory=dict)

    def of(self, kind: str) -> int:
        """Return a kind's lifetime in milliseconds."""
        return self.by_kind.get(kind, self.default_ms)


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A name that a request uses.

    Attributes:
        name: the object.
        bears_content: the request repeats the object's content beside its name, so that a name which
            nobody made here is no fetch of anything; one that is another's is refused all the same.
    """

    name: ObjectName
    bears_content: bool = False


def standing(found: Binding | None, owner: Owner, now_ms: int) -> str:
    """Say how an owner stands to an object; see the module's table."""
    if found is None:
        return "unknown"
    if not owner.owns(found):
        return "foreign" if found.tenant != owner.tenant else "other_route"
    return "expired" if now_ms >= found.expires_ms else "own"


def binding_facts(
    references: Iterable[Reference],
    found: Mapping[ObjectName, Binding] | None,
    owner: Owner,
    now_ms: int,
) -> dict[str, FactValue | None]:
    """Write what a request's references come to as facts.

    Args:
        references: what the request names.
        found: the bindings of those names; `None` where the store could not say.
        owner: the caller.
        now_ms: milliseconds since 1970 UTC.
    """
    if found is None:
        return {"binding.state": "unavailable", "binding.standing": None}
    state = "none"
    for reference in references:
        how = standing(found.get(reference.name), owner, now_ms)
        if reference.bears_content and how in ("unknown", "expired"):
            continue
        if how != "own":
            return {"binding.state": "refused", "binding.standing": how}
        state = "own"
    return {"binding.state": state, "binding.standing": None if state == "none" else "own"}


def server_of(references: Iterable[Reference], found: Mapping[ObjectName, Binding]) -> str | None:
    """Return the server that keeps what a request names; empty where nothing says, `None` where two do."""
    servers = {found[one.name].server for one in references if one.name in found} - {""}
    if len(servers) > 1:
        return None
    return next(iter(servers), "")
