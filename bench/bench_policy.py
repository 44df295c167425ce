"""The policy: a whole flow of the pilot judged, and a policy of 310 rules loaded and proved.

- `policy.flow`: CPU of the three phases of a good flow under both layers, rails included, against
  `json.loads` of the same facts written as JSON.
- `policy.load`: CPU of loading a generated policy of 310 rules (strict YAML with places, checks, closures),
  against PyYAML's C loader on the same bytes.
- `policy.prove`: CPU of proving the pilot's invariants over that policy and the regulator's layer, against
  loading it.
"""

from __future__ import annotations

import json
import statistics

import yaml

from bench import pilot
from bench.results import cpu_per_call, in_turns, keep, ratio
from zoneproxy.passage.judge import judge
from zoneproxy.policy.bundle import load
from zoneproxy.policy.prove import prove
from zoneproxy.terms.phase import Phase

RULES = 310
_FLOWS = 2_000
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COUNTRIES = ("SG", "MY", "TH", "VN", "ID", "PH", "KH", "LA", "MM", "BN", "TL")
# What a zone's rules speak about, in each leg; the number makes each rule another one.
_CONDITIONS = {
    "COL": "{{origin.country: {country}, tenant.id: toyco-sg, request.bytes: {{gt: {number}}}}}",
    "PRO": "{{data.mixing_score: {{gt: {number}}}, tenant.market: {country}}}",
    "RET": "{{response.mixing_score: {{gt: {number}}}, tenant.market: {country}}}",
}
_PHASES = {"COL": "collect", "PRO": "process", "RET": "return"}


def generated() -> bytes:
    """Return the pilot's operator layer with as many more denials as make 310 rules."""
    text = pilot.policy_bytes("operator").decode()
    own = len(pilot.policies()[-1].rules)
    legs = tuple(_CONDITIONS)
    lines = []
    for number in range(RULES - own):
        leg, place = legs[number % len(legs)], 100 + number // len(legs)
        when = _CONDITIONS[leg].format(number=number, country=_COUNTRIES[number % len(_COUNTRIES)])
        lines.append(
            f"  - {{id: {leg}-{place}, phase: {_PHASES[leg]}, effect: deny, when: {when}, "
            "reason: domestic_data_mixed}\n"
        )
    return text.replace("\nrules:\n", "\nrules:\n" + "".join(lines), 1).encode()


def judge_flow() -> None:
    """Judge the three legs of the good flow."""
    for phase in Phase:
        judge(pilot.policies(), phase, pilot.good_facts())


def main() -> None:
    """Measure, print and keep."""
    for phase in Phase:
        pilot.judged(phase)
    facts = json.dumps(pilot.facts_as_json())
    large = generated()
    policy = load(large, "generated.yaml")
    if len(policy.rules) != RULES:
        raise ValueError(f"the generated policy has {len(policy.rules)} rules")
    bundle = (pilot.policies()[0], policy)
    if not prove(bundle).holds:
        raise ValueError("the generated policy breaks an invariant")
    flow, parsed = in_turns(
        cpu_per_call(judge_flow, _FLOWS), cpu_per_call(lambda: json.loads(facts), _FLOWS), rounds=5
    )
    loading, proving, plain = in_turns(
        cpu_per_call(lambda: load(large, "generated.yaml"), 1),
        cpu_per_call(lambda: prove(bundle), 1),
        cpu_per_call(lambda: yaml.load(large, _YAML), 1),
    )
    keep(
        {
            "policy.flow": ratio(flow, parsed),
            "policy.load": ratio(loading, plain),
            "policy.prove": ratio(proving, loading),
        },
        {
            "policy.flow.us": statistics.median(flow) * 1e6,
            "policy.load.s": statistics.median(loading),
            "policy.prove.s": statistics.median(proving),
        },
    )


if __name__ == "__main__":
    main()
