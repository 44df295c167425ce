"""What the operator has stopped: a tenant, a credential, a model, a route, or the whole zone.

A stop names one thing of one scope. What matches a stop neither begins nor goes on; what is stopped
stays stopped until it is lifted. A credential is named by the first 16 hex digits of its SHA-256: enough
to tell it from every other one, and nothing that opens a door.

Two scopes have no target: `zone` stops everything, and `unreadable` stands for orders that can't be
read, which stop everything as well, because nobody knows what they say. `suspended` names a tenant
whose registration is suspended or gone; it is made of the registry, not by a stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

CREDENTIAL_DIGITS = 16
_CREDENTIAL = re.compile(r"[0-9a-f]{16}\Z", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}\Z", re.ASCII)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII)


class Scope(StrEnum):
    """What a stop stops, widest first: of several that match, the first is told."""

    UNREADABLE = "unreadable"
    ZONE = "zone"
    ROUTE = "route"
    SUSPENDED = "suspended"
    TENANT = "tenant"
    CREDENTIAL = "credential"
    MODEL = "model"


TARGETED = (Scope.ROUTE, Scope.TENANT, Scope.CREDENTIAL, Scope.MODEL)
"""The scopes whose stops name a target."""

_SPELLING = {
    Scope.ROUTE: _NAME,
    Scope.SUSPENDED: _NAME,
    Scope.TENANT: _NAME,
    Scope.CREDENTIAL: _CREDENTIAL,
    Scope.MODEL: _MODEL,
}


def is_target(scope: Scope, target: str) -> bool:
    """Tell whether a target is spelled as its scope's names are; the zone's is empty."""
    spelling = _SPELLING.get(scope)
    return target == "" if spelling is None else spelling.match(target) is not None


@dataclass(frozen=True, slots=True)
class Traits:
    """What an exchange is known by, as far as it is known yet.

    Attributes:
        routes: the routes that it concerns: its own, and for a workload's call that of its customer.
        tenant: the proven tenant, or empty.
        credential: id of the credential that it presents, or empty.
        models: the model that it asks for, by every name that it has.
    """

    routes: frozenset[str]
    tenant: str = ""
    credential: str = ""
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stops:
    """Everything that is stopped now; a value, never changed.

    Attributes:
        by_scope: the targets of each scope; the zone's only target is the empty text.
    """

    by_scope: Mapping[Scope, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, stops: Iterable[tuple[Scope, str]]) -> Self:
        """Collect stops, each a scope and a target.

        Raises:
            ValueError: a target is not spelled as its scope's names are.
        """
        found: dict[Scope, set[str]] = {}
        for scope, target in stops:
            if not is_target(scope, target):
                raise ValueError(f"`{target}` is no name of a {scope}")
            found.setdefault(scope, set()).add(target)
        return cls({scope: frozenset(targets) for scope, targets in found.items()})

    def match(self, traits: Traits) -> Scope | None:
        """Return the widest scope that stops an exchange, or `None` where nothing does."""
        if not self.by_scope:
            return None
        names: Mapping[Scope, frozenset[str]] = {
            Scope.UNREADABLE: frozenset({""}),
            Scope.ZONE: frozenset({""}),
            Scope.ROUTE: traits.routes,
            Scope.SUSPENDED: frozenset({traits.tenant} - {""}),
            Scope.TENANT: frozenset({traits.tenant} - {""}),
            Scope.CREDENTIAL: frozenset({traits.credential} - {""}),
            Scope.MODEL: traits.models,
        }
        return next(
            (scope for scope in Scope if not names[scope].isdisjoint(self.by_scope.get(scope, ()))), None
        )

    def joined(self, scope: Scope, targets: Iterable[str]) -> Self:
        """Return these stops with more targets of one scope."""
        more = frozenset(targets) | self.by_scope.get(scope, frozenset())
        return replace(self, by_scope={**self.by_scope, scope: more}) if more else self


NOTHING = Stops()
EVERYTHING = Stops({Scope.UNREADABLE: frozenset({""})})
"""What holds where the orders can't be read."""
