"""Which refusals are recorded, and the records of how many were not.

The passage orders a refusal's record; here it is asked whether it may have one (`zoneproxy.meter.refusals`
says how many may). One that may not is closed without a word, and counted. Counts become records of kind
`alarm`:

    code      `requests-refused`, `handshakes-refused` (before HTTP), `connections-refused` (no room)
    count     how many
    turned    from, to (ms), door, whose (`tenant:`, `workload:`, `lane:` and a name, or null: strangers), and
              how many for each reason
    detail    privately: from which networks most of them came

The first count is recorded within a second, later ones every `limits.refusals.told_every_s`, what is left as
the boundary stops. A process that is killed takes with it what it counted since the last.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from zoneproxy.meter.refusals import CONNECTIONS, HANDSHAKES, REQUESTS, Count, Key
from zoneproxy.passage.account import STRANGER, account_of
from zoneproxy.terms.errors import TraceError

if TYPE_CHECKING:
    from zoneproxy.assembly import Boundary as Core
    from zoneproxy.passage.exchange import Exchange

log = logging.getLogger("zoneproxy.refusals")

NO_ROOM = "no-room"
_REASONS = {"no_front": "origin-front", "no_tls": "origin-handshake"}
_WHAT = {
    REQUESTS: "requests were refused",
    HANDSHAKES: "connections were refused before HTTP began",
    CONNECTIONS: "connections found no room",
}
_MOST_TOLD = 4


def may_record(core: Core, exchange: Exchange, reason: str) -> bool:
    """Tell whether a refusal may be recorded; count it where it may not.

    Args:
        core: whose bounds they are.
        exchange: what is refused.
        reason: the reason code of the refusal.
    """
    now_ms, door, peer = core.clock.mono_ms(), exchange.pin.route, exchange.peer[0]
    account = account_of(exchange, reason)
    if account == STRANGER:
        admitted = core.refusals.admits_stranger(door, peer, now_ms)
    else:
        admitted = core.refusals.admits(account, now_ms)
    if not admitted:
        core.refusals.turn_away(Key(REQUESTS, door, account), reason, peer, now_ms)
    return admitted


class DoorRecords:
    """The same for what is refused at one door before there is an exchange.

    Args:
        core: whose bounds they are.
        route: the door.
    """

    def __init__(self, core: Core, route: str) -> None:
        self._core, self._route = core, route

    def takes(self, peer: str, state: str) -> bool:
        """Tell whether a refused handshake may be recorded; count it where it may not.

        Args:
            peer: the address that it came from.
            state: what is missing, a value of the fact `request.state`.
        """
        now_ms = self._core.clock.mono_ms()
        if self._core.refusals.admits_stranger(self._route, peer, now_ms):
            return True
        self._count(HANDSHAKES, _REASONS.get(state, state), peer)
        return False

    def no_room(self, peer: str) -> None:
        """Count a connection that was closed because there are too many."""
        self._count(CONNECTIONS, NO_ROOM, peer)

    def _count(self, code: str, reason: str, peer: str) -> None:
        self._core.refusals.turn_away(Key(code, self._route), reason, peer, self._core.clock.mono_ms())


async def tell_turned_away(core: Core, *, last: bool = False) -> None:
    """Record how many were turned away, where that is due; with `last`, all that is left."""
    now_ms = core.clock.mono_ms()
    for count in core.refusals.due(now_ms, last=last):
        body, private = record_of(count, now_ms, core.clock.now_ms())
        log.warning(words_of(count), extra={"count": count.total, "route": count.key.door})
        try:
            await core.journal.append("alarm", body, private)
        except TraceError as error:
            core.refusals.keep(count)
            log.error("the trace log takes no record: %s", error.message)  # noqa: TRY400 - told once
            return
        except Exception:
            core.refusals.keep(count)
            raise


def record_of(count: Count, mono_ms: int, now_ms: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write a count as the public and the private part of an `alarm`.

    Args:
        count: what was counted.
        mono_ms: the time now, of the clock that does not go back; the times of the count are told by how long
            ago they were, so that a step of the other clock does not turn them around.
        now_ms: the time now, milliseconds since 1970 UTC.
    """
    turned = {
        "from": max(0, now_ms - max(0, mono_ms - count.first_ms)),
        "to": max(0, now_ms - max(0, mono_ms - count.last_ms)),
        "door": count.key.door,
        "whose": count.key.name or None,
        "reasons": dict(sorted(count.reasons.items())),
    }
    body = {"code": count.key.code, "flow": None, "count": count.total, "turned": turned}
    return body, {"detail": ", ".join(f"{network}: {seen}" for network, seen in count.loudest())}


def words_of(count: Count) -> str:
    """Say it to the operator, with a remedy."""
    key, kind, name = count.key, *count.key.name.partition(":")[::2]
    whose = f" of the {kind} `{name}`" if name else ""
    said = f"{count.total} {_WHAT[key.code]} at `{key.door}`{whose} without a record each"
    if not name:
        most = ", ".join(network for network, _ in count.loudest()[:_MOST_TOLD])
        return f"{said}, most of them from {most}: bound these at the front or the router"
    remedy = {"lane": "look at what calls there", "workload": "look at the workloads that work for it"}.get(
        kind, f"talk to it, or `zoneproxy stop tenant {name}`"
    )
    return f"{said}: {remedy}"
