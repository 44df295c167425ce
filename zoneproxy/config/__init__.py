"""Floor 5: the operator's `zone.yaml`.

Strict: unknown fields, wrong types and contradictions are mistakes, all of them are told at once with
file, line and column, and none of them starts anything. Paths are relative to the file's own folder.
Secrets never stand here: keys are files, credentials are SHA-256 digests.
"""

from zoneproxy.config.doors import ModelServer, Outward, RegisteredNetwork, RegisteredTenant, Route
from zoneproxy.config.limits import Limits, Scan
from zoneproxy.config.log import Log
from zoneproxy.config.policies import Policies
from zoneproxy.config.reading import digest_of, parse
from zoneproxy.config.witnesses import Witnesses
from zoneproxy.config.zone import Config

__all__ = [
    "Config",
    "Limits",
    "Log",
    "ModelServer",
    "Outward",
    "Policies",
    "RegisteredNetwork",
    "RegisteredTenant",
    "Route",
    "Scan",
    "Witnesses",
    "digest_of",
    "parse",
]
