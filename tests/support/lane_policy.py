"""Two layers of rules that open maintenance lanes by name, and nothing else."""

from __future__ import annotations

from tests.support.small_policy import small
from zoneproxy.policy.bundle import Policy
from zoneproxy.route.maintenance import LaneTable, MaintenanceLane
from zoneproxy.terms.networks import read_prefix

SECRET = "zp-maintenance-credential"
PATH = "/maintenance/patches"


def layer(name: str, order: str = "patches") -> Policy:
    """Return one layer that allows all maintenance, and opens the lane `order`, or none."""
    obligations = f", obligations: {{open_lane: {order}}}" if order else ""
    rules = "".join(
        f"  - {{id: {prefix}-900, phase: {phase}, effect: allow, when: {{exchange.kind: maintenance}}, "
        f"reason: maintenance_opened{obligations}}}\n"
        for prefix, phase in (("COL", "collect"), ("PRO", "process"))
    )
    return small("rules:\n" + rules, layer=name)


def opening(regulator: str = "patches", operator: str = "patches") -> tuple[Policy, ...]:
    """Return both layers, each opening the lane of that name; empty opens none."""
    return layer("regulator", regulator), layer("operator", operator)


def lanes(digest: bytes) -> LaneTable:
    """Return the lane `patches`, from 127.0.20.0/28 at `inland-1` to the server `llm`."""
    return LaneTable(
        [
            MaintenanceLane(
                "patches", "inland-1", "PUT", PATH, "llm", (digest,), (read_prefix("127.0.20.0/28"),), 1024
            )
        ]
    )
