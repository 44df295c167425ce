"""`zoneproxy.config.front_haproxy`: what holds for HAProxy alone (the rest: `test_fronts.py`)."""

from __future__ import annotations

import pytest

from tests.support.front_zone import FRONT, zone_yaml
from zoneproxy.config import parse
from zoneproxy.config.front_haproxy import haproxy
from zoneproxy.config.front_plan import plan
from zoneproxy.terms.errors import ConfigError


def test_a_key_that_haproxy_would_not_find_is_told() -> None:
    """It looks beside the certificate, by the certificate's name."""
    text = zone_yaml(front=FRONT.replace("sg.pem.key", "sg.key"))
    with pytest.raises(ConfigError, match=r"looks for the key of `/etc/front/sg.pem`"):
        haproxy(plan(parse(text.encode(), "zone.yaml")))
