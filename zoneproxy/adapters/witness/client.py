"""One witness over HTTP, as a log asks it: two requests, each bounded in time and length.

Redirects are not followed and no proxy of the environment is used: what is asked for is asked there. Over
`http://` nothing is lost but privacy, because every answer that counts is signed.
"""

from __future__ import annotations

import hashlib
import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import MAX_NOTE_BYTES

_SCHEMES = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_CHUNK_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answered: status, content type, body."""

    status: int
    content_type: str
    body: bytes


class WitnessClient:
    """Asks one witness.

    Args:
        url: its submission prefix, which is taken for its monitoring prefix too.
        timeout_s: for one request, from connecting to the answer's last byte.

    Raises:
        ConfigError: it is no `http(s)` URL.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            parts, self._host = urlsplit(""), ""
        odd = parts.query or parts.fragment or parts.username or not url.isascii() or " " in url
        if parts.scheme not in _SCHEMES or not self._host or odd:
            raise ConfigError(
                f"`{url}` is no address of a witness",
                hint="write `https://host[:port][/prefix]`, its submission prefix",
            )
        self.url = url.rstrip("/")
        self._connect = _SCHEMES[parts.scheme]
        self._prefix = parts.path.rstrip("/")
        self._timeout_s = timeout_s

    def add_checkpoint(self, body: bytes) -> Reply:
        """Submit a checkpoint.

        Raises:
            OSError: the witness could not be asked, or its answer is none.
        """
        return self._ask("POST", "/add-checkpoint", body)

    def checkpoint(self, origin: str) -> bytes | None:
        """Return the newest checkpoint that the witness cosigned of a log; `None` if it knows none.

        Raises:
            OSError: the witness could not be asked, or its answer is none.
        """
        reply = self._ask("GET", f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint", None)
        if reply.status == http.client.NOT_FOUND:
            return None
        if reply.status != http.client.OK:
            raise OSError(f"it answers {reply.status} to the question for its checkpoint")
        return reply.body

    def _ask(self, method: str, path: str, body: bytes | None) -> Reply:
        deadline = time.monotonic() + self._timeout_s
        connection = self._connect(self._host, self._port, timeout=self._timeout_s)
        try:
            headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
            connection.request(method, self._prefix + path, body, headers)
            self._bound(connection, deadline)
            response = connection.getresponse()
            data = bytearray()
            while part := response.read1(_CHUNK_BYTES):
                data += part
                if len(data) > MAX_NOTE_BYTES:
                    raise OSError("its answer is too long")
                self._bound(connection, deadline)
            if response.length:
                raise OSError("its answer is cut off")
            return Reply(response.status, response.headers.get_content_type(), bytes(data))
        except http.client.HTTPException as error:
            raise OSError(f"its answer is none: {type(error).__name__}") from error
        finally:
            connection.close()

    @staticmethod
    def _bound(connection: http.client.HTTPConnection, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        if connection.sock is not None:
            connection.sock.settimeout(left)
