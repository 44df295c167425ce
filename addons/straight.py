"""The straight way of a streamed answer: past layers that would only hand its pieces on.

An event of a stream goes through eight layers of the core, and most of them say nothing. Where all of them
stand as they do in the midst of a streamed answer, the whole chunks that what came begins with go to the
passage at once, and what the passage delivers goes to the caller in a chunk. Everything else (the end, a
piece of a chunk, a record to wait for, a cut, and all that came behind these) goes through the layers as
ever; nothing was taken out of their buffers, so they never know. Chunks that came together are judged one by
one, or a cut would take along what came before its reason.

Seams used, all in `mitmproxy.proxy.layers.http` (12.2): the states of `Http1Connection` and `Layer._paused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mitmproxy.proxy.layers.http import HttpClient

from addons.ends import ZoneHttp1Client, ZoneHttp1Server
from addons.framing import StrictChunks

if TYPE_CHECKING:
    from mitmproxy.connection import Connection
    from mitmproxy.proxy.layers.http import HttpLayer


def flowing_from(layer: HttpLayer, server: Connection) -> Any:
    """Return the one stream of a layer whose answer flows from a server, at a place where a chunk begins.

    Args:
        layer: all streams of a caller's connection.
        server: the connection on which something came.

    Returns:
        The stream, or `None` where anything stands otherwise.
    """
    end = layer.connections.get(server)
    if type(end) is not HttpClient or end._paused is not None or len(layer.streams) != 1:  # noqa: SLF001
        return None
    (stream,) = layer.streams.values()
    near: Any = layer.connections[layer.context.client]
    far: Any = end.child_layer
    flows = (
        stream.context.server is server
        and getattr(stream, "flowing", False)
        and _reads_chunks(far)
        and _writes_chunks(near)
        and far.stream_id == near.stream_id == stream.stream_id
    )
    return stream if flows else None


def chunk_of(data: bytes) -> bytes:
    """Write a chunk; never an empty one, which would be the last."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _reads_chunks(far: Any) -> bool:
    return (
        type(far) is ZoneHttp1Client
        and far._paused is None  # noqa: SLF001
        and not far.buf
        and far.state == far.read_body
        and isinstance(far.body_reader, StrictChunks)
        and far.body_reader.between
    )


def _writes_chunks(near: Any) -> bool:
    return type(near) is ZoneHttp1Server and near._paused is None and near.in_chunks  # noqa: SLF001
