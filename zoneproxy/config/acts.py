"""Carrying out an act: the orders that hold become those that hold afterwards, or a mistake is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from zoneproxy.config.doors import RegisteredTenant
from zoneproxy.config.orders import (
    MOST_DONE,
    Act,
    AddedTenant,
    ChangedTenant,
    Orders,
    StopOrder,
    credential_id,
)
from zoneproxy.terms.errors import ConfigError

MOST_CREDENTIALS = 16


def carry_out(orders: Orders, act: Act, declared: Iterable[RegisteredTenant] = ()) -> Orders:
    """Return the orders that hold after an act; the same object where it changes nothing.

    Args:
        orders: those that hold before.
        act: what is done.
        declared: the tenants of `zone.yaml`.

    Raises:
        ConfigError: it can't be done; nothing changed.
    """
    if act.id in orders.done:
        return orders
    tenants = {one.id: one for one in declared}
    if act.action in _OF_TENANTS:
        made = _OF_TENANTS[act.action](orders, act, _known(orders, act, tenants))
    elif act.action == "tenant-add" and act.tenant in tenants:
        raise _registered(act)
    else:
        made = _WAYS[act.action](orders, act)
    if made is orders:
        return orders
    done = [*orders.done, act.id][-MOST_DONE:]
    return made.model_copy(update={"revision": orders.revision + 1, "done": done})


def _stop(orders: Orders, act: Act) -> Orders:
    if act.scope is None or _holding(orders, act):
        return orders
    order = StopOrder(
        scope=act.scope, target=act.target, by=act.by, why=act.why, cause=act.cause, at_ms=act.at_ms
    )
    return orders.model_copy(update={"stops": [*orders.stops, order]})


def _resume(orders: Orders, act: Act) -> Orders:
    holding = _holding(orders, act)
    if not holding:
        what = "the zone" if act.scope == "zone" else f"the {act.scope} `{act.target}`"
        raise ConfigError(f"{what} is not stopped", hint="`zoneproxy stops` lists what is")
    return orders.model_copy(update={"stops": [one for one in orders.stops if one not in holding]})


def _reset(orders: Orders, _act: Act) -> Orders:
    return orders.model_copy(update={"stops": []})


def _holding(orders: Orders, act: Act) -> list[StopOrder]:
    return [one for one in orders.stops if (one.scope, one.target) == (act.scope, act.target)]


def _add(orders: Orders, act: Act) -> Orders:
    if act.registration is None or act.registration.id != act.tenant:
        raise ConfigError("the registration is not that of the tenant", hint="use the same version")
    if orders.tenant(act.registration.id) is not None:
        raise _registered(act)
    added = AddedTenant(registration=act.registration)
    # What was changed of a tenant of that name, which zone.yaml declared once, was another's.
    changed = [other for other in orders.changed if other.id != act.tenant]
    return orders.model_copy(update={"tenants": [*orders.tenants, added], "changed": changed})


def _registered(act: Act) -> ConfigError:
    return ConfigError(
        f"the tenant `{act.tenant}` is registered already",
        hint="`zoneproxy tenant show` shows it; `zoneproxy tenant rotate` gives it another credential",
    )


def _rotate(orders: Orders, act: Act, one: _Known) -> Orders:
    if act.credential is None:
        return orders
    end = act.at_ms if act.until_ms is None else act.until_ms
    ends = {digest: min(one.until_ms.get(digest, end), end) for digest in one.credentials}
    kept = {name: at for name, at in ends.items() if at > act.at_ms or name in one.declared}
    return _changed(orders, one, [*kept, act.credential], kept)


def _revoke(orders: Orders, act: Act, one: _Known) -> Orders:
    if act.credential is None or act.credential not in one.credentials:
        shown = credential_id(act.credential or "")
        raise ConfigError(
            f"the tenant `{act.tenant}` has no credential `{shown}`",
            hint=f"`zoneproxy tenant show {act.tenant}` shows those that it has",
        )
    if act.credential in one.declared:  # it stands in zone.yaml for ever, so it is said to have ended
        ended = min(one.until_ms.get(act.credential, act.at_ms), act.at_ms)
        return _changed(orders, one, one.credentials, {**one.until_ms, act.credential: ended})
    left = [digest for digest in one.credentials if digest != act.credential]
    return _changed(orders, one, left, {name: end for name, end in one.until_ms.items() if name in left})


def _changed(orders: Orders, one: _Known, credentials: Sequence[str], until_ms: Mapping[str, int]) -> Orders:
    if len(credentials) > MOST_CREDENTIALS:
        raise ConfigError(
            f"the tenant `{one.id}` has {MOST_CREDENTIALS} credentials already",
            hint="revoke one: `zoneproxy tenant revoke`",
        )
    return _put(orders, replace(one, credentials=tuple(credentials), until_ms=dict(until_ms)))


def _suspend(orders: Orders, _act: Act, one: _Known) -> Orders:
    return orders if one.suspended else _put(orders, replace(one, suspended=True))


def _unsuspend(orders: Orders, act: Act, one: _Known) -> Orders:
    if not one.suspended:
        raise ConfigError(f"the tenant `{act.tenant}` is not suspended", hint="nothing is to be done")
    return _put(orders, replace(one, suspended=False))


def _remove(orders: Orders, act: Act, one: _Known) -> Orders:
    if one.is_declared:
        raise ConfigError(
            f"the tenant `{act.tenant}` is declared in zone.yaml",
            hint="suspend it, which cuts what is under way, then delete it there and reload the zone",
        )
    if not one.suspended:
        raise ConfigError(
            f"the tenant `{act.tenant}` is not suspended",
            hint=f"suspend it first, which cuts what is under way: `zoneproxy tenant suspend {act.tenant}`",
        )
    return orders.model_copy(update={"tenants": [other for other in orders.tenants if other.id != one.id]})


@dataclass(frozen=True, slots=True)
class _Known:
    """A tenant as it stands, wherever it is written."""

    id: str
    credentials: tuple[str, ...]
    until_ms: Mapping[str, int]
    suspended: bool
    is_declared: bool
    declared: frozenset[str]  # its credentials that stand in zone.yaml


def _known(orders: Orders, act: Act, declared: Mapping[str, RegisteredTenant]) -> _Known:
    name = act.tenant or ""
    entry = declared.get(name)
    written = frozenset(entry.credentials) if entry is not None else frozenset[str]()
    for one in orders.standing(() if entry is None else (entry,)):
        if one.id == name:
            held = tuple(one.registration.credentials)
            return _Known(name, held, one.until_ms, one.suspended, entry is not None, written)
    raise ConfigError(f"no tenant `{act.tenant}` is registered", hint="`zoneproxy tenant list` lists all")


def _put(orders: Orders, one: _Known) -> Orders:
    if one.is_declared:
        changed = ChangedTenant(
            id=one.id,
            credentials=[digest for digest in one.credentials if digest not in one.declared],
            until_ms=dict(one.until_ms),
            suspended=one.suspended,
        )
        others = [other for other in orders.changed if other.id != one.id]
        return orders.model_copy(update={"changed": [*others, changed]})
    update = {"suspended": one.suspended, "until_ms": dict(one.until_ms)}
    tenants = [
        other if other.id != one.id else other.model_copy(update={**update, "registration": (
            other.registration.model_copy(update={"credentials": list(one.credentials)})
        )})
        for other in orders.tenants
    ]  # fmt: skip
    return orders.model_copy(update={"tenants": tenants})


_WAYS: Mapping[str, Callable[[Orders, Act], Orders]] = {
    "stop": _stop,
    "resume": _resume,
    "reset": _reset,
    "tenant-add": _add,
}
_OF_TENANTS: Mapping[str, Callable[[Orders, Act, _Known], Orders]] = {
    "tenant-rotate": _rotate,
    "tenant-revoke": _revoke,
    "tenant-suspend": _suspend,
    "tenant-resume": _unsuspend,
    "tenant-remove": _remove,
}
