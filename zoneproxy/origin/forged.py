"""Header names that belong to the boundary.

The boundary alone writes `zone-...` headers. A client that sends one tries to write its own tag: it
is stripped, and the attempt is a fact. Servers that read headers through CGI-like variables take
`_` for `-` (RFC 3875 section 4.1.18), so `zone_origin` would reach them as the tag: underscores are
read as hyphens here too.

A message signature (RFC 9421) may be a client's own and is none of our business, unless it says that it is
the tag's: by our label, or by our `tag` parameter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_PREFIXES = ("zone-", "x-zone-")
_NAMES = frozenset({"zone", "x-zone", "zoneproxy", "x-zoneproxy"})

# The one header of ours that a zone workload has to send: it names the exchange it works for.
FLOW_HEADER = "zone-flow"

_SIGNATURES = ("signature", "signature-input")
_OURS = re.compile(r'(?:\A|,)\s*zone\s*=|;\s*tag\s*=\s*"zone-origin"')


def is_ours(name: str) -> bool:
    """Tell whether a header of this name may be written by the boundary only.

    >>> is_ours("X_Zone_Origin"), is_ours("time-zone")
    (True, False)
    """
    plain = name.strip().lower().replace("_", "-")
    return plain in _NAMES or plain.startswith(_PREFIXES)


def forged(headers: Iterable[tuple[str, str]], *, expected: Collection[str] = ()) -> bool:
    """Tell whether a request bears a header of ours, or a signature that passes itself off as the tag's.

    Args:
        headers: names and values as received.
        expected: lower-case names that this door asks for (`FLOW_HEADER` at the outward door).
    """
    return any(
        (is_ours(name) and name.lower() not in expected)
        or (name.strip().lower().replace("_", "-") in _SIGNATURES and _OURS.search(value) is not None)
        for name, value in headers
    )
