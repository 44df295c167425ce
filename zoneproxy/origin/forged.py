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

# What a zone workload repeats of the request that it works for, see `zoneproxy.origin.carried`.
FLOW_HEADER = "zone-flow"
CARRIED = ("zone-origin", "signature-input", "signature", FLOW_HEADER)

_SIGNATURES = ("signature", "signature-input")
_OURS = re.compile(r'(?:\A|,)\s*zone\s*=|;\s*tag\s*=\s*"zone-origin"')


def is_ours(name: str) -> bool:
    """Tell whether a header of this name may be written by the boundary only.

    >>> is_ours("X_Zone_Origin"), is_ours("time-zone")
    (True, False)
    """
    plain = name.strip().lower().replace("_", "-")
    return plain in _NAMES or plain.startswith(_PREFIXES)


def speaks_for_us(name: str, value: str) -> bool:
    """Tell whether a header is a message signature that says it is the tag's.

    >>> speaks_for_us("Signature", "zone=:AAAA:"), speaks_for_us("signature", "mine=:AAAA:")
    (True, False)
    """
    return name.strip().lower().replace("_", "-") in _SIGNATURES and _OURS.search(value) is not None


def forged(headers: Iterable[tuple[str, str]], *, expected: Collection[str] = ()) -> bool:
    """Tell whether a request bears a header of ours, or a signature that passes itself off as the tag's.

    Args:
        headers: names and values as received.
        expected: lower-case names that this door asks for (`CARRIED` at the outward door).
    """
    for name, value in headers:
        plain = name.lower()
        # Both names hold one of these words, however the hyphens in them are spelled.
        if ("zone" in plain or "signature" in plain) and (
            (is_ours(name) or speaks_for_us(name, value)) and plain not in expected
        ):
            return True
    return False
