"""A server that says the same fixed bytes to whoever asks."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Scripted(socketserver.BaseRequestHandler):
    answer = b""

    def handle(self) -> None:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.request.recv(65_536)
        self.request.sendall(self.answer)


@contextmanager
def scripted(answer: bytes) -> Iterator[int]:
    """Serve the same fixed bytes on every connection, then close it; yields the port on 127.0.0.1."""
    handler = type("Handler", (_Scripted,), {"answer": answer})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(5)
