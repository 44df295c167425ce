"""The pilot's policy, changed so that what is found goes masked instead of being refused."""

from __future__ import annotations

import functools
import re

from tests.support.zone_world import ROOT
from zoneproxy.policy.bundle import Policy, load

_DROPPED = re.compile(
    r"^  - \{id: (?:PRO-010|PRO-011|PRO-012|PRO-501|PRO-502|RET-031|RET-032|RET-033|RET-503|RET-505"
    r"|INV-003|INV-010),.*\n",
    re.MULTILINE,
)


@functools.cache
def masking_texts() -> tuple[str, ...]:
    """Write both layers: whatever can be masked is allowed, and goes masked."""
    made = []
    for name in ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml"):
        text = _DROPPED.sub("", (ROOT / "policies" / name).read_text("utf-8"))
        for side in ("data", "response"):
            text = text.replace(f"{side}.mixing: clean", f"{side}.maskable: true")
            text = text.replace(f"{side}.mixing: {{not: clean}}", f"{side}.maskable: {{not: true}}")
        text = text.replace("{meter: tokens}", "{meter: tokens, mask: findings}")
        text = text.replace("{retain: P3Y}", "{retain: P3Y, mask: findings}")
        made.append(text)
    return tuple(made)


@functools.cache
def masking() -> tuple[Policy, ...]:
    """Return both layers, ready to decide with."""
    return tuple(
        load(text.encode(), f"shantou-pilot.{layer}.yaml")
        for layer, text in zip(("regulator", "operator"), masking_texts(), strict=True)
    )
