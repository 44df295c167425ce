"""Maintenance lanes: the one narrow way in from the domestic side, closed until the rules open it by name.

A lane is one method and one whole path at one domestic door, for callers that prove themselves by a
credential and an address; it leads to one server of the zone. It is one-way: the caller learns that the
server took what was sent, and not one byte of what it answered.

    declared   PUT /maintenance/patches at inland-1, from 127.0.20.0/28, to the server `patches`
    the call                                          is
    PUT /maintenance/patches, with the credential     by the lane
    PUT /maintenance/patches/1, GET, another door     a domestic caller's request, and refused as that
    the same with another credential, or from elsewhere   the same

Trust: door and address come from the kernel; the credential proves itself or does not. That a lane is
declared opens nothing: every layer of the rules must order `open_lane` with its name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoneproxy.terms.networks import Address, Prefix

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class MaintenanceLane:
    """One declared lane.

    Attributes:
        name: what the rules open it by.
        route: the domestic door that it begins at.
        method, path: of its requests, compared whole.
        server: id of the zone's server that it leads to.
        credentials: SHA-256 of the credentials that prove its callers, 32 bytes each.
        networks: where its callers call from.
        max_body_bytes: largest body.
    """

    name: str
    route: str
    method: str
    path: str
    server: str
    credentials: tuple[bytes, ...]
    networks: tuple[Prefix, ...]
    max_body_bytes: int

    def proves(self, address: Address | None, headers: Sequence[tuple[str, str]]) -> bool:
        """Tell whether a caller proves himself: one bearer credential of the lane, from one of its networks.

        Args:
            address: the peer's, from `read_address`.
            headers: names in lower case and values, as received.
        """
        if address is None or not any(address in network for network in self.networks):
            return False
        given = [value for name, value in headers if name == "authorization"]
        if len(given) != 1 or given[0][: len(_SCHEME)].lower() != _SCHEME:
            return False
        digest = hashlib.sha256(given[0][len(_SCHEME) :].strip().encode("utf-8", "surrogatepass")).digest()
        return any([hmac.compare_digest(digest, known) for known in self.credentials])  # noqa: C419 - looks at all


class LaneTable:
    """The declared lanes, built once, never changed.

    Raises:
        ValueError: two lanes share a name, or what they are known by.
    """

    def __init__(self, lanes: Iterable[MaintenanceLane] = ()) -> None:
        self._lanes: dict[tuple[str, str, str], MaintenanceLane] = {}
        names = set[str]()
        for lane in lanes:
            key = (lane.route, lane.method, lane.path)
            if lane.name in names or key in self._lanes:
                raise ValueError(f"the maintenance lane `{lane.name}` stands twice")
            names.add(lane.name)
            self._lanes[key] = lane

    def find(self, route: str, method: str, path: str) -> MaintenanceLane | None:
        """Return the lane of a request, or `None`."""
        return self._lanes.get((route, method, path))
