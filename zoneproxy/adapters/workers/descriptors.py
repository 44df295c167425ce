"""How many connections a process has file descriptors for.

A connection takes two, one to its caller and one to a model server. A process that has none left can't open
the files of its log, and then nothing may pass any more: so strangers who connect must never use them up.
The soft limit is raised as far as it may be, some are spared for all else, and where the rest is too few for
what is configured, connections and those that wait at the doors are bounded by it.

    needed = SPARE + 2 * connections + WAITING * doors

Worked example: 8192 connections at 4 doors need 20,736 descriptors. With a hard limit of 4,352 there are
4,096 of the 20,480 that are not spared: a fifth, so 1,638 connections, and 204 waiting at each door.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

from zoneproxy.terms.errors import ConfigError

SPARE = 256
WAITING = 1024
"""Connections that may wait to be looked at, at each door."""
_LEAST = 16


@dataclass(frozen=True, slots=True)
class Room:
    """What there is room for.

    Attributes:
        connections: open at once.
        waiting: at each door, accepted and not yet looked at.
        cut: it is less than what was wanted.
    """

    connections: int
    waiting: int
    cut: bool = False


def make_room(connections: int, doors: int) -> Room:
    """Raise this process's limit as far as is needed, and say what there is room for.

    Args:
        connections: how many are wanted, open at once.
        doors: how many doors there are.

    Raises:
        ConfigError: there is room for next to nothing.
    """
    needed = SPARE + 2 * connections + WAITING * doors
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed and (hard > soft or hard == resource.RLIM_INFINITY):
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft >= needed:
        return Room(connections, WAITING)
    here, wanted = soft - SPARE, needed - SPARE
    room = Room(connections * here // wanted, max(1, WAITING * here // wanted), cut=True)
    if room.connections < min(_LEAST, connections):
        raise ConfigError(
            f"a process may open {soft} files only, which is too few to serve",
            hint=f"allow it {needed}: `LimitNOFILE` of the unit, or `ulimit -n`",
        )
    return room
