"""What one part of a policy demands of another: names that must exist, chains that must close.

Each check reports at the place of use and names the other place where two matter. The data sections
export their lists here, under the names that conditions write: `$sets.NAME`, `$markets.allowed`,
`$markets.local_deployment`, `$origins.domestic_nets`, `$origins.sources`, `$zone.uplinks`, `$routes.ids`,
`$models.ids`, `$models.filed`, `$models.in_zone`, `$authorization.tenants`, `$authorization.markets`,
`$authorization.required_scope`, `$detectors.ids`, `$detectors.categories`, `$retention.access`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from zoneproxy.policy.compile import Names
from zoneproxy.policy.model import (
    Chain,
    Invariant,
    Model,
    OriginKind,
    Origins,
    PolicyDocument,
    Rule,
    Window,
)
from zoneproxy.policy.moment import DAY_MS, duration_s, moment_ms
from zoneproxy.policy.networks import network_fault
from zoneproxy.policy.read import Path, Source
from zoneproxy.policy.validate import near
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import POLICY_REASONS

MIN_RETENTION_DAYS = (
    183  # network logs: at least six months (Cybersecurity Law); trace records: policy's choice
)
_PREFIX = {"collect": "COL", "process": "PRO", "return": "RET"}
_OK = 200
_DENIAL_ORDERS = frozenset({"local_deployment", "alarm"})


def names_of(document: PolicyDocument, broken: frozenset[str]) -> Names:
    """Return what the document's conditions may refer to.

    Args:
        document: the policy; parts that did not hold are None.
        broken: top-level fields that did not hold.
    """
    routes = tuple(route.id for route in document.routes if route)
    tenants = tuple(chain.tenant for chain in document.authorization.chains)
    lists: dict[str, Sequence[str]] = {f"sets.{name}": values for name, values in document.sets.items()}
    lists["markets.allowed"] = document.markets.allowed
    lists["markets.local_deployment"] = document.markets.local_deployment
    lists["origins.domestic_nets"] = document.origins.domestic_nets
    lists["zone.uplinks"] = document.zone.uplinks if document.zone else []
    lists["routes.ids"] = routes
    lists["origins.sources"] = [source.id for source in document.origins.sources]
    models = [model for model in document.models if model]
    lists["models.ids"] = [model.id for model in models]
    lists["models.filed"] = [model.id for model in models if model.provenance == "domestic_filed"]
    lists["models.in_zone"] = [model.id for model in models if model.location == "in_zone"]
    lists["authorization.tenants"] = tenants
    lists["authorization.required_scope"] = document.authorization.required_scope
    ends = [chain.grants[-1].markets for chain in document.authorization.chains if chain.grants]
    lists["authorization.markets"] = sorted({market for markets in ends for market in markets})
    lists["retention.access"] = document.retention.access if document.retention else []
    lists["detectors.ids"] = [entry.id for entry in document.detectors.entries]
    lists["detectors.categories"] = sorted({entry.category for entry in document.detectors.entries})
    lists = {name: values for name, values in lists.items() if name.partition(".")[0] not in broken}
    return Names(
        lists, broken, () if "routes" in broken else routes, () if "authorization" in broken else tenants
    )


def check_sections(source: Source, document: PolicyDocument) -> None:
    """Report what does not fit together, apart from conditions; parts that are None are skipped."""
    _check_ids(source)
    _check_windows(source, document)
    _check_zone(source, document)
    _check_data(source, document)
    _check_chains(source, document)
    _check_required(source, document)
    for index, rule in enumerate(getattr(document, "rules", [])):
        if rule:
            _check_rule(source, rule, ("rules", index))
    for index, invariant in enumerate(document.invariants):
        if invariant:
            _check_invariant(source, invariant, ("invariants", index))


def _check_invariant(source: Source, invariant: Invariant, path: Path) -> None:
    if (invariant.never_allow_when is None) == (invariant.allow_implies is None):
        message = f"`{invariant.id}` must have exactly one of `never_allow_when` and `allow_implies`"
        source.report(path, "ZP2013", message, remedy="delete one, or split it in two invariants")
    if invariant.scope == "flow" and invariant.phase != ["return"]:
        message = f"`{invariant.id}` speaks of the whole flow, which is known in phase `return` only"
        source.report((*path, "phase"), "ZP2032", message, remedy="write `phase: return`")


_IDS: tuple[tuple[Path, str], ...] = (
    (("rules",), "id"),
    (("invariants",), "id"),
    (("routes",), "id"),
    (("models",), "id"),
    (("origins", "sources"), "id"),
    (("detectors", "list"), "id"),
    (("authorization", "chains"), "tenant"),
)


def _check_ids(source: Source) -> None:
    """Find ids that stand twice; on the data as read, so that a part with other faults counts too."""
    for path, field in _IDS:
        entries: Any = source.data
        for part in path:
            entries = entries.get(part) if isinstance(entries, dict) else None
        first: dict[str, int] = {}
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            name, place = entry.get(field) if isinstance(entry, dict) else None, (*path, index, field)
            if not isinstance(name, str):
                continue
            if name in first:
                message = f"duplicate {field} `{name}` (first at line {first[name]})"
                source.report(place, "ZP2011", message, remedy="give each its own")
            first.setdefault(name, source.span(place).line)


def _check_windows(source: Source, document: PolicyDocument) -> None:
    places: list[tuple[Path, Window | None]] = []
    if metadata := getattr(document, "metadata", None):
        places.append((("metadata", "effective"), metadata.effective))
    for i, chain in enumerate(document.authorization.chains):
        places.append((("authorization", "chains", i, "dpa_valid"), chain.dpa_valid))
        for j, grant in enumerate(chain.grants):
            places.append((("authorization", "chains", i, "grants", j, "valid"), grant.valid))
    for path, window in places:
        if window and moment_ms(window.start) > moment_ms(window.until, end=True):
            source.report(path, "ZP2025", f"`until` ({window.until}) lies before `from` ({window.start})",
                          remedy="exchange the two")  # fmt: skip


def _check_zone(source: Source, document: PolicyDocument) -> None:
    routes = [route.id for route in document.routes if route]
    for index, uplink in enumerate(document.zone.uplinks if document.zone else []):
        if uplink not in routes and None not in document.routes:
            remedy = near(uplink, routes) or "declare it under `routes`"
            source.report(
                ("zone", "uplinks", index),
                "ZP2023",
                f"uplink `{uplink}` is not a declared route",
                remedy=remedy,
            )


def _check_data(source: Source, document: PolicyDocument) -> None:
    for name, values in document.sets.items():
        for index, value in enumerate(values):
            if value.startswith("$"):
                source.report(("sets", name, index), "ZP2028", f"a set can't refer to the list `{value}`",
                              remedy="use both lists in the rule")  # fmt: skip
    _check_networks_and_markets(source, document)
    _check_origins(source, document.origins)
    for index, model in enumerate(document.models):
        if model and model.provenance == "domestic_filed" and not model.filing:
            source.report(("models", index), "ZP2024", f"`{model.id}` is filed, but its filing is missing",
                          remedy="add `filing:` with the number")  # fmt: skip
    retention = document.retention
    if retention and duration_s(retention.records) * 1000 < MIN_RETENTION_DAYS * DAY_MS:
        message = f"records must be kept {MIN_RETENTION_DAYS} days at least"
        remedy = "write P3Y, unless a text in force says otherwise"
        source.report(("retention", "records"), "ZP2026", message, remedy=remedy)


def _check_origins(source: Source, origins: Origins) -> None:
    listed = [one for one in origins.sources if one]
    kinds = [one.kind for one in listed]
    for index, kind in enumerate(kinds):
        if kind in kinds[:index] and len(listed) == len(origins.sources):
            source.report(("origins", "sources", index, "kind"), "ZP2034",
                          f"the kind `{kind}` stands twice: one source would count as two",
                          remedy="delete one; `weight` says how much a source counts")  # fmt: skip
    most = sum(one.weight for one in listed) if listed else len(get_args(OriginKind))
    if most < origins.agree_at_least and len(listed) == len(origins.sources):
        source.report(("origins", "agree_at_least"), "ZP2034",
                      f"{origins.agree_at_least} can never agree: all sources together count {most}",
                      remedy="list more sources, or ask for fewer")  # fmt: skip


def _check_networks_and_markets(source: Source, document: PolicyDocument) -> None:
    for index, network in enumerate(document.origins.domestic_nets):
        if fault := network_fault(network):
            source.report(("origins", "domestic_nets", index), "ZP2009", fault[0], remedy=fault[1])
    for index, country in enumerate(document.markets.allowed):
        place = ("markets", "allowed", index)
        if country in document.markets.local_deployment:
            line = source.span(("markets", "local_deployment")).line
            source.report(place, "ZP2027", f"`{country}` also stands in `local_deployment` (line {line})",
                          remedy="a market is served in one way")  # fmt: skip
        elif country == "CN":
            source.report(place, "ZP2027", "`CN` can't be a market of the zone", remedy="delete it")


def _check_chains(source: Source, document: PolicyDocument) -> None:
    for index, chain in enumerate(document.authorization.chains):
        path: Path = ("authorization", "chains", index)
        _check_chain_models(source, chain, path, document.models)
        _check_grants(source, chain, path)


def _check_chain_models(source: Source, chain: Chain, path: Path, models: Sequence[Model | None]) -> None:
    known = [model.id for model in models if model]
    for index, name in enumerate(chain.models):
        if name not in known and None not in models:
            remedy = near(name, known) or "register it under `models`"
            message = f"the chain of `{chain.tenant}` names the model `{name}`, which is not registered"
            source.report((*path, "models", index), "ZP2020", message, remedy=remedy)


def _check_grants(source: Source, chain: Chain, path: Path) -> None:
    if not chain.grants:
        source.report((*path, "grants"), "ZP2021", f"the chain of `{chain.tenant}` has no grants",
                      remedy="write every link, from the model's maker on")  # fmt: skip
        return
    for index, (before, grant) in enumerate(zip(chain.grants, chain.grants[1:], strict=False), start=1):
        place = (*path, "grants", index)
        line = source.span((*path, "grants", index - 1, "to")).line
        if grant.giver != before.taker:
            message = f"broken chain: `{before.taker}` was given it (line {line}), `{grant.giver}` gives on"
            source.report(
                (*place, "from"), "ZP2021", message, remedy=f"write `{before.taker}`, or add the link between"
            )
        for field in ("scope", "actions", "markets", "clients"):
            if wider := sorted(set(getattr(grant, field)) - set(getattr(before, field))):
                message = (
                    f"the grant widens its {field} by `{'`, `'.join(wider)}` (line {line} does not give it)"
                )
                source.report((*place, field), "ZP2022", message, remedy="a grant may only narrow")
    for index, grant in enumerate(chain.grants):
        if "CN" in grant.markets:
            source.report(
                (*path, "grants", index, "markets"), "ZP2027", "`CN` can't be a market of the zone",
                remedy="delete it",
            )  # fmt: skip
    last = len(chain.grants) - 1
    if chain.grants[last].taker != chain.tenant:
        message = f"the chain ends at `{chain.grants[last].taker}`, not at its tenant `{chain.tenant}`"
        source.report((*path, "grants", last, "to"), "ZP2021", message, remedy="add the missing link")


def _check_required(source: Source, document: PolicyDocument) -> None:
    required = document.require_facts
    for phase, names in (
        ("collect", required.collect),
        ("process", required.process),
        ("return", required.response),
    ):
        for index, name in enumerate(names):
            place = ("require_facts", phase, index)
            spec = VOCABULARY.get(name)
            if spec is None:
                remedy = near(name, VOCABULARY) or "see `zoneproxy policy facts`"
                source.report(place, "ZP2001", f"unknown fact `{name}`", remedy=remedy)
            elif spec.phase.order > Phase(phase).order:
                message = f"fact `{name}` is not known in phase `{phase}` (first known in `{spec.phase}`)"
                source.report(place, "ZP2002", message, remedy=f"require it in phase `{spec.phase}`")


def _check_rule(source: Source, rule: Rule, path: Path) -> None:
    if rule.effect == "allow" and rule.when is None:
        source.report((*path, "effect"), "ZP2012", f"`{rule.id}` allows without a condition",
                      remedy="say under `when` what must hold")  # fmt: skip
    _check_reason(source, rule, path)
    first = min(rule.phase, key=lambda phase: Phase(phase).order)
    if rule.id[:3] != _PREFIX[first]:
        message = f"the id of a rule that begins in `{first}` begins with `{_PREFIX[first]}`"
        source.report((*path, "id"), "ZP2016", message, remedy=f"write `{_PREFIX[first]}{rule.id[3:]}`")
    if rule.obligations.mask is not None and "collect" in rule.phase:
        message = "`mask` is ordered where contents are judged: in phase `process` or `return`"
        source.report((*path, "obligations", "mask"), "ZP2018", message, key=True,
                      remedy="move the order to a rule of those phases")  # fmt: skip
    for name in rule.obligations.model_dump(exclude_none=True):
        if (name in _DENIAL_ORDERS) != (rule.effect == "deny"):
            effect = "a denial" if name in _DENIAL_ORDERS else "an allow"
            source.report(
                (*path, "obligations", name), "ZP2017", f"only {effect} can order `{name}`", key=True
            )


def _check_reason(source: Source, rule: Rule, path: Path) -> None:
    place = (*path, "reason")
    fitting = [
        word for word, (status, _) in POLICY_REASONS.items() if (status == _OK) == (rule.effect == "allow")
    ]
    if rule.reason not in POLICY_REASONS:
        remedy = near(rule.reason, fitting) or "reasons: " + ", ".join(fitting)
        source.report(place, "ZP2014", f"unknown reason `{rule.reason}`", remedy=remedy)
    elif rule.reason not in fitting:
        source.report(place, "ZP2015", f"`{rule.reason}` is not a reason to {rule.effect}",
                      remedy=near(rule.reason, fitting) or "reasons: " + ", ".join(fitting))  # fmt: skip
