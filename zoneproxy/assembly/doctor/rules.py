"""The policies: whether anybody signed them, and how long they are valid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from zoneproxy.adapters.state.policy_state import PolicyState
from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.policies import Loaded, read_policies
from zoneproxy.terms.errors import ConfigError, PolicyError

DAY_MS = 86_400_000
SOON_DAYS = 30


def check_policies(opening: Opening) -> Iterator[Finding]:
    """Each layer can be read, is signed, and is valid for a while yet."""
    now_ms = opening.clock.now_ms()
    state = PolicyState(opening.folder / opening.config.policies.state)
    try:
        policies, _ = read_policies(opening.config, opening.folder, state, production=True, now_ms=now_ms)
    except (ConfigError, PolicyError) as error:
        yield fault("policy", f"the policies can't be used: {error.message.splitlines()[0]}", error.hint)
        return
    for one in policies.layers:
        yield from _of_layer(one, now_ms)


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
