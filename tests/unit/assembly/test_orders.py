"""Orders that a zone could not keep are told before they are in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.small_policy import RULES, small
from zoneproxy.assembly import assemble
from zoneproxy.assembly.orders import unkept
from zoneproxy.cli.main import main
from zoneproxy.config import Config, parse
from zoneproxy.policy.bundle import Policy
from zoneproxy.terms.errors import ConfigError

DETECTOR = (
    "detectors: {level: 3, list: [{id: d, kind: cn_mobile, applies_to: [request_body], "
    "category: cn_personal_info, score: 1, level: 1}]}\n"
)


def ordering(orders: str) -> Policy:
    return small(RULES.replace("reason:", f"obligations: {orders}, reason:"))


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders") / "zone"
    assert main(["init", str(folder)]) == 0
    return folder


def config(zone: Path) -> Config:
    return parse((zone / "zone.yaml").read_bytes(), "zone.yaml")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (ordering("{retain: P4Y}"), "`COL-900` orders records to be kept P4Y"),
        (small("retention: {records: P4Y}\n" + RULES), "`retention.records` orders"),
        (small("retention: {records: P1Y, legal_hold: true}\n" + RULES), "`retention.legal_hold` orders"),
        (small(DETECTOR + RULES), "detectors up to level 3"),
    ],
)
def test_an_order_that_can_not_be_kept(zone: Path, policy: Policy, message: str) -> None:
    """Each is named with what zone.yaml would have to say (Z22)."""
    flaws = unkept([policy], config(zone))
    assert [message in flaw.message for flaw in flaws] == [True]
    assert flaws[0].hint


def test_a_tag_needs_a_key(zone: Path) -> None:
    """Z2: a rule that orders tags can't be in force where nothing signs them."""
    without = config(zone).model_copy(update={"tag": None})
    flaws = unkept([ordering("{tag: overseas}")], without)
    assert "`COL-900` orders that requests are tagged" in flaws[0].message


def test_the_pilot_can_be_kept(zone: Path) -> None:
    """What `init` makes fits the policies that it writes."""
    policies = [ordering("{tag: overseas, log: full_headers, meter: tokens, retain: P3Y}")]
    assert unkept(policies, config(zone)) == []


def test_such_a_zone_does_not_start(tmp_path: Path) -> None:
    """The refusal comes before the log is opened."""
    folder = tmp_path / "zone"
    assert main(["init", str(folder)]) == 0
    path = folder / "policies/shantou-pilot.operator.yaml"
    path.write_text(path.read_text("utf-8").replace("{retain: P3Y}", "{retain: P9Y}"), "utf-8")
    with pytest.raises(ConfigError, match="`RET-900` orders records to be kept P9Y"):
        assemble(folder / "zone.yaml", assurance="production")
