"""`zoneproxy.config.front_envoy`, `front_haproxy`, `front_nginx`: the whole text, held by a golden file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.front_zone import FRONT, zone_yaml
from zoneproxy.config import parse
from zoneproxy.config.front_envoy import envoy
from zoneproxy.config.front_haproxy import haproxy
from zoneproxy.config.front_nginx import nginx
from zoneproxy.config.front_plan import FrontPlan, plan
from zoneproxy.terms.errors import ConfigError


class Product(NamedTuple):
    """A front: what writes its text, its golden file, and which kind of doors it stands before."""

    write: Callable[[FrontPlan], str]
    golden: str
    fronted: bool

    def made(self, text: str) -> str:
        return self.write(plan(parse(text.encode(), "zone.yaml")))


PRODUCTS = (
    Product(envoy, "envoy.yaml", fronted=True),
    Product(haproxy, "haproxy.cfg", fronted=True),
    Product(nginx, "nginx.conf", fronted=False),
)
SESSIONS = "\nrealtime: {idle_timeout_s: 1234.0, session_timeout_s: 5678.0}\n"
OPENING = {"envoy.yaml": "upgrade_type", "haproxy.cfg": "timeout tunnel", "nginx.conf": "$upgrade_sent"}
each = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.golden.partition(".")[0])


@each
def test_the_text_is_the_golden_one(product: Product) -> None:
    """The same zone.yaml gives the same bytes; who changes them sees the difference here."""
    golden = Path(__file__).with_name("front") / product.golden
    assert product.made(zone_yaml(fronts=product.fronted)) == golden.read_text("utf-8")


@each
def test_the_text_with_sessions_is_the_golden_one(product: Product) -> None:
    """Z4: what `realtime` in zone.yaml opens, and nothing else, is what the front lets pass."""
    golden = Path(__file__).with_name("front") / f"sessions.{product.golden}"
    text = zone_yaml(fronts=product.fronted, front=FRONT + SESSIONS)
    assert product.made(text) == golden.read_text("utf-8")


@each
def test_without_sessions_no_upgrade_passes(product: Product) -> None:
    """Z22: where nothing opens them, none of the words is there by which a product lets one pass."""
    closed = product.made(zone_yaml(fronts=product.fronted))
    opened = product.made(zone_yaml(fronts=product.fronted, front=FRONT + SESSIONS))
    for word in ("/v1/realtime", OPENING[product.golden]):
        assert word in opened
        assert word not in closed


@each
def test_a_domestic_door_passes_no_session(product: Product) -> None:
    """Z7: sessions are overseas customers'; at a domestic door there is no upgrade."""
    front = FRONT.partition("    - {route: cable-my-1")[0]
    text = zone_yaml(fronts=product.fronted, front=front + SESSIONS)
    assert OPENING[product.golden] in product.made(text)
    config = parse(text.encode(), "zone.yaml")
    config.routes[0] = config.routes[0].model_copy(update={"side": "domestic"})
    assert OPENING[product.golden] not in product.write(plan(config))


@each
def test_numbers_follow_the_limits(product: Product) -> None:
    """Limits that change in zone.yaml change in the front."""
    limits = "\nlimits: {max_body_bytes: 7654321, answer_timeout_s: 4321.0}\n"
    text = product.made(zone_yaml(fronts=product.fronted, front=FRONT + limits))
    assert "7654321" in text
    assert "4386s" in text
    assert "8388608" not in text


@each
def test_a_door_of_the_other_kind_is_refused(product: Product) -> None:
    """Z1: a front that could not tell who calls is not made."""
    with pytest.raises(ConfigError) as caught:
        product.made(zone_yaml(fronts=not product.fronted))
    assert "cable-sg-1" in caught.value.message
    assert caught.value.hint
