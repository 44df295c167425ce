"""What policies order of the zone itself: an order that the zone can't keep is told before it is in force.

    tag         every request bears a signed tag inside the zone: zone.yaml must have the part `tag`
    canary      answers bear canaries: zone.yaml must have the part `flowback`
    open_lane   a maintenance lane is open: zone.yaml must declare one of that name
    retain      records are kept for so long: zone.yaml must not erase them, or their private parts, sooner
    retention   the same, said of the policy as a whole
    legal_hold  nothing is erased: zone.yaml must hold everything too
    detectors   contents are looked at up to that level: zone.yaml must not look less closely

What decisions order of single exchanges (`log`, `meter`, `local_deployment`, `alarm`) needs nothing of the
configuration: the passage and its driver do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoneproxy.config import Config
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.bundle_flaws import Flaw
from zoneproxy.policy.moment import duration_s

_DAY_S = 86_400


def unkept(policies: Sequence[Policy], config: Config) -> list[Flaw]:
    """Tell what policies order that a zone of this configuration would not do; empty where it does all."""
    return [flaw for policy in policies for flaw in _unkept(policy, config)]


def _unkept(policy: Policy, config: Config) -> Iterator[Flaw]:
    tagging = next((rule for rule in policy.rules if "tag" in rule.obligations), None)
    if tagging is not None and config.tag is None:
        yield Flaw(
            "ZB11",
            policy.file,
            f"`{tagging.id}` orders that requests are tagged, and zone.yaml has no key to sign tags with",
            "add the part `tag` to zone.yaml, or take the order out of the rule",
        )
    planting = next((rule for rule in policy.rules if "canary" in rule.obligations), None)
    if planting is not None and config.flowback is None:
        yield Flaw(
            "ZB11",
            policy.file,
            f"`{planting.id}` orders canaries, and zone.yaml has no key to make them with",
            "add the part `flowback` to zone.yaml, or take the order out of the rule",
        )
    lanes = {lane.name for lane in config.maintenance}
    for rule in policy.rules:
        name = rule.obligations.get("open_lane")
        if name is not None and name not in lanes:
            yield Flaw(
                "ZB11",
                policy.file,
                f"`{rule.id}` opens the maintenance lane `{name}`, which zone.yaml does not declare",
                "declare it under `maintenance` in zone.yaml, or take the order out of the rule",
            )
    kept_days = min(config.privacy.retention.record, config.privacy.retention.entries)
    for what, duration in _durations(policy):
        if duration_s(duration) > kept_days * _DAY_S:
            yield Flaw(
                "ZB11",
                policy.file,
                f"{what} orders records to be kept {duration}; zone.yaml erases them after {kept_days} days",
                "write more days for `record` and `entries` in `privacy.retention` of zone.yaml",
            )
    kept = policy.document.retention
    if kept is not None and kept.legal_hold and not config.privacy.retention.legal_hold:
        yield Flaw(
            "ZB11",
            policy.file,
            "`retention.legal_hold` orders that nothing is erased, and zone.yaml erases what is old",
            "write `legal_hold: true` in `privacy.retention` of zone.yaml",
        )
    level = policy.document.detectors.level
    if policy.document.detectors.entries and level > config.scan.level:
        yield Flaw(
            "ZB11",
            policy.file,
            f"it asks for detectors up to level {level}, and zone.yaml looks up to level {config.scan.level}",
            "write the higher level in `scan.level` of zone.yaml",
        )


def _durations(policy: Policy) -> Iterator[tuple[str, str]]:
    for rule in policy.rules:
        if "retain" in rule.obligations:
            yield f"`{rule.id}`", rule.obligations["retain"]
    if policy.document.retention is not None:
        yield "`retention.records`", policy.document.retention.records
