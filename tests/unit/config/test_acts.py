"""`zoneproxy.config.acts`: what each act makes of the orders, and that the same act is done once."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.config.acts import MOST_CREDENTIALS, carry_out
from zoneproxy.config.doors import RegisteredTenant
from zoneproxy.config.orders import CLOSING, Act, Orders
from zoneproxy.terms.errors import ConfigError

HOUR_MS = 3_600_000


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def act(action: str, at_ms: int = 0, **fields: Any) -> Act:
    return Act.model_validate(
        {"id": secrets.token_hex(16), "action": action, "by": "ops", "why": "x", "at_ms": at_ms, **fields}
    )


def stop(target: str = "toyco-sg", action: str = "stop", scope: str = "tenant") -> Act:
    return act(action, scope=scope, target=target)


def added(*credentials: int) -> Orders:
    registration = RegisteredTenant(
        id="acme", market="SG", audience="overseas", credentials=[digest(one) for one in credentials]
    )
    return carry_out(Orders(), act("tenant-add", tenant="acme", registration=registration))


def credentials(orders: Orders) -> list[str]:
    one = orders.tenant("acme")
    assert one is not None
    return one.registration.credentials


def test_a_stop_holds_until_it_is_lifted() -> None:
    """Z21: one stop, one lift; a second stop of the same changes nothing."""
    held = carry_out(Orders(), stop())
    assert [(one.scope, one.target) for one in held.stops] == [("tenant", "toyco-sg")]
    assert carry_out(held, stop()) is held
    lifted = carry_out(held, stop(action="resume"))
    assert lifted.stops == []
    assert (held.revision, lifted.revision) == (1, 2)
    with pytest.raises(ConfigError, match="is not stopped"):
        carry_out(lifted, stop(action="resume"))


def test_an_act_asked_twice_is_done_once() -> None:
    """Every worker is asked: only the first one does it."""
    first = stop()
    held = carry_out(Orders(), first)
    lifted = carry_out(held, stop(action="resume"))
    assert carry_out(lifted, first) is lifted


def test_a_reset_lifts_all_stops() -> None:
    """The one way back from orders that could not be read."""
    held = carry_out(carry_out(Orders(), stop()), stop("", scope="zone"))
    assert carry_out(held, act("reset")).stops == []


def test_a_rotation_leaves_no_gap() -> None:
    """The older credential is valid until its end, the new one at once; an end never moves back."""
    orders = added(1)
    orders = carry_out(orders, act("tenant-rotate", 0, tenant="acme", credential=digest(2), until_ms=HOUR_MS))
    one = orders.tenant("acme")
    assert one is not None
    assert one.registration.credentials == [digest(1), digest(2)]
    assert one.until_ms == {digest(1): HOUR_MS}
    later = carry_out(
        orders, act("tenant-rotate", 10, tenant="acme", credential=digest(3), until_ms=5 * HOUR_MS)
    )
    one = later.tenant("acme")
    assert one is not None
    assert one.until_ms == {digest(1): HOUR_MS, digest(2): 5 * HOUR_MS}
    at_once = carry_out(later, act("tenant-rotate", 20, tenant="acme", credential=digest(4), until_ms=20))
    assert credentials(at_once) == [digest(4)]


def test_credentials_are_bounded_and_ended() -> None:
    """A tenant has at most so many; one that is revoked is gone, and one that it has not can't be."""
    orders = added(*range(MOST_CREDENTIALS))
    with pytest.raises(ConfigError, match="already"):
        carry_out(orders, act("tenant-rotate", 0, tenant="acme", credential=digest(99), until_ms=HOUR_MS))
    left = carry_out(orders, act("tenant-revoke", tenant="acme", credential=digest(3)))
    assert digest(3) not in credentials(left)
    with pytest.raises(ConfigError, match="has no credential"):
        carry_out(left, act("tenant-revoke", tenant="acme", credential=digest(3)))


def test_a_tenant_is_suspended_before_it_is_removed() -> None:
    """What is under way is cut by the suspension; a removal finds nothing."""
    orders = added(1)
    with pytest.raises(ConfigError, match="is not suspended"):
        carry_out(orders, act("tenant-remove", tenant="acme"))
    with pytest.raises(ConfigError, match="is not suspended"):
        carry_out(orders, act("tenant-resume", tenant="acme"))
    held = carry_out(orders, act("tenant-suspend", tenant="acme"))
    assert carry_out(held, act("tenant-suspend", tenant="acme")) is held
    assert carry_out(held, act("tenant-resume", tenant="acme")).tenants[0].suspended is False
    assert carry_out(held, act("tenant-remove", tenant="acme")).tenants == []


