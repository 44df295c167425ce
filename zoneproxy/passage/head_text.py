"""What a request's head carries across beside its body: the target, and the headers that are forwarded.

A body that was looked into is worth little while a query or a header goes along unread.
"""

from __future__ import annotations

import functools

from zoneproxy.content.scan import ScanSettings, scan_text
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.forwarding import forwarded
from zoneproxy.terms.finding import Finding, Segment

_MOST_KEPT = 256


def scan_head(exchange: Exchange) -> tuple[Finding, ...]:
    """Find what may not cross in a request's target and in the headers that go on with it.

    A message of a session has none of its own: those of the handshake were looked into.
    """
    if exchange.session is not None:
        return ()
    path = str(exchange.facts.get("request.path", ""))
    texts = [path, exchange.query, *(f"{name}: {value}" for name, value in forwarded(exchange))]
    return tuple(finding for text in texts if text for finding in _scan(text, exchange.rules.scan))


def _scan(text: str, settings: ScanSettings) -> tuple[Finding, ...]:
    # Most heads say what the head before said; what is long is not worth the memory.
    return (
        _remembered(text, settings) if len(text) <= _MOST_KEPT else scan_text(text, Segment.UNKNOWN, settings)
    )


@functools.lru_cache(maxsize=1024)
def _remembered(text: str, settings: ScanSettings) -> tuple[Finding, ...]:
    return scan_text(text, Segment.UNKNOWN, settings)
