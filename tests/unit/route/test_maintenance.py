"""`zoneproxy.route.maintenance`: which lane a request comes by, and whether its caller is one of it (Z7)."""

from __future__ import annotations

import hashlib

import pytest

from zoneproxy.route.maintenance import LaneTable, MaintenanceLane
from zoneproxy.terms.networks import read_address, read_prefix

SECRET = "zp-maintenance-credential"
LANE = MaintenanceLane(
    "patches",
    "inland-1",
    "PUT",
    "/maintenance/patches",
    "llm",
    (bytes(32), hashlib.sha256(SECRET.encode()).digest()),
    (read_prefix("127.0.20.0/28"),),
    1024,
)


@pytest.mark.parametrize(
    ("peer", "fields", "told"),
    [
        ("127.0.20.5", (("authorization", f"Bearer {SECRET}"),), True),
        ("::ffff:127.0.20.5", (("authorization", f"bearer {SECRET}"),), True),
        ("127.0.20.55", (("authorization", f"Bearer {SECRET}"),), False),
        ("127.0.10.5", (("authorization", f"Bearer {SECRET}"),), False),
        ("no address", (("authorization", f"Bearer {SECRET}"),), False),
        ("127.0.20.5", (), False),
        ("127.0.20.5", (("authorization", "Bearer other"),), False),
        ("127.0.20.5", (("authorization", f"Basic {SECRET}"),), False),
        ("127.0.20.5", (("x-api-key", SECRET),), False),
        ("127.0.20.5", (("authorization", f"Bearer {SECRET}"), ("authorization", f"Bearer {SECRET}")), False),
    ],
)
def test_a_caller_proves_himself_by_credential_and_address(
    *, peer: str, fields: tuple[tuple[str, str], ...], told: bool
) -> None:
    """Z7: both, once, or he is a domestic caller like any other."""
    assert LANE.proves(read_address(peer), fields) is told


@pytest.mark.parametrize(
    ("route", "method", "path", "found"),
    [
        ("inland-1", "PUT", "/maintenance/patches", True),
        ("inland-1", "POST", "/maintenance/patches", False),
        ("inland-1", "PUT", "/maintenance/patches/", False),
        ("inland-1", "PUT", "/maintenance", False),
        ("cable-sg-1", "PUT", "/maintenance/patches", False),
    ],
)
def test_a_lane_is_one_door_one_method_one_path(*, route: str, method: str, path: str, found: bool) -> None:
    """Z7: whatever differs in one of them is no maintenance."""
    assert (LaneTable([LANE]).find(route, method, path) is LANE) is found


def test_a_lane_stands_once() -> None:
    """Two of one name, or of one place, are the operator's mistake."""
    with pytest.raises(ValueError, match="stands twice"):
        LaneTable([LANE, LANE])
