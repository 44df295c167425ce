"""A body that nobody needs: that of a request which was refused by its head.

The core keeps a request's body until it is whole. A stranger's would fill the memory for nothing; so it is
counted, for its limit holds, and not kept.

Seam used: `request_body_buf` of `mitmproxy.proxy.layers.http.HttpStream` (12.2), which is added to, measured,
read as bytes and cleared.
"""

from __future__ import annotations

from typing import Self


class Dropped:
    """Takes the place of a body's buffer where nobody needs the body: it counts, and keeps nothing."""

    def __init__(self) -> None:
        self._size = 0

    def __iadd__(self, data: bytes) -> Self:
        """Count what came."""
        self._size += len(data)
        return self

    def __len__(self) -> int:
        """So many bytes came: a body's limit holds for it, too."""
        return self._size

    def __bytes__(self) -> bytes:
        """Nothing of them is there."""
        return b""

    def clear(self) -> None:
        """Count from the beginning."""
        self._size = 0
