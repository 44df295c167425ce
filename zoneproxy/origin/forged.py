"""Header names that belong to the boundary.

The boundary alone writes `zone-...` headers. A client that sends one tries to write its own tag: it
is stripped, and the attempt is a fact. Servers that read headers through CGI-like variables take
`_` for `-` (RFC 3875 section 4.1.18), so `zone_origin` would reach them as the tag: underscores are
read as hyphens here too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

_PREFIXES = ("zone-", "x-zone-")
_NAMES = frozenset({"zone", "x-zone", "zoneproxy", "x-zoneproxy"})

# The one header of ours that a zone workload has to send: it names the exchange it works for.
FLOW_HEADER = "zone-flow"


def is_ours(name: str) -> bool:
    """Tell whether a header of this name may be written by the boundary only.

    >>> is_ours("X_Zone_Origin"), is_ours("time-zone")
    (True, False)
    """
    plain = name.strip().lower().replace("_", "-")
    return plain in _NAMES or plain.startswith(_PREFIXES)


def forged(headers: Iterable[tuple[str, str]], *, expected: Collection[str] = ()) -> bool:
    """Tell whether a request bears a header of ours.

    Args:
        headers: names and values as received.
        expected: lower-case names that this door asks for (`FLOW_HEADER` at the outward door).
    """
    return any(is_ours(name) and name.lower() not in expected for name, _ in headers)
