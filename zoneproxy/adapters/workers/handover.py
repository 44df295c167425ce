"""A worker's end for the others: it says which exchanges are its own, and takes their connections.

A workload's call names an exchange, which one worker serves; the kernel gives the connection to any. The
worker that accepted it asks the others, and hands it over to the one that has the exchange. Each has a Unix
stream socket of mode 0600 beside its control socket; both ends ask the kernel who the other one is
(SO_PEERCRED), and hear their own user and root only. One connection carries one question, and perhaps one
hand-over:

    question    {"flow": "01a1fdc3-..."}
    answer      {"has": true}                   with `false` the connection ends
    hand-over   {"route": ..., "caller": [address, port], "arrival": {...}}, LF, bytes that were read already;
                with the first byte comes the connection's descriptor (SCM_RIGHTS), exactly one
    answer      {"taken": true}

Each is a frame: its length in bytes (4 bytes, big endian, at most `MAX_FRAME_BYTES`), then what it holds.
Both ends give up after `DEADLINE_S`.

Once a descriptor is sent its giver neither reads nor writes there any more, whatever becomes of the
hand-over: a connection is served by one worker or closed. A taker that can't serve it closes it.

Trust: whoever passes the check of credentials is a process of the zone's own user, and is believed about the
connection: who calls, by which door, and what the door found. The descriptor is looked at: a stream socket.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import os
import socket
import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.workers.control import bind, put_away
from zoneproxy.origin.arrival import Arrival
from zoneproxy.origin.certificate import ClientCertificate
from zoneproxy.terms.errors import ConfigError

log = logging.getLogger("zoneproxy.handover")

MAX_FRAME_BYTES = 1024 * 1024
DEADLINE_S = 5.0
MOST_AT_ONCE = 256
_LENGTH = struct.Struct(">I")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))
_DESCRIPTOR = struct.Struct("i")
_READ_BYTES = 65_536
_FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


class HandoverError(Exception):
    """A neighbour said what is no word of this protocol, or is nobody to talk to."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A connection that comes from another worker.

    Attributes:
        route: the door that it came in by.
        sock: the connection itself, or one end of a pipe to it; not blocking.
        caller: who calls, by the door's word.
        arrival: how it came.
        ahead: what was read of it already, to be read first.
    """

    route: str
    sock: socket.socket
    caller: tuple[str, int]
    arrival: Arrival
    ahead: bytes


class HandoverServer:
    """Answers the other workers.

    Args:
        path: where the socket stands, in a folder that is there; with `None` it opens none.
        has: tells whether a workload may call for the exchange of that id, here and now.
        take: takes a connection; it owns the socket from then on.
        deadline_s: how long one question and its hand-over may take, in seconds.
    """

    def __init__(
        self,
        path: Path | None,
        has: Callable[[str], bool],
        take: Callable[[Handed], object],
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._path, self._has, self._take, self._deadline_s = path, has, take, deadline_s
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the socket.

        Raises:
            ConfigError: it can't be made.
        """
        if self._path is None:
            return
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            put_away(self._path)
            bind(listener, self._path)
            listener.listen(MOST_AT_ONCE)
        except OSError as error:
            listener.close()
            raise ConfigError(
                f"the socket `{self._path}` of a worker can't be made: {why(error)}",
                hint="check the folder of `control.socket` in zone.yaml, and its owner",
            ) from None
        self._listener = listener
        self._accepting = asyncio.ensure_future(self._accept(listener))

    async def close(self) -> None:
        """Answer no more, and remove the socket; once."""
        if self._path is None or self._listener is None or self._accepting is None:
            return
        tasks = [self._accepting, *self._serving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()
        self._listener = None
        with contextlib.suppress(OSError):
            self._path.unlink()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(listener)
            except OSError:
                log.exception("a neighbour can't be heard")
                await asyncio.sleep(self._deadline_s / 10)
                continue
            if len(self._serving) >= MOST_AT_ONCE:
                sock.close()
                continue
            task = asyncio.ensure_future(self._serve(sock))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, sock: socket.socket) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                insist_on_own(sock)
                question = read_object(await receive(sock))
                flow = question.get("flow")
                has = isinstance(flow, str) and self._has(flow)
                await send(sock, write_object({"has": has}))
                if has:
                    handed = await _receive_connection(sock)
                    try:
                        self._take(handed)
                    except BaseException:
                        handed.sock.close()
                        raise
                    await send(sock, write_object({"taken": True}))
        except (HandoverError, OSError, EOFError) as error:  # a time-out is an OSError
            log.info("a neighbour's question broke off: %s", error or type(error).__name__)
        except Exception:
            log.exception("a neighbour could not be served")
        finally:
            sock.close()


async def _receive_connection(sock: socket.socket) -> Handed:
    """Receive a connection; whatever is wrong with what came is closed.

    Raises:
        HandoverError: it is no connection.
        OSError, EOFError: the giver has gone.
    """
    data, descriptors = await _receive_first(sock)
    try:
        told, _, ahead = (await _whole(sock, data)).partition(b"\n")
        value = read_object(told)
        caller, arrival = read_caller(value.get("caller")), read_arrival(value.get("arrival"))
        passed = _socket_of(descriptors)
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise
    passed.setblocking(False)  # noqa: FBT003 - the standard library has it so
    return Handed(str(value.get("route", "")), passed, caller, arrival, ahead)


