"""The gate of a door that demands more than a connection: a front's PROXY header, TLS, or both.

In this order, each within a deadline and with bounded bytes:

    1 the peer is one of the route's fronts      else closed
    2 its PROXY header, version 2                else closed
    3 the TLS handshake, by Python's `ssl`       else closed
    4 what came of both is the connection's `Arrival`, and HTTP begins

The header is read from the bare socket, exactly as many bytes as it says: nothing that stands behind it can
be taken for a part of the handshake or of a request. A connection that is closed here is recorded as a
refused request of which nothing was read.

mitmproxy's own TLS is not used: its request for a client certificate verifies nothing, and its ports take
plain HTTP as well.

A connection costs its caller next to nothing, so their records are bounded as those of all strangers
(`addons/refusals.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

from addons.heads import unread
from zoneproxy.meter.occupancy import Occupancy
from zoneproxy.meter.refusals import places_of
from zoneproxy.origin.arrival import PLAIN, Arrival, passed_on
from zoneproxy.origin.certificate import CertificateError
from zoneproxy.origin.proxy_protocol import FIXED_BYTES, ProxyHeaderError, read_header, rest_bytes
from zoneproxy.terms.networks import read_address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from addons.boundary import Boundary
    from addons.refusals import DoorRecords
    from zoneproxy.assembly import Listener

    Peer = tuple[str, int]
    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Peer, Arrival], Awaitable[None]]

log = logging.getLogger("zoneproxy.gate")

_NO_SOCKETS_S = 0.5
_SHUTDOWN_S = 5.0
_PARTS = 8
"""Of the places before the gate one source has so small a part."""


def open_listening(host: str, port: int, backlog: int) -> socket.socket:
    """Bind a listening socket as the doors without a gate do; a port that is taken is an error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=backlog)


class NotAdmittedError(Exception):
    """A connection does not pass the gate.

    Args:
        state: the value of the fact `request.state`: `no_front` or `no_tls`.
        detail: why, in our words, kept privately.
    """

    def __init__(self, state: str, detail: str) -> None:
        super().__init__(detail)
        self.state, self.detail = state, detail


def demands(listener: Listener) -> bool:
    """Tell whether a door has a gate."""
    return bool(listener.fronts) or listener.tls is not None


