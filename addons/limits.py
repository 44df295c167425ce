"""The turnstile at its three places (a head that proves its tenant, a body, an exchange's end), and room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoneproxy.adapters.workers.descriptors import Room, make_room
from zoneproxy.passage.events import Limited

if TYPE_CHECKING:
    from addons.boundary import Boundary
    from addons.crossing import Crossing
    from zoneproxy.meter.turnstile import Beyond
    from zoneproxy.passage.commands import Command


async def admit(boundary: Boundary, crossing: Crossing) -> list[Command]:
    """Count a request in by its tenant; return the refusal of one that is beyond a limit."""
    core = boundary.assembled()
    tenant = str(crossing.passage.exchange.facts.get("tenant.id", ""))
    beyond = core.turnstile.enter(tenant, core.clock.mono_ms())
    if beyond is None:
        crossing.counted = tenant
        return []
    return await _refuse(crossing, beyond)


async def carry(boundary: Boundary, crossing: Crossing, size_bytes: int) -> list[Command]:
    """Take the bytes of a request's body; return the refusal of one that is beyond a limit."""
    if not crossing.counted:
        return []
    core = boundary.assembled()
    beyond = core.turnstile.carry(crossing.counted, size_bytes, core.clock.mono_ms())
    return [] if beyond is None else await _refuse(crossing, beyond)


def leave(boundary: Boundary, crossing: Crossing) -> None:
    """Count an exchange out, once, with the bytes of its answer."""
    tenant, crossing.counted = crossing.counted, ""
    if tenant:
        core = boundary.assembled()
        core.turnstile.leave(tenant, crossing.passage.exchange.answer_bytes, core.clock.mono_ms())


async def _refuse(crossing: Crossing, beyond: Beyond) -> list[Command]:
    return await crossing.take(Limited(beyond.limit, beyond.retry_after_s))


def room_of(boundary: Boundary) -> Room:
    """Say how many connections there are file descriptors for, of those that are configured."""
    return make_room(boundary.limits().max_connections, len(boundary.assembled().listeners))
