"""Ports for servers of the tests: free, and this process' own among all that run tests on this machine.

A port that the kernel names free may be given to the next who asks, or to a client's own end, before a server
listens on it. So ports come from below the kernel's own range, and each is claimed by a name of the kernel's
(an abstract Unix address) that no two processes can hold, and that goes with the process.
"""

from __future__ import annotations

import collections
import contextlib
import random
import socket

PORTS = range(11_000, 32_000)
"""Below `net.ipv4.ip_local_port_range` as Linux has it, and above what machines serve by habit."""
_KEPT = 256
_claims: collections.deque[socket.socket] = collections.deque()
_chance = random.SystemRandom()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port at which nobody listens and which no other process of the tests is given.

    Args:
        host: an address of this machine, at which it must be free.

    Raises:
        OSError: there is none.
    """
    for _ in range(1_000):
        port = _chance.choice(PORTS)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(f"\0zoneproxy-tests-{port}")
            probe.bind((host, port))
            _claims.append(claim)
            if len(_claims) > _KEPT:  # those of servers that are long gone
                _claims.popleft().close()
            return port
        claim.close()
    raise OSError("no free port was found")