class Gate:
    """Accepts a door's connections and lets those through that prove what the door demands.

    To mitmproxy it is the server of the door: it has `sockets` and is closed with `close`.

    Args:
        listening: the listening socket; the gate owns it.
        listener: what the door demands.
        most_waiting: connections that may be on their way through it; more are closed at once.
        timeout_s: seconds for all that comes before HTTP.
        serve: takes a connection that passed.
        records: says which refusals are recorded, and counts the others.
        refused: takes a peer and why it did not pass.
    """

    def __init__(
        self,
        listening: socket.socket,
        listener: Listener,
        *,
        most_waiting: int,
        timeout_s: float,
        serve: Serve,
        records: DoorRecords,
        refused: Callable[[Peer, Arrival, NotAdmittedError], Awaitable[None]],
    ) -> None:
        listening.settimeout(0)
        self.sockets = (listening,)
        self._listener = listener
        self._timeout_s = timeout_s
        self._serve, self._records, self._refused = serve, records, refused
        # Whoever says nothing keeps no place from others; fronts are few, and all callers are theirs.
        most_of_one = most_waiting if listener.fronts else -(-most_waiting // _PARTS)
        self._room = Occupancy(most_waiting, most_of_one)
        self._tasks = set[asyncio.Task[None]]()
        self._accepting = asyncio.ensure_future(self._accept(listening))

    @property
    def waiting(self) -> int:
        """How many connections are on their way through it."""
        return self._room.total

    def close(self) -> None:
        """Accept no more; connections that came already go on."""
        self._accepting.cancel()
        for listening in self.sockets:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, peer = await loop.sock_accept(listening)
            except ConnectionError:
                continue
            except OSError:
                # No file descriptors or no memory: those who serve must end first.
                log.exception("a connection can't be accepted")
                await asyncio.sleep(_NO_SOCKETS_S)
                continue
            source = places_of(read_address(peer[0]))[0]
            if not self._room.enter(source):
                log.warning("closed a connection: %d others are not through the gate yet", self.waiting)
                self._records.no_room(peer[0])
                sock.close()
                continue
            task = asyncio.ensure_future(self._admit(sock, peer[:2], source))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _admit(self, sock: socket.socket, peer: Peer, source: object) -> None:
        told, writer, ours = PLAIN, None, True
        try:
            try:
                async with asyncio.timeout(self._timeout_s):
                    caller, told = await self._read_front(sock, peer)
                    ours = False  # from here on the transport closes it
                    reader, writer, arrival = await self._open(sock, told)
            finally:
                self._room.leave(source)
            await self._serve(reader, writer, caller, arrival)
        except NotAdmittedError as error:
            await self._refuse(peer, told, error)
        except TimeoutError:
            state = "no_front" if self._listener.fronts and told is PLAIN else "no_tls"
            await self._refuse(peer, told, NotAdmittedError(state, "what must come first came too slowly"))
        except Exception:
            log.exception("fault at the gate")
        finally:
            if writer is not None:
                writer.close()
            elif ours:
                sock.close()

    async def _refuse(self, peer: Peer, told: Arrival, error: NotAdmittedError) -> None:
        """Record a refusal, or count it where there are too many."""
        if self._records.takes(peer[0], error.state):
            log.info("closed a connection from %s: %s", peer[0], error.detail)
            await self._refused(peer, told, error)

    async def _read_front(self, sock: socket.socket, peer: Peer) -> tuple[Peer, Arrival]:
        """Read who calls from the front's header; without fronts it is the peer itself."""
        if not self._listener.fronts:
            return peer, PLAIN
        address = read_address(peer[0])
        if address is None or not any(address in prefix for prefix in self._listener.fronts):
            raise NotAdmittedError("no_front", "the peer is no front of this route")
        try:
            fixed = await _exactly(sock, FIXED_BYTES)
            forwarded = read_header(fixed + await _exactly(sock, rest_bytes(fixed)))
            return (forwarded.host, forwarded.port), passed_on(str(address), forwarded)
        except (ProxyHeaderError, CertificateError) as error:
            raise NotAdmittedError("no_front", str(error)) from None
        except OSError:
            raise NotAdmittedError("no_front", "the connection ended before its PROXY header") from None

    async def _open(
        self, sock: socket.socket, arrival: Arrival
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Arrival]:
        """Make the streams of a connection, inside TLS where the door demands it."""
        loop, tls = asyncio.get_running_loop(), self._listener.tls
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        secured: dict[str, Any] = {}
        if tls is not None:
            secured = {
                "ssl": tls.context,
                "ssl_handshake_timeout": self._timeout_s,
                "ssl_shutdown_timeout": _SHUTDOWN_S,
            }
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, **secured)
        except ssl.SSLError as error:
            raise NotAdmittedError("no_tls", f"the TLS handshake failed: {_words(error)}") from None
        except OSError:
            raise NotAdmittedError("no_tls", "the TLS handshake was broken off") from None
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        if tls is None:
            return reader, writer, arrival
        try:
            return reader, writer, tls.arrival(transport.get_extra_info("ssl_object"), arrival)
        except CertificateError as error:
            transport.abort()
            raise NotAdmittedError("no_tls", str(error)) from None


async def _exactly(sock: socket.socket, size: int) -> bytes:
    loop, got = asyncio.get_running_loop(), b""
    while len(got) < size:
        data = await loop.sock_recv(sock, size - len(got))
        if not data:
            raise ConnectionResetError
        got += data
    return got


def _words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"client certificate: {error.verify_message}"
    if error.reason == "CALLBACK_FAILED":
        return "the name that was asked for is not served here"
    return (error.reason or "unknown error").lower().replace("_", " ")


async def record_refusal(
    boundary: Boundary, route: str, peer: Peer, arrival: Arrival, error: NotAdmittedError
) -> None:
    """Record a connection that did not pass; nothing of a request was read."""
    core = boundary.assembled()
    if not boundary.ready:
        return
    passage = core.begin(route=route, connection=core.flow_id(), peer=peer, arrival=arrival)
    crossing = boundary.crossings.begin(passage, core.journal)
    with contextlib.suppress(asyncio.CancelledError):
        await crossing.take(unread(error.state, error.detail, core))
    boundary.crossings.end(crossing)
