"""What a policy's chains give a tenant, and what it knows of a model."""

from __future__ import annotations

import pytest

from tests.support.small_policy import RULES, small
from zoneproxy.policy.chains import CHAIN_FACTS, action_facts, authorization_facts, model_facts
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.facts import VOCABULARY as WORDS
from zoneproxy.terms.facts import FactValue, in_domain

DATA = """\
models:
  - {id: m-1, provenance: domestic_filed, filing: F-1, location: in_zone}
  - {id: m-2, provenance: foreign, location: overseas}
authorization:
  required_scope: [api_call]
  chains:
    - tenant: toyco
      audience: overseas
      client: enterprise
      models: [m-1]
      dpa: d.pdf
      dpa_valid: {from: "2026-01-01", until: "2026-06-30"}
      data_use:
        retention: PT36H
        training_use: never
        sub_processors: [{name: cloud, side: zone}, {name: helpdesk, side: overseas}]
      grants:
        - {from: maker, to: cloud, document: a, digest: "sha256:aa01", scope: [api_call, resale],
           actions: [inference, embedding], markets: [SG, MY], clients: [enterprise, developer],
           valid: {from: "2026-01-01", until: "2027-12-31"}}
        - {from: cloud, to: toyco, document: b, digest: "sha256:aa02", scope: [api_call],
           actions: [inference], markets: [SG], clients: [enterprise],
           valid: {from: "2026-03-01", until: "2026-12-31"}}
    - tenant: bare
      audience: overseas
      client: consumer
      models: [m-1]
      grants:
        - {from: maker, to: bare, document: a, digest: "sha256:aa01", scope: [resale],
           actions: [inference], markets: [SG], clients: [enterprise],
           valid: {from: "2026-01-01", until: "2027-12-31"}}
"""
POLICY = small(DATA + RULES)
NOW = moment_ms("2026-05-01")


def given(tenant: str, market: str | None = "SG", now: int = NOW) -> dict[str, FactValue]:
    return authorization_facts(POLICY, tenant, now, market)


@pytest.mark.parametrize(
    ("tenant", "now", "authorization", "dpa"),
    [
        ("toyco", "2026-05-01", "complete", "in_force"),
        ("toyco", "2026-07-01", "complete", "expired"),
        ("toyco", "2026-02-01", "broken", "in_force"),
        ("toyco", "2027-01-01", "expired", "expired"),
        ("bare", "2026-05-01", "broken", "missing"),
        ("nobody", "2026-05-01", "missing", "missing"),
        ("", "2026-05-01", "missing", "missing"),
    ],
)
def test_a_chain_at_a_moment(tenant: str, now: str, authorization: str, dpa: str) -> None:
    """Every link must be in force, cover the required scope, and a statement must be there (Z20)."""
    facts = given(tenant, now=moment_ms(now))
    assert facts["tenant.authorization"] == authorization
    assert facts["tenant.dpa"] == dpa


def test_the_scope_is_what_all_links_give() -> None:
    """A scope only narrows along the chain; nobody has one without a chain."""
    assert given("toyco")["tenant.scope"] == frozenset({"api_call"})
    assert given("nobody")["tenant.scope"] == frozenset()


@pytest.mark.parametrize(
    ("market", "covered"), [("SG", True), ("MY", False), ("TH", False), (None, False), ("", False)]
)
def test_a_market_is_covered_by_every_link_or_not_at_all(market: str | None, *, covered: bool) -> None:
    """What the maker gives for Malaysia is not given on: the last link names Singapore alone (Z20)."""
    assert given("toyco", market)["tenant.market_granted"] is covered


@pytest.mark.parametrize(("tenant", "covered"), [("toyco", True), ("bare", False), ("nobody", False)])
def test_a_kind_of_client_is_covered_or_not(tenant: str, *, covered: bool) -> None:
    """A consumer can't be served on a chain for enterprises (Z20)."""
    assert given(tenant)["tenant.client_granted"] is covered


@pytest.mark.parametrize(
    ("tenant", "purpose", "covered"),
    [
        ("toyco", "inference", True),
        ("toyco", "embedding", False),
        ("toyco", "unknown", False),
        ("nobody", "inference", False),
    ],
)
def test_an_action_is_covered_by_every_link_or_not_at_all(
    tenant: str, purpose: str, *, covered: bool
) -> None:
    """The maker gives embeddings, the reseller does not (Z20)."""
    assert action_facts(POLICY, tenant, purpose) == {"purpose.granted": covered}


def test_what_is_done_with_a_tenants_data() -> None:
    """The statement is facts: days kept (rounded up), training, and where sub-processors work (Z20)."""
    facts = given("toyco")
    assert facts["tenant.retention_days"] == 2
    assert facts["tenant.training_use"] == "never"
    assert facts["tenant.sub_processors"] == frozenset({"zone", "overseas"})


@pytest.mark.parametrize("tenant", ["bare", "nobody"])
def test_without_a_statement_nothing_is_said_of_the_data(tenant: str) -> None:
    """The facts are absent, and an absent fact denies (Z22)."""
    absent = {"tenant.retention_days", "tenant.training_use", "tenant.sub_processors"}
    assert absent.isdisjoint(given(tenant))


@pytest.mark.parametrize("tenant", ["toyco", "bare", "nobody"])
def test_every_fact_is_a_word_of_the_vocabulary(tenant: str) -> None:
    """What is provided lies in its domain, and under a name that overlays know."""
    for name, value in given(tenant).items():
        assert name in CHAIN_FACTS
        assert in_domain(WORDS[name], value)


def test_a_model_and_who_may_use_it() -> None:
    """A registered model has its provenance; only a tenant whose chain names it is granted it."""
    assert model_facts(POLICY, "m-1", "toyco") == {
        "model.id": "m-1",
        "model.provenance": "domestic_filed",
        "model.location": "in_zone",
        "model.granted": True,
    }
    assert model_facts(POLICY, "m-2", "toyco")["model.granted"] is False
    assert model_facts(POLICY, "m-1", "nobody")["model.granted"] is False


def test_an_unregistered_model_is_unknown() -> None:
    """What an enemy writes as a model's name never becomes a fact."""
    facts = model_facts(POLICY, "<script>", "toyco")
    assert "model.id" not in facts
    assert facts["model.provenance"] == facts["model.location"] == "unknown"
    assert facts["model.granted"] is False
