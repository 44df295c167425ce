"""One raw HTTP exchange over a socket: what a test sends, and what comes back until it is over."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io

from zoneproxy.policy.wire import Answer

_CHUNK = 65_536
MAX_ANSWER = 16 << 20
_LAST_CHUNK = b"\r\n0\r\n\r\n"


class _Bytes:
    """As much of a socket as the standard library's parser of answers needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        """Return what was received as a file."""
        return io.BytesIO(self._data)


def parse_answer(data: bytes, *, method: str, ended: bool) -> Answer | None:
    """Read an HTTP/1.1 answer from what has arrived so far.

    Args:
        data: the bytes.
        method: of the request; an answer to HEAD has no body.
        ended: the connection was closed: no more will come.

    Returns:
        The answer, with the body that there is; `None` where more may come.
    """
    if b"\r\n\r\n" not in data:  # the parser would take a cut head for a whole one
        return Answer() if ended else None
    response = http.client.HTTPResponse(_Bytes(data), method=method)  # type: ignore[arg-type]  # reads a file of it
    try:
        response.begin()
    except (http.client.HTTPException, OSError, ValueError):
        return Answer() if ended else None
    whole = True
    try:
        body = response.read()
    except http.client.IncompleteRead as error:
        body, whole = error.partial, False
    except (OSError, ValueError):
        body, whole = b"", False
    if response.chunked and not data.endswith(_LAST_CHUNK):
        whole = False
    headers = {name.lower(): value for name, value in response.getheaders()}
    by_close = response.length is None and not response.chunked and "content-length" not in headers
    if not ended and (by_close or not whole):
        return None
    return Answer(response.status, headers, body, whole)


async def send(host: str, port: int, *, peer: str, data: bytes, timeout_s: float) -> tuple[Answer, bool]:
    """Send bytes to a door and read what comes back.

    Args:
        host: address of the door.
        port: its port.
        peer: the address to call from.
        data: the whole request.
        timeout_s: how long everything may take.

    Returns:
        The answer, as far as it came, and whether the time ran out.
    """
    method = data.partition(b" ")[0].decode("latin-1")
    got, late = b"", False
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port, local_addr=(peer, 0))
            try:
                writer.write(data)
                await writer.drain()
                while len(got) < MAX_ANSWER and (chunk := await reader.read(_CHUNK)):
                    got += chunk
                    if (answer := parse_answer(got, method=method, ended=False)) is not None:
                        return answer, False
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        late = True
    except OSError:
        pass  # the door closed the connection: what came before is what there is
    return parse_answer(got, method=method, ended=True) or Answer(), late
