"""Settings of the scan."""

from __future__ import annotations

from zoneproxy.content.settings import ScanSettings
from zoneproxy.content.tables.networks import blocks


def test_the_built_in_networks_are_the_default():
    """An operator's own table replaces them."""
    assert ScanSettings(2, bytes(16)).networks == blocks()
    assert ScanSettings(2, bytes(16), networks=()).networks == ()
