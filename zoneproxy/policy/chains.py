"""The facts that a policy provides itself: what a tenant's authorisation chain gives, what a model is.

A chain is the written, dated way from a model's maker to a tenant. Each link (grant) says what it gives:
business `scope`, `actions`, `markets` and kinds of `clients`. A scope only narrows along the chain, so what
the tenant has is what *every* link gives; a link that is not yet or no more valid gives nothing. Beside the
chain stands the data-responsibility statement: how long the tenant's data is kept, whether anything is
trained on it, and who works on it for the zone.

Whether a chain covers this market, this kind of client, this action, is told as one fact each: a rule then
names exactly what is missing.
"""

from __future__ import annotations

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.model import Chain
from zoneproxy.policy.moment import duration_s, moment_ms
from zoneproxy.terms.facts import FactValue

CHAIN_FACTS = (
    "tenant.authorization",
    "tenant.scope",
    "tenant.client",
    "tenant.client_granted",
    "tenant.market_granted",
    "tenant.dpa",
    "tenant.retention_days",
    "tenant.training_use",
    "tenant.sub_processors",
)
"""What `authorization_facts` can give; where it gives none of them it is absent, and absent denies."""

_DAY_S = 86_400


def authorization_facts(
    policy: Policy, tenant_id: str, now_ms: int, market: FactValue | None
) -> dict[str, FactValue]:
    """Say what the policy's authorisation chains give a tenant at a moment.

    Args:
        policy: the layer that holds the chains.
        tenant_id: the registered tenant.
        now_ms: milliseconds since 1970 UTC.
        market: the fact `tenant.market`; `None` where it is not known, and then it is not covered.

    Returns:
        Facts of `CHAIN_FACTS`. A tenant without a chain has `missing`, no scope, no statement, and nothing
        that is covered.
    """
    chain = _chain(policy, tenant_id)
    if chain is None:
        return {
            "tenant.authorization": "missing",
            "tenant.scope": frozenset(),
            "tenant.client_granted": False,
            "tenant.market_granted": False,
            "tenant.dpa": "missing",
        }
    given = chain.given
    scope = given["scope"]
    state = _state(chain, now_ms)
    if state == "complete" and not scope.issuperset(policy.document.authorization.required_scope):
        state = "broken"
    return {
        "tenant.authorization": state,
        "tenant.scope": scope,
        **({} if chain.client is None else {"tenant.client": chain.client}),
        "tenant.client_granted": chain.client in given["clients"],
        "tenant.market_granted": market in given["markets"],
        **_data_facts(chain, now_ms),
    }


def action_facts(policy: Policy, tenant_id: str, purpose: str) -> dict[str, FactValue]:
    """Say whether a tenant's chain covers what a request asks the zone to do.

    Args:
        policy: the layer that holds the chains.
        tenant_id: the registered tenant.
        purpose: the fact `purpose`.

    Returns:
        `purpose.granted`.
    """
    chain = _chain(policy, tenant_id)
    covered = chain is not None and purpose in chain.given["actions"]
    return {"purpose.granted": covered}


def model_facts(policy: Policy, model_id: str, tenant_id: str) -> dict[str, FactValue]:
    """Say what the policy knows of a model, and whether a tenant's chain covers it.

    Args:
        policy: the layer that registers models and chains.
        model_id: the name that the request gives; may be an enemy's.
        tenant_id: the registered tenant that asks.

    Returns:
        `model.id`, `model.provenance`, `model.location` and `model.granted`; an unregistered model
        has no `model.id` and is `unknown`, and nobody is granted it.
    """
    model = policy.models.get(model_id)
    if model is None:
        return {"model.provenance": "unknown", "model.location": "unknown", "model.granted": False}
    chain = _chain(policy, tenant_id)
    return {
        "model.id": model.id,
        "model.provenance": model.provenance,
        "model.location": model.location,
        "model.granted": chain is not None and model_id in chain.models,
    }


def _chain(policy: Policy, tenant_id: str) -> Chain | None:
    return policy.chains.get(tenant_id)


def _state(chain: Chain, now_ms: int) -> str:
    if any(now_ms > moment_ms(grant.valid.until, end=True) for grant in chain.grants):
        return "expired"
    # A link that is not there yet leaves a gap.
    return "broken" if any(now_ms < moment_ms(grant.valid.start) for grant in chain.grants) else "complete"


def _data_facts(chain: Chain, now_ms: int) -> dict[str, FactValue]:
    if not chain.dpa:
        return {"tenant.dpa": "missing"}
    expired = chain.dpa_valid is not None and not chain.dpa_valid.holds(now_ms)
    facts: dict[str, FactValue] = {"tenant.dpa": "expired" if expired else "in_force"}
    if chain.data_use is not None:
        facts |= {
            "tenant.retention_days": -(-duration_s(chain.data_use.retention) // _DAY_S),
            "tenant.training_use": chain.data_use.training_use,
            "tenant.sub_processors": frozenset(one.side for one in chain.data_use.sub_processors),
        }
    return facts
