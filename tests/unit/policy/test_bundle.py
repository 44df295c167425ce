"""Policies ready to decide with, and the facts they provide."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.small_policy import RULES, small, text
from zoneproxy.policy.bundle import authorization_facts, check_layers, load, model_facts
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.phase import Phase

DATA = """\
models:
  - {id: m-1, provenance: domestic_filed, filing: F-1, location: in_zone}
  - {id: m-2, provenance: foreign, location: overseas}
authorization:
  required_scope: [api_call]
  chains:
    - tenant: toyco
      audience: overseas
      models: [m-1]
      dpa: d.pdf
      dpa_valid: {from: "2026-01-01", until: "2026-06-30"}
      grants:
        - {from: maker, to: cloud, document: a, digest: "sha256:aa01", scope: [api_call, resale],
           valid: {from: "2026-01-01", until: "2027-12-31"}}
        - {from: cloud, to: toyco, document: b, digest: "sha256:aa02", scope: [api_call],
           valid: {from: "2026-03-01", until: "2026-12-31"}}
    - tenant: bare
      audience: overseas
      models: [m-1]
      grants:
        - {from: maker, to: bare, document: a, digest: "sha256:aa01", scope: [resale],
           valid: {from: "2026-01-01", until: "2027-12-31"}}
"""
POLICY = small(DATA + RULES)


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
    facts = authorization_facts(POLICY, tenant, moment_ms(now))
    assert facts["tenant.authorization"] == authorization
    assert facts["tenant.dpa"] == dpa


def test_the_scope_is_what_all_links_give() -> None:
    """A scope only narrows along the chain; nobody has one without a chain."""
    now = moment_ms("2026-05-01")
    assert authorization_facts(POLICY, "toyco", now)["tenant.scope"] == frozenset({"api_call"})
    assert authorization_facts(POLICY, "nobody", now)["tenant.scope"] == frozenset()


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


def test_digest_is_of_the_bytes() -> None:
    """The digest names the very file, comments and all."""
    data = text()
    assert load(data, "a.yaml").digest == hashlib.sha256(data).hexdigest()
    assert load(data + b"# x\n", "a.yaml").digest != load(data, "a.yaml").digest


def test_the_effective_window() -> None:
    """A policy knows when it is in force; both ends are inside."""
    assert POLICY.in_force(moment_ms("2026-01-01"))
    assert POLICY.in_force(moment_ms("2030-12-31", end=True))
    assert not POLICY.in_force(moment_ms("2031-01-01"))
    assert not POLICY.in_force(moment_ms("2025-12-31", end=True))


def test_required_facts_by_phase() -> None:
    """What must be known is asked for at its phase only."""
    policy = small("require_facts: {collect: [origin.class], return: [egress.route]}\n" + RULES)
    assert policy.required(Phase.COLLECT) == {"origin.class"}
    assert policy.required(Phase.PROCESS) == frozenset()
    assert policy.required(Phase.RETURN) == {"egress.route"}


def test_detectors_are_plain_values() -> None:
    """The content room reads them without knowing this one."""
    policy = small(
        "detectors: {level: 3, list: [{id: a, kind: cn_mobile, applies_to: [request_body],"
        " category: cn_personal_info, score: 250, level: 2}]}\n" + RULES
    )
    assert policy.detectors["level"] == 3
    assert policy.detectors["list"][0]["kind"] == "cn_mobile"


OTHER = RULES.replace("COL-900", "COL-990")


def test_a_whole_is_one_regulator_and_one_operator() -> None:
    """Both layers make a bundle; shadow policies may stand beside them."""
    operator, regulator = small(), small(OTHER, layer="regulator")
    check_layers([operator, regulator])
    check_layers([regulator, operator, small(mode="shadow")])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "no enforced policy of the layer `regulator`"),
        (["operator"], "no enforced policy of the layer `regulator`"),
        (["regulator"], "no enforced policy of the layer `operator`"),
        (["operator", "regulator", "operator"], "already given"),
    ],
)
def test_a_missing_or_doubled_layer_is_refused(layers: list[str], message: str) -> None:
    """No layer can be left out or given twice."""
    ids = iter(("COL-901", "COL-902", "COL-903"))
    policies = [small(RULES.replace("COL-900", next(ids)), layer=layer) for layer in layers]
    with pytest.raises(PolicyError) as caught:
        check_layers(policies)
    assert any(message in problem.message for problem in caught.value.problems)


def test_a_shadow_policy_fills_no_layer() -> None:
    """What only watches can't stand for what enforces."""
    with pytest.raises(PolicyError):
        check_layers([small(mode="shadow"), small(OTHER, layer="regulator")])


def test_an_id_names_one_rule() -> None:
    """The same id in two layers is refused."""
    with pytest.raises(PolicyError) as caught:
        check_layers([small(file="a.yaml"), small(layer="regulator", file="b.yaml")])
    assert caught.value.problems[0].code == "ZP2031"
    assert caught.value.problems[0].line == 12
