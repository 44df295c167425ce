"""What the process that writes the log does when a command asks it, at its control socket.

    record   {"records": [[kind, body], ...]}     disclosures, and keys that the root revokes
             {"receipts": [{"index": 7, "leaf": "<hex>", "ts": 1767225600000, "origin": "..."}]}
    redact   {"origin": "...", "bodies": [body, ...]}    no bodies: only finish what was cut off
             {"indexes": [8], "finished": false}
    retain   {}
             {"shards": [{"keys": {"record": 3}, "openings": 0, "minimum": 256, "old_minimum": 0}]}

`record` answers when the records are published, the others when what they say is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.upkeep.logport import RECORD, REDACT, RETAIN, WritingLog
from zoneproxy.adapters.workers.control import Verb
from zoneproxy.assembly.keeper import Keeper
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.schema import check_body

_MOST = 1024


def log_verbs(log: WritingLog, keeper: Keeper) -> dict[str, Verb]:
    """Make the verbs of a log."""
    verbs = _LogVerbs(log, keeper)
    return {RECORD: verbs.record, REDACT: verbs.redact, RETAIN: verbs.retain}


class _LogVerbs:
    def __init__(self, log: WritingLog, keeper: Keeper) -> None:
        self._log, self._keeper = log, keeper

    async def record(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        wanted = arguments.get("records")
        if not isinstance(wanted, list) or len(wanted) > _MOST or not all(map(_is_record, wanted)):
            raise _unknown()
        try:
            receipts = [await self._log.append(kind, body, {}) for kind, body in wanted]
        except ValueError as error:
            raise ConfigError(f"a record can't be written: {error}") from None
        await self._log.publish()
        told = [
            {"index": one.index, "leaf": one.leaf.hex(), "ts": one.ts, "origin": one.origin}
            for one in receipts
        ]
        return {"receipts": told}

    async def redact(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        origin, bodies = arguments.get("origin"), arguments.get("bodies")
        if not isinstance(origin, str) or not isinstance(bodies, list) or len(bodies) > _MOST:
            raise _unknown()
        try:
            for body in bodies:
                check_body("redaction", body)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"this is no redaction: {error}") from None
        if any(body["origin"] != origin for body in bodies):
            raise _unknown()
        indexes, finished = await self._keeper.redact(origin, bodies)
        return {"indexes": indexes, "finished": finished}

    async def retain(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            done = await self._keeper.retain()
        except OSError as error:
            raise trace_error("retention was cut off", error) from error
        shards = [
            {
                "keys": {name: len(paths) for name, paths in due.keys.items()},
                "openings": len(due.openings),
                "minimum": due.minimum,
                "old_minimum": due.old_minimum,
            }
            for due in done
        ]
        return {"shards": shards}


def _unknown() -> ConfigError:
    return ConfigError("this is nothing that a command may ask for", hint="use the same version")


def _is_record(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2  # noqa: PLR2004 - kind and body
        and isinstance(value[1], dict)
        and (value[0] == "disclosure" or (value[0] == "key" and _is_revocation(value[1])))
    )


def _is_revocation(body: Mapping[str, Any]) -> bool:
    return (body.get("action"), body.get("by")) == ("revoke", "root")
