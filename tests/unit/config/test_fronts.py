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
each = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.golden.partition(".")[0])


@each
def test_the_text_is_the_golden_one(product: Product) -> None:
    """The same zone.yaml gives the same bytes; who changes them sees the difference here."""
    golden = Path(__file__).with_name("front") / product.golden
    assert product.made(zone_yaml(fronts=product.fronted)) == golden.read_text("utf-8")


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
