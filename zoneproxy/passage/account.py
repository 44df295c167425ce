"""On whose account a refusal is recorded: that of somebody who proved a name, or of a stranger.

Whoever shows a tenant's credential and whose origin does not stand is a stranger all the same: a credential
that was stolen must not use up what its owner's own refusals have.
"""

from __future__ import annotations

from zoneproxy.passage.exchange import Exchange

STRANGER = ""


def account_of(exchange: Exchange, reason: str) -> str:
    """Return on whose account a refusal is recorded.

    Args:
        exchange: what is refused.
        reason: the reason code of the refusal.

    Returns:
        `tenant:<id>` of a tenant's request, `workload:<id>` of a call that a workload makes for one,
        `lane:<name>` of maintenance, or empty: of a stranger.
    """
    facts = exchange.facts
    if exchange.kind == "maintenance":
        name = facts.get("lane.name")
        return STRANGER if name is None else f"lane:{name}"
    tenant = facts.get("tenant.id")
    if tenant is None or facts.get("origin.class") != "overseas" or reason.startswith("origin-"):
        return STRANGER
    return f"{'workload' if exchange.kind == 'outward' else 'tenant'}:{tenant}"
