"""How a caller is left whose request is still on its way: in stages, so that it can read why.

A connection that is closed while bytes come for it is reset, and a reset takes along, on many systems and in
many fronts, what was sent just before: the caller sees a broken connection instead of its refusal, and tries
again. So the side that we write to is ended first; what still comes is read and dropped, for a while, until
the caller has left. Source: RFC 9112, section 9.6.

Seams used, all in `mitmproxy.proxy.server` (12.2): `ConnectionHandler.transports` and `close_connection`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mitmproxy.proxy import commands

if TYPE_CHECKING:
    from mitmproxy.connection import Connection

PART_S = 2.0
"""How long a caller may take to leave."""
MOST_DROPPED_BYTES = 64 * 1024 * 1024
"""So much of what nobody reads is taken from one caller; who sends more is cut off."""


class CloseInStages(commands.CloseConnection):
    """Close a connection on which a request is still coming in."""


def part(handler: Any, connection: Connection) -> None:
    """End our side of a connection now, and all of it once its peer has left, or `PART_S` are over.

    Args:
        handler: what serves the connection.
        connection: the caller's.
    """
    guard, writer = getattr(handler, "guard", None), handler.transports[connection].writer
    if guard is not None:
        guard.talk()  # what comes is neither a head nor a body any more, and has no other deadline
    if writer.can_write_eof():  # TLS can't; there the answer's length says where it ends
        handler.close_connection(connection, half_close=True)
    asyncio.get_running_loop().call_later(PART_S, _leave, handler, connection)


def _leave(handler: Any, connection: Connection) -> None:
    if connection in handler.transports:
        handler.close_connection(connection)
