"""The operator's own tables of addresses and hosts, for the detectors that look for them in contents.

Where delegation lists are configured, the networks that they give to the home countries take the place of
those that the package knows; they are the very files whose names, dates and digests stand in the log's
`config` records. Where a list has none (another region's registry), what the package knows stays.
"""

from __future__ import annotations

from dataclasses import replace

from zoneproxy.content.scan import ScanSettings
from zoneproxy.origin.places import Places


def with_places(scan: ScanSettings, places: Places | None) -> ScanSettings:
    """Return the settings with the networks that the operator's lists call domestic."""
    if places is None or places.delegations is None:
        return scan
    four = places.delegations.held_in("ipv4", places.home)
    six = places.delegations.held_in("ipv6", places.home)
    return replace(scan, networks=four or scan.networks, networks6=six or scan.networks6)
