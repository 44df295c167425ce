"""`zoneproxy.adapters.shipped`: the policies that come with the program."""

from __future__ import annotations

import pytest

from zoneproxy.adapters.shipped import shipped_policy
from zoneproxy.cli.init import POLICIES
from zoneproxy.policy.bundle import check_layers, load
from zoneproxy.terms.errors import ConfigError


def test_what_a_new_zone_gets_is_there_and_whole() -> None:
    """The shipped policies load without a problem and make both layers."""
    check_layers([load(shipped_policy(name), name) for name in POLICIES])


def test_a_policy_that_is_not_shipped() -> None:
    """A missing one is the installation's fault, and told so."""
    with pytest.raises(ConfigError, match=r"the shipped policy `none\.yaml` is missing") as caught:
        shipped_policy("none.yaml")
    assert caught.value.hint == "install zoneproxy again"
