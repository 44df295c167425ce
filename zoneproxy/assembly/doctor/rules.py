"""The policies: who signed them, how long they are valid, whether they know what zone.yaml names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from zoneproxy.adapters.state.policy_state import PolicyState
from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.policies import Loaded, read_policies
from zoneproxy.config import Config
from zoneproxy.policy.model import PolicyDocument
from zoneproxy.terms.errors import ConfigError, PolicyError

DAY_MS = 86_400_000
SOON_DAYS = 30
_REALTIME = "openai_realtime"


def check_policies(opening: Opening) -> Iterator[Finding]:
    """Each layer can be read, is signed, and is valid for a while yet."""
    now_ms = opening.clock.now_ms()
    state = PolicyState(opening.folder / opening.config.policies.state)
    try:
        policies, _ = read_policies(opening.config, opening.folder, state, production=True, now_ms=now_ms)
    except (ConfigError, PolicyError) as error:
        what, *why = error.message.splitlines()
        yield fault("policy", f"{what}: {why[0].strip()}" if why else what, error.hint)
        return
    for one in policies.layers:
        yield from _of_layer(one, now_ms)
    operators = [one.policy.document for one in policies.layers if one.policy.layer == "operator"]
    yield from _of_names(opening.config, operators)
    if opening.config.realtime is not None:
        yield _of_sessions(policies.layers)


def _of_names(config: Config, operators: Iterable[PolicyDocument]) -> Iterator[Finding]:
    """What zone.yaml opens, the operator's policy must know: whatever it does not know, it refuses."""
    for document in operators:
        overseas = [entry.id for entry in config.routes if entry.side == "overseas"]
        parts = (
            ("route", overseas, document.zone.uplinks if document.zone else [],
             "`routes` and `zone.uplinks`", "its callers are refused"),
            ("tenant", [entry.id for entry in config.tenants],
             [chain.tenant for chain in document.authorization.chains],
             "`authorization.chains`", "it is refused"),
            ("model", [model for server in config.servers for model in server.models],
             [model.id for model in document.models], "`models`", "calls of it are refused"),
        )  # fmt: skip
        for what, named, known, place, so in parts:
            unknown = [name for name in named if name not in known] if known else []
            for name in unknown:
                yield advice(
                    f"policy-{what}",
                    f"the {what} `{name}` of zone.yaml is unknown to the operator's policy, so {so}",
                    f"write it under {place} of that policy, or take it out of zone.yaml",
                )
            if known and not unknown:
                yield ok(f"policy-{what}", f"the operator's policy knows every {what} of zone.yaml")


def _of_sessions(layers: Iterable[Loaded]) -> Finding:
    """Sessions are open only where zone.yaml and the rules say so: one without the other opens nothing."""
    if any(_REALTIME in one.policy.document.model_dump_json() for one in layers):
        return ok("realtime", "sessions over WebSocket are on, and the rules speak of them")
    return advice(
        "realtime",
        f"sessions over WebSocket are on in zone.yaml, but no rule speaks of `{_REALTIME}`",
        "let a rule of the operator's policy allow that dialect, or take `realtime` out of zone.yaml",
    )


def _of_layer(one: Loaded, now_ms: int) -> Iterator[Finding]:
    policy = one.policy
    name = f"the {policy.layer}'s policy `{policy.name}`"
    if one.bundle is None:
        yield advice(
            "policy-unsigned", f"{name} is a plain file that nobody signed",
            "make a signed bundle of it: `zoneproxy policy bundle`, `zoneproxy policy sign`",
        )  # fmt: skip
    else:
        yield ok("policy-unsigned", f"{name} is signed by {len(one.signers)} keys")
    start_ms, end_ms = policy.effective
    end = datetime.fromtimestamp(end_ms / 1000, UTC).date()
    left = (end_ms - now_ms) // DAY_MS
    if not start_ms <= now_ms <= end_ms:
        yield fault(
            "policy-dates", f"{name} is not valid now, so everything is refused", "activate a valid one"
        )
    elif left < SOON_DAYS:
        yield advice("policy-dates", f"{name} ends in {left} days, on {end}", "activate its successor before")
    else:
        yield ok("policy-dates", f"{name} is valid until {end}")
