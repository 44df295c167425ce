"""What the operator orders while the zone runs: stops, more tenants, changes of those in `zone.yaml`.

Orders are kept in one file (`zoneproxy.adapters.state.orderfile`) and changed by acts. An act is carried out
by `carry_out`, which makes new orders of the old ones and of nothing else. An act that was carried out is
found again by its id, so that asking twice does nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from zoneproxy.config.doors import RegisteredTenant
from zoneproxy.config.part import Part, RouteId
from zoneproxy.route.stops import CREDENTIAL_DIGITS, TARGETED, Scope, Stops, is_target

ActId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Millis = Annotated[int, Field(ge=0, le=2**53 - 1)]
Cause = Literal["incident", "order", "leak", "abuse", "unpaid", "maintenance", "contract", "other"]
ScopeName = Literal["zone", "route", "tenant", "credential", "model"]
Action = Literal[
    "stop", "resume", "reset",
    "tenant-add", "tenant-rotate", "tenant-revoke", "tenant-suspend", "tenant-resume", "tenant-remove",
]  # fmt: skip

CLOSING = frozenset({"stop", "tenant-revoke", "tenant-suspend", "tenant-remove"})
"""Acts that only shut: they hold before they are recorded. All others are recorded before they hold."""
MOST_DONE, MOST_STOPS, MOST_TENANTS = 64, 10_000, 100_000


class Act(Part):
    """One thing that the operator does."""

    id: ActId = Field(description="random; the same act asked twice has the same")
    action: Action
    by: Annotated[str, Field(min_length=1, max_length=128)] = Field(description="who does it")
    why: Annotated[str, Field(min_length=1, max_length=1024)] = Field(description="why, in words")
    cause: Cause = Field("other", description="why, in one word")
    at_ms: Millis = Field(description="when, milliseconds since 1970 UTC")
    scope: ScopeName | None = None
    target: Annotated[str, Field(max_length=128)] = ""
    tenant: RouteId | None = None
    registration: RegisteredTenant | None = None
    credential: Digest | None = None
    until_ms: Millis | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.action in ("stop", "resume") and (
            self.scope is None or not is_target(Scope(self.scope), self.target)
        ):
            raise ValueError("a stop names a scope and a target as that scope spells it")
        if self.action.startswith("tenant-") and self.tenant is None:
            raise ValueError("the tenant is missing")
        if (self.action == "tenant-add") is (self.registration is None):
            raise ValueError("a registration belongs to `tenant-add`, and to it alone")
        if (self.action in ("tenant-rotate", "tenant-revoke")) is (self.credential is None):
            raise ValueError("a credential belongs to `tenant-rotate` and `tenant-revoke`, and to them alone")
        return self


class StopOrder(Part):
    """A stop that holds."""

    scope: ScopeName
    target: str
    by: str
    why: str
    cause: Cause
    at_ms: Millis


class AddedTenant(Part):
    """A tenant that was added while the zone ran."""

    registration: RegisteredTenant
    suspended: bool = False
    until_ms: dict[Digest, Millis] = Field(
        default_factory=dict, description="ends of credentials that have one"
    )

    @property
    def id(self) -> str:
        """Its name."""
        return self.registration.id


class ChangedTenant(Part):
    """What was changed, while the zone ran, of a tenant that `zone.yaml` declares."""

    id: RouteId
    credentials: list[Digest] = Field(default_factory=list, description="beside those that are declared")
    until_ms: dict[Digest, Millis] = Field(default_factory=dict, description="ends, of declared ones too")
    suspended: bool = False

    def of(self, declared: RegisteredTenant) -> AddedTenant:
        """Return the tenant as it stands."""
        added = [digest for digest in self.credentials if digest not in declared.credentials]
        registration = declared.model_copy(update={"credentials": [*declared.credentials, *added]})
        return AddedTenant(registration=registration, suspended=self.suspended, until_ms=self.until_ms)


class Orders(Part):
    """All that holds."""

    revision: Annotated[int, Field(ge=0)] = 0
    stops: Annotated[list[StopOrder], Field(max_length=MOST_STOPS)] = Field(default_factory=list)
    tenants: Annotated[list[AddedTenant], Field(max_length=MOST_TENANTS)] = Field(default_factory=list)
    changed: Annotated[list[ChangedTenant], Field(max_length=MOST_TENANTS)] = Field(default_factory=list)
    done: Annotated[list[ActId], Field(max_length=MOST_DONE)] = Field(
        default_factory=list, description="the last acts"
    )
    owed: list[Act] = Field(default_factory=list, description="acts that the log does not hold yet")

    def stopped(self) -> Stops:
        """Return the stops, those of suspended tenants with them."""
        stops = Stops.of((Scope(one.scope), one.target) for one in self.stops)
        return stops.joined(Scope.SUSPENDED, self.suspended())

    def suspended(self) -> list[str]:
        """Return the names of the suspended tenants."""
        added = [one.id for one in self.tenants if one.suspended]
        return added + [one.id for one in self.changed if one.suspended]

    def standing(self, declared: Iterable[RegisteredTenant]) -> list[AddedTenant]:
        """Return all tenants as they stand: those of `zone.yaml` with their changes, then the added ones."""
        changed = {one.id: one for one in self.changed}
        known = [changed.get(entry.id, ChangedTenant(id=entry.id)).of(entry) for entry in declared]
        return [*known, *self.tenants]

    def tenant(self, name: str) -> AddedTenant | None:
        """Return a tenant that was added, or `None`."""
        return next((one for one in self.tenants if one.id == name), None)

    def with_owed(self, owed: Sequence[Act]) -> Orders:
        """Return these orders, owing the log these acts."""
        return self.model_copy(update={"owed": list(owed)})


def credential_id(digest: str) -> str:
    """Return the name of a credential: the first 16 hex digits of its SHA-256."""
    return digest.removeprefix("sha256:")[:CREDENTIAL_DIGITS]


__all__ = [
    "CLOSING",
    "TARGETED",
    "Act",
    "AddedTenant",
    "ChangedTenant",
    "Orders",
    "StopOrder",
    "credential_id",
]
