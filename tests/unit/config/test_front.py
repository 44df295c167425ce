"""`zoneproxy.config.front`: what stands in front of the doors makes sense, or every mistake is told."""

from __future__ import annotations

import pytest

from tests.support.front_zone import FRONT, zone_yaml
from zoneproxy.config import parse
from zoneproxy.terms.errors import ConfigError


def mistakes(*pairs: tuple[str, str]) -> str:
    front = FRONT
    for old, new in pairs:
        assert old in front, old
        front = front.replace(old, new, 1)
    with pytest.raises(ConfigError) as caught:
        parse(zone_yaml(front=front).encode(), "zone.yaml")
    return caught.value.message


def test_a_front_is_read() -> None:
    """Doors, names and bounds stand in the configuration; without a front there is none."""
    front = parse(zone_yaml().encode(), "zone.yaml").front
    assert front is not None
    assert [door.route for door in front.doors] == ["cable-sg-1", "cable-my-1"]
    assert front.doors[0].min_version == "1.3"
    assert parse(zone_yaml(front="").encode(), "zone.yaml").front is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("route: cable-sg-1", "route: cable-sg-9", "there is no route `cable-sg-9`"),
        ("route: cable-my-1", "route: cable-sg-1", "`cable-sg-1` stands twice"),
        ("route: cable-my-1", "route: zone-out-1", "the zone's outward door stands behind no front"),
        ("names: [sg.zone.example],", "", "the front ends TLS here and has no `names`"),
        ("key: /etc/front/sg.pem.key, ", "", "the front ends TLS here and has no `key`"),
        ("client_ca: /etc/front/clients.pem, ", "", "a revocation list needs a `client_ca`"),
        ('["203.0.113.8:443"]', '["203.0.113.7:443"]', "`203.0.113.7:443` is taken"),
        ('["203.0.113.8:443"]', '["127.0.10.1:8443"]', "`127.0.10.1:8443` is taken: `cable-sg-1`"),
        ('["203.0.113.8:443"]', '["door.example:443"]', "a front listens on an address, not on a name"),
        ('["203.0.113.8:443"]', '["nonsense"]', "nonsense"),
        ('["203.0.113.8:443"]', '["203.0.113.8:443"], names: [x.example]', "`names` has no use"),
    ],
)
def test_contradictions_are_told(old: str, new: str, told: str) -> None:
    """Each contradiction has its place and its words."""
    assert told in mistakes((old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/etc/front/sg.pem,", '"/etc/front/a b.pem",'),
        ("/etc/front/sg.pem,", '"/etc/front/a;b.pem",'),
        ("/etc/front/sg.pem,", "front/sg.pem,"),
        ("sg.zone.example", '"sg.zone.example; } http {"'),
        ("sg.zone.example", '"*.zone.example"'),
        ("sg.zone.example", '"SG.zone.example"'),
    ],
)
def test_nothing_can_end_a_word_of_the_front_s_text(old: str, new: str) -> None:
    """Paths and names are of characters that no product reads as its own grammar."""
    assert "front" in mistakes((old, new))
