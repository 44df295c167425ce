"""What heads carry across beside bodies: a request's target and forwarded headers, and an answer's headers.

A body that was looked into is worth little while a query or a header goes along unread. Of an answer's head
only what the API defines goes on, each field once and short: it is not weighed, so it must be very little.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from zoneproxy.content.scan import ScanSettings, scan_text
from zoneproxy.passage.events import Headers
from zoneproxy.passage.exchange import Exchange, sole
from zoneproxy.passage.forwarding import forwarded
from zoneproxy.terms.finding import Finding, Segment

_MOST_KEPT = 256
# What a caller gets to see of a server's headers: what the body is, and what the API defines.
_OUT = ("content-type", "cache-control", "retry-after", "openai-processing-ms", "x-request-id",
        "request-id", "content-disposition")  # fmt: skip


def scan_head(exchange: Exchange) -> tuple[Finding, ...]:
    """Find what may not cross in a request's target and in the headers that go on with it.

    A message of a session has none of its own: those of the handshake were looked into.
    """
    if exchange.session is not None:
        return ()
    path = str(exchange.facts.get("request.path", ""))
    texts = [path, exchange.query, *(f"{name}: {value}" for name, value in forwarded(exchange))]
    return tuple(finding for text in texts if text for finding in _scan(text, exchange.rules.scan))


def read_answer_head(headers: Headers, settings: ScanSettings) -> tuple[Headers, tuple[Finding, ...]]:
    """Choose what of an answer's head may leave, and tell what was found in it.

    A field that stands twice or is long stays behind; so does one in which something was found, whatever the
    policy says of the finding: in a head nothing can be masked.

    Args:
        headers: the server's, names in lower case.
        settings: what is looked for.
    """
    kept: list[tuple[str, str]] = []
    found: tuple[Finding, ...] = ()
    for name in _OUT:
        value = sole(headers, name)
        if value is not None and len(value) <= _MOST_KEPT:
            here = tuple(replace(one, segment=Segment.OUTPUT) for one in _scan(f"{name}: {value}", settings))
            found += here
            kept += [] if here else [(name, value)]
    return tuple(kept), found


def _scan(text: str, settings: ScanSettings) -> tuple[Finding, ...]:
    # Most heads say what the head before said; what is long is not worth the memory.
    return (
        _remembered(text, settings) if len(text) <= _MOST_KEPT else scan_text(text, Segment.UNKNOWN, settings)
    )


@functools.lru_cache(maxsize=1024)
def _remembered(text: str, settings: ScanSettings) -> tuple[Finding, ...]:
    return scan_text(text, Segment.UNKNOWN, settings)
