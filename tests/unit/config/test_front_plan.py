"""`zoneproxy.config.front_plan`: the boundary always gives up first, but on silent connections."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.front_zone import FRONT, zone_yaml
from zoneproxy.config import parse
from zoneproxy.config.front_plan import (
    ERRORS,
    STRIPPED,
    heading,
    insist_on_fronts,
    plan,
    refusal,
    shown,
)
from zoneproxy.origin.forged import is_ours
from zoneproxy.terms.errors import ConfigError


@given(idle=st.floats(2, 600), answer=st.floats(1, 3600), hook=st.floats(1, 60), whole=st.floats(1, 86_400))
def test_the_front_waits_longer_than_the_boundary(
    idle: float, answer: float, hook: float, whole: float
) -> None:
    """Whatever the limits: the front's deadlines come after the boundary's, its idle time-out before."""
    limits = (
        f"\nlimits: {{idle_timeout_s: {idle}, answer_timeout_s: {answer}, hook_deadline_s: {hook}, "
        f"exchange_timeout_s: {whole}, header_timeout_s: 7.2}}\n"
    )
    planned = plan(parse(zone_yaml(front=FRONT + limits).encode(), "zone.yaml"))
    assert planned.answer_s > answer + 2 * hook
    assert planned.exchange_s > whole
    assert 1 <= planned.idle_s < idle
    assert planned.head_s == 8


@given(idle=st.floats(1, 3600), whole=st.floats(1, 86_400), hook=st.floats(1, 60))
def test_the_front_waits_longer_than_a_session_may_last(idle: float, whole: float, hook: float) -> None:
    """Z13: it is the boundary that ends a session, silent or not, also while the front is made anew."""
    more = f"\nlimits: {{hook_deadline_s: {hook}}}\nrealtime: {{idle_timeout_s: {idle}, "
    more += f"session_timeout_s: {whole}}}\n"
    planned = plan(parse(zone_yaml(front=FRONT + more).encode(), "zone.yaml"))
    for door in planned.doors:
        assert door.sessions is not None
        assert door.sessions.silent_s > min(idle, whole) + 2 * hook
        assert door.sessions.whole_s > whole + 2 * hook
        assert planned.silent_s(door) >= max(door.sessions.silent_s, planned.answer_s)
        assert planned.longest_s >= max(door.sessions.whole_s, planned.exchange_s)


def test_sessions_are_planned_where_they_are_open() -> None:
    """Z4, Z22: at the paths that the boundary knows; nowhere without `realtime`."""
    closed = plan(parse(zone_yaml().encode(), "zone.yaml"))
    assert [door.sessions for door in closed.doors] == [None, None]
    assert closed.longest_s == closed.exchange_s
    opened = plan(parse(zone_yaml(front=FRONT + "\nrealtime: {}\n").encode(), "zone.yaml"))
    assert [door.sessions.paths for door in opened.doors if door.sessions] == [("/v1/realtime",)] * 2


def test_the_plan_knows_the_doors() -> None:
    """Where each door is, what it hears, and who ends TLS."""
    sg, my = plan(parse(zone_yaml().encode(), "zone.yaml")).doors
    assert (sg.host, sg.port, sg.proxied, sg.passes) == ("127.0.10.1", 8443, True, False)
    assert sg.listen == (("203.0.113.7", 443), ("2001:db8::7", 443))
    assert (my.passes, my.listen) == (True, (("203.0.113.8", 443),))


def test_a_zone_without_a_front_has_no_plan() -> None:
    """The operator is told what to write."""
    with pytest.raises(ConfigError, match="has no `front`"):
        plan(parse(zone_yaml(front="").encode(), "zone.yaml"))


def test_a_door_that_hears_no_front_is_refused() -> None:
    """Z1: behind such a door every caller would have the front's address."""
    planned = plan(parse(zone_yaml(fronts=False).encode(), "zone.yaml"))
    with pytest.raises(ConfigError, match="the door of `cable-sg-1` hears no front"):
        insist_on_fronts(planned, "HAProxy")


def test_certificates_that_a_front_cannot_pass_on_are_told() -> None:
    """A tenant with a registered certificate needs a door that ends TLS itself."""
    text = zone_yaml().replace("    market: SG\n", "    market: SG\n    certificates: ['dn:CN=toyco-sg']\n")
    planned = plan(parse(text.encode(), "zone.yaml"))
    assert planned.notes
    assert "toyco-sg" in planned.notes[0]
    assert "# NOTE toyco-sg" in heading(planned, "nginx", "check it")


def test_the_boundary_s_own_headers_are_left_to_it() -> None:
    """Z2: a false tag must reach the boundary, which strips it and records who sent it."""
    assert not any(is_ours(name) for name in STRIPPED)
    assert list(STRIPPED) == sorted(set(STRIPPED))


@pytest.mark.parametrize("code", ERRORS)
def test_refusals_are_what_sdks_read(code: int) -> None:
    """JSON with a code of its own, and no sign that a configuration's quotes could end at."""
    text = refusal(code)
    assert json.loads(text)["error"]["code"] == f"front-{code}"
    assert "'" not in text
    assert "$" not in text
    assert "%" not in text


def test_addresses_are_shown_with_brackets() -> None:
    """IPv6 needs them."""
    assert (shown("::1", 443), shown("127.0.0.1", 443)) == ("[::1]:443", "127.0.0.1:443")