@pytest.mark.parametrize("action", ["tenant-suspend", "tenant-resume", "tenant-remove"])
def test_nobody_unknown_can_be_changed(action: str) -> None:
    """A mistyped name changes nothing."""
    with pytest.raises(ConfigError, match="no tenant `toyco-sg` is registered"):
        carry_out(Orders(), act(action, tenant="toyco-sg"))


DECLARED = RegisteredTenant(
    id="toyco-sg", market="SG", audience="overseas", credentials=[digest(1), digest(2)]
)


def change(orders: Orders, action: str, at_ms: int = 0, **fields: Any) -> Orders:
    return carry_out(orders, act(action, at_ms, tenant="toyco-sg", **fields), [DECLARED])


def ends(orders: Orders) -> dict[str, int | None]:
    (one,) = orders.standing([DECLARED])
    return {digest: one.until_ms.get(digest) for digest in one.registration.credentials}


def test_a_declared_tenants_credential_is_rotated_without_a_gap() -> None:
    """Z4: the new one holds at once, those of zone.yaml for their time, and an end never moves away."""
    first = change(Orders(), "tenant-rotate", credential=digest(3), until_ms=HOUR_MS)
    assert ends(first) == {digest(1): HOUR_MS, digest(2): HOUR_MS, digest(3): None}
    second = change(first, "tenant-rotate", 10, credential=digest(4), until_ms=2 * HOUR_MS)
    assert ends(second) == {
        digest(1): HOUR_MS, digest(2): HOUR_MS, digest(3): 2 * HOUR_MS, digest(4): None,
    }  # fmt: skip
    at_once = change(second, "tenant-rotate", 20, credential=digest(5), until_ms=20)
    assert ends(at_once) == {digest(1): 20, digest(2): 20, digest(5): None}


def test_a_declared_credential_is_revoked_though_zone_yaml_names_it() -> None:
    """Z21: what stands in the file can't be taken out of it, so it has ended."""
    held = change(Orders(), "tenant-rotate", credential=digest(3), until_ms=HOUR_MS)
    revoked = change(change(held, "tenant-revoke", 7, credential=digest(1)), "tenant-revoke", 8,
                     credential=digest(3))  # fmt: skip
    assert ends(revoked) == {digest(1): 7, digest(2): HOUR_MS}
    assert ends(change(revoked, "tenant-revoke", 9, credential=digest(1)))[digest(1)] == 7
    with pytest.raises(ConfigError, match="has no credential"):
        change(revoked, "tenant-revoke", credential=digest(3))


def test_a_declared_tenant_is_suspended_and_resumed_and_stays_declared() -> None:
    """Z21: it is suspended whatever zone.yaml says, and only zone.yaml forgets it."""
    held = change(Orders(), "tenant-suspend")
    assert held.suspended() == ["toyco-sg"]
    assert change(held, "tenant-suspend") is held
    with pytest.raises(ConfigError, match=r"declared in zone\.yaml"):
        change(held, "tenant-remove")
    lifted = change(held, "tenant-resume")
    assert lifted.suspended() == []
    with pytest.raises(ConfigError, match="not suspended"):
        change(lifted, "tenant-resume")
    with pytest.raises(ConfigError, match="registered already"):
        change(Orders(), "tenant-add", registration=DECLARED)


def test_what_was_changed_of_a_declared_tenant_is_not_inherited() -> None:
    """A tenant that is added under a name that zone.yaml gave up is another one."""
    held = change(Orders(), "tenant-suspend")
    fresh = carry_out(held, act("tenant-add", tenant="toyco-sg", registration=DECLARED))
    assert fresh.suspended() == []
    assert fresh.changed == []


def test_a_name_is_registered_once() -> None:
    """Two registrations of one name contradict each other."""
    with pytest.raises(ConfigError, match="registered already"):
        carry_out(added(1), act("tenant-add", tenant="acme", registration=added(2).tenants[0].registration))


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["stop", "resume", "reset", "tenant-suspend", "tenant-resume", "tenant-remove"]),
        st.sampled_from(["acme", "toyco-sg"]),
    ),
    max_size=30,
)


@given(ACTS)
def test_what_shuts_never_lifts(acts: list[tuple[str, str]]) -> None:
    """Z21: an act that is held before its record can only stop more, never less."""
    orders = added(1)
    for action, name in acts:
        if action.startswith("tenant-"):
            one = act(action, tenant=name)
        elif action == "reset":
            one = act(action)
        else:
            one = stop(name, action)
        before = orders
        try:
            orders = carry_out(orders, one)
        except ConfigError:
            assert orders is before
            continue
        assert orders.revision >= before.revision
        assert (orders.revision == before.revision) is (orders is before)
        if one.action in CLOSING:
            assert set(map(str, before.stops)) <= set(map(str, orders.stops))
            served = {t.id for t in before.tenants if not t.suspended}
            assert {t.id for t in orders.tenants if not t.suspended} <= served
