"""Carrying out an act: the orders that hold become those that hold afterwards, or a mistake is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zoneproxy.config.orders import MOST_DONE, Act, AddedTenant, Orders, StopOrder, credential_id
from zoneproxy.terms.errors import ConfigError

MOST_CREDENTIALS = 16


def carry_out(orders: Orders, act: Act) -> Orders:
    """Return the orders that hold after an act; the same object where it changes nothing.

    Raises:
        ConfigError: it can't be done; nothing changed.
    """
    if act.id in orders.done:
        return orders
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
        raise ConfigError(
            f"the tenant `{act.tenant}` is registered already",
            hint="`zoneproxy tenant show` shows it; `zoneproxy tenant rotate` gives it another credential",
        )
    added = AddedTenant(registration=act.registration)
    return orders.model_copy(update={"tenants": [*orders.tenants, added]})


def _rotate(orders: Orders, act: Act) -> Orders:
    one = _known(orders, act)
    if act.credential is None:
        return orders
    end = act.at_ms if act.until_ms is None else act.until_ms
    kept = {
        digest: min(one.until_ms.get(digest, end), end)
        for digest in one.registration.credentials
        if min(one.until_ms.get(digest, end), end) > act.at_ms
    }
    return _changed(orders, one, [*kept, act.credential], kept)


def _revoke(orders: Orders, act: Act) -> Orders:
    one = _known(orders, act)
    if act.credential is None or act.credential not in one.registration.credentials:
        shown = credential_id(act.credential or "")
        raise ConfigError(
            f"the tenant `{act.tenant}` has no credential `{shown}`",
            hint=f"`zoneproxy tenant show {act.tenant}` shows those that it has",
        )
    left = [digest for digest in one.registration.credentials if digest != act.credential]
    return _changed(orders, one, left, {name: end for name, end in one.until_ms.items() if name in left})


def _changed(orders: Orders, one: AddedTenant, credentials: list[str], until_ms: Mapping[str, int]) -> Orders:
    if len(credentials) > MOST_CREDENTIALS:
        raise ConfigError(
            f"the tenant `{one.id}` has {MOST_CREDENTIALS} credentials already",
            hint="revoke one: `zoneproxy tenant revoke`",
        )
    registration = one.registration.model_copy(update={"credentials": credentials})
    return _put(orders, one.model_copy(update={"registration": registration, "until_ms": dict(until_ms)}))


def _suspend(orders: Orders, act: Act) -> Orders:
    one = _known(orders, act)
    return orders if one.suspended else _put(orders, one.model_copy(update={"suspended": True}))


def _unsuspend(orders: Orders, act: Act) -> Orders:
    one = _known(orders, act)
    if not one.suspended:
        raise ConfigError(f"the tenant `{act.tenant}` is not suspended", hint="nothing is to be done")
    return _put(orders, one.model_copy(update={"suspended": False}))


def _remove(orders: Orders, act: Act) -> Orders:
    one = _known(orders, act)
    if not one.suspended:
        raise ConfigError(
            f"the tenant `{act.tenant}` is not suspended",
            hint=f"suspend it first, which cuts what is under way: `zoneproxy tenant suspend {act.tenant}`",
        )
    return orders.model_copy(update={"tenants": [other for other in orders.tenants if other.id != one.id]})


def _put(orders: Orders, one: AddedTenant) -> Orders:
    tenants = [one if other.id == one.id else other for other in orders.tenants]
    return orders.model_copy(update={"tenants": tenants})


def _known(orders: Orders, act: Act) -> AddedTenant:
    one = orders.tenant(act.tenant or "")
    if one is None:
        raise ConfigError(
            f"no tenant `{act.tenant}` was added to this zone",
            hint="one that zone.yaml declares changes there; `zoneproxy stop tenant` stops it at once",
        )
    return one


_WAYS: Mapping[str, Callable[[Orders, Act], Orders]] = {
    "stop": _stop,
    "resume": _resume,
    "reset": _reset,
    "tenant-add": _add,
    "tenant-rotate": _rotate,
    "tenant-revoke": _revoke,
    "tenant-suspend": _suspend,
    "tenant-resume": _unsuspend,
    "tenant-remove": _remove,
}
