"""Bytes become a configuration, or a list of every mistake in them."""

from __future__ import annotations

import hashlib

from zoneproxy.config.address_data import check_address_data
from zoneproxy.config.allowances import check_limits
from zoneproxy.config.checks import check_parts, check_sides, check_tables
from zoneproxy.config.front import check_front
from zoneproxy.config.outward import check_outward
from zoneproxy.config.policies import check_signers
from zoneproxy.config.privacy import check_retention
from zoneproxy.config.tls import check_proofs
from zoneproxy.config.zone import Config
from zoneproxy.policy.read import read
from zoneproxy.policy.render import render_all
from zoneproxy.policy.validate import validate
from zoneproxy.terms.errors import ConfigError, PolicyError


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a configuration's bytes, 64 hex digits, as records name it."""
    return hashlib.sha256(data).hexdigest()


def parse(data: bytes, file: str) -> Config:
    """Read a configuration.

    Args:
        data: the file's bytes.
        file: its name, for messages.

    Raises:
        ConfigError: with every mistake, at its place, with its remedy.
    """
    try:
        source = read(data, file)
        config, broken = validate(source, Config)
        if not broken and not source.problems:
            check_parts(source, config)
            check_signers(source, config.policies)
            check_retention(source, config.privacy)
            check_proofs(source, config)
            check_front(source, config)
            check_outward(source, config)
            check_limits(source, config)
            check_address_data(source, config.address_data)
        if not source.problems:
            check_tables(source, config)
        if not source.problems:
            check_sides(source, config)
        source.fail_if_faulty()
    except PolicyError as error:
        raise ConfigError(
            f"the configuration can't be used\n\n{render_all(error.problems, {file: data})}\n",
            hint="mend these places; nothing was started",
        ) from None
    return config
