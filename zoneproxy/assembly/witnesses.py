"""The configured witnesses, read and checked before the log is opened."""

from __future__ import annotations

from pathlib import Path

from zoneproxy.adapters.keys.keyfiles import read_trust
from zoneproxy.adapters.witness.feed import Known
from zoneproxy.adapters.witness.panel import WitnessRules, make_feeds
from zoneproxy.config import Config
from zoneproxy.terms.errors import ConfigError


def witness_rules(config: Config, folder: Path, signer: Known) -> WitnessRules | None:
    """Read who cosigns the log; `None` where nobody is asked.

    Args:
        config: the configuration.
        folder: where its paths begin.
        signer: the keys of the log, or of one of its shards.

    Raises:
        ConfigError: the trust file can't be used: an address is none, those who have one are no quorum, or
            it names other keys for this log.
    """
    part = config.witnesses
    if part is None:
        return None
    path = folder / part.policy
    trust = read_trust(path)
    origin = signer.verifiers[0].name
    strange = [key for key in trust.logs if key.name == origin and key not in signer.verifiers]
    if strange:
        raise ConfigError(
            f"`{path}` names another key for the log `{origin}` than the one that signs it",
            hint="take the `log` line from the log's own `.vkey` file, or leave it out",
        )
    rules = WitnessRules(
        trust,
        interval_s=part.interval,
        heartbeat_s=part.heartbeat,
        epoch_interval_s=part.epoch_interval,
        timeout_s=part.timeout,
        alarm_after_s=part.alarm_after,
        max_unwitnessed_s=part.max_unwitnessed,
        insist_at_start=part.insist_at_start,
    )
    try:
        make_feeds(rules, origin, signer)
    except ConfigError as error:
        raise ConfigError(f"`{path}`: {error.message}", hint=error.hint) from None
    return rules