def _socket_of(descriptors: Sequence[int]) -> socket.socket:
    if len(descriptors) != 1 or not stat.S_ISSOCK(os.fstat(descriptors[0]).st_mode):
        raise HandoverError("a connection comes with exactly one descriptor, a socket's")
    passed = socket.socket(fileno=descriptors[0])
    if passed.type != socket.SOCK_STREAM or passed.family not in _FAMILIES:
        passed.detach()
        raise HandoverError("what was handed over is no connection")
    return passed


# ---- frames ------------------------------------------------------------------------------------------


def insist_on_own(sock: socket.socket) -> None:
    """Refuse a peer that is neither this process' own user nor root.

    Raises:
        HandoverError: it is somebody else.
    """
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, uid, _gid = _CREDENTIALS.unpack(data)
    if uid not in (0, os.geteuid()):
        raise HandoverError("a stranger at a worker's socket")


async def receive(sock: socket.socket) -> bytes:
    """Receive a frame; descriptors that come with it are the kernel's to close.

    Raises:
        HandoverError: it is too long.
        OSError, EOFError: the peer has gone.
    """
    return await _whole(sock, b"")


async def send(sock: socket.socket, data: bytes, descriptor: int | None = None) -> None:
    """Send a frame, with a descriptor at its first byte.

    Raises:
        ValueError: it is too long.
        OSError: the peer has gone, or its buffers are full and a descriptor was to go along.
    """
    if len(data) > MAX_FRAME_BYTES:
        raise ValueError("the frame is too long")
    loop, frame = asyncio.get_running_loop(), _LENGTH.pack(len(data)) + data
    if descriptor is not None:
        # The frames before this one were answered: what is sent now finds empty buffers.
        frame = frame[socket.send_fds(sock, [frame], [descriptor]) :]
    # An empty rest must not be sent: who has all of it may have answered and gone, and that is no failure.
    if frame:
        await loop.sock_sendall(sock, frame)


async def _whole(sock: socket.socket, data: bytes) -> bytes:
    """Receive the rest of a frame of which some bytes have come."""
    loop, size = asyncio.get_running_loop(), None
    while size is None or len(data) < _LENGTH.size + size:
        if size is None and len(data) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(data)
            if size > MAX_FRAME_BYTES:
                raise HandoverError("the frame is too long")
            continue
        want = _READ_BYTES if size is not None else _LENGTH.size
        limit = want - len(data) if size is None else min(want, _LENGTH.size + size - len(data))
        more = await loop.sock_recv(sock, limit)
        if not more:
            raise EOFError
        data += more
    return data[_LENGTH.size :]


async def _receive_first(sock: socket.socket) -> tuple[bytes, list[int]]:
    """Receive the first bytes of a frame, with what descriptors come with them."""
    while True:
        try:
            data, ancillary, flags, _ = sock.recvmsg(
                _LENGTH.size, socket.CMSG_SPACE(_DESCRIPTOR.size), socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            await _readable(sock)
            continue
        found: list[int] = []
        for level, kind, packed in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                whole = len(packed) - len(packed) % _DESCRIPTOR.size
                found += [one for (one,) in _DESCRIPTOR.iter_unpack(packed[:whole])]
        if not data or flags & socket.MSG_CTRUNC:
            for descriptor in found:
                os.close(descriptor)
            raise (HandoverError("more descriptors than one") if data else EOFError)
        return data, found


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock, _set_done, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def _set_done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def write_object(value: Mapping[str, Any]) -> bytes:
    """Write what a frame holds."""
    return json.dumps(value, separators=(",", ":")).encode()


def read_object(data: bytes) -> dict[str, Any]:
    """Read what a frame holds.

    Raises:
        HandoverError: it is no JSON object.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise HandoverError("a frame holds a JSON object")
    return value


def write_arrival(arrival: Arrival) -> dict[str, Any]:
    """Write how a connection came as JSON values."""
    told = asdict(arrival)
    if (certificate := arrival.certificate) is not None:
        issuer, number = certificate.serial
        told["certificate"] |= {
            "identities": sorted(certificate.identities),
            "serial": [base64.b64encode(issuer).decode(), str(number)],
        }
    return told


def read_arrival(value: Any) -> Arrival:
    """Read how a connection came.

    Raises:
        HandoverError: it does not say that.
    """
    try:
        told = dict(value)
        if (certificate := told["certificate"]) is not None:
            issuer, number = certificate["serial"]
            told["certificate"] = ClientCertificate(
                **{
                    **certificate,
                    "identities": frozenset(certificate["identities"]),
                    "serial": (base64.b64decode(issuer), int(number)),
                }
            )
        return Arrival(**told)
    except (TypeError, ValueError, KeyError):
        raise HandoverError("this is not how a connection comes") from None


def read_caller(value: Any) -> tuple[str, int]:
    """Read who calls.

    Raises:
        HandoverError: it is no address with a port.
    """
    match value:
        case [str(host), int(port)]:
            return host, port
    raise HandoverError("nobody calls")
