"""Canaries: a keyed mark that the zone plants in its own answers, one for each tenant and day.

    U+2063, then 32 of U+200B U+200C U+200D U+2060: two bits each, first bits first

    day     2 bytes   days since 1970
    tenant  2 bytes   of keyed BLAKE2b over the tenant's name
    check   4 bytes   of keyed BLAKE2b over both: nobody without the key can make one

None of these characters is shown, and copying text keeps them. Where a request bears a canary of another
tenant than its own, or text on the domestic side bears any, a returned result has flowed on.

What it does not survive: editors and forms that drop invisible characters, retyping, pictures, paraphrase and
translation, and whoever looks for it. It is one more chance beside the fingerprints (`returned`), no proof of
absence. It stands once in an answer, and not in answers that are JSON or code from their beginning.

    >>> text = "Certainly." + mark(bytes(32), "toyco-sg", 20_000)
    >>> [(found.day, found.tenant == tenant_tag(bytes(32), "toyco-sg")) for found in find(bytes(32), text)]
    [(20000, True)]
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import NamedTuple

KIND = "canary"
CATEGORY = "returned_result"
CUE = "\u2063"
_SIGNS = "\u200b\u200c\u200d\u2060"
_MARK = re.compile(f"{CUE}([{_SIGNS}]{{32}})")
_VALUES = {sign: value for value, sign in enumerate(_SIGNS)}
_TAG_BYTES, _CHECK_BYTES = 2, 4


class Canary(NamedTuple):
    """A canary that was found.

    Attributes:
        start, end: where in the text.
        day: days since 1970.
        tenant: the tag of its tenant (`tenant_tag`).
    """

    start: int
    end: int
    day: int
    tenant: bytes


def tenant_tag(key: bytes, tenant: str) -> bytes:
    """Return what stands for a tenant in its canaries: 2 bytes, so that two tenants may share one."""
    return hashlib.blake2b(tenant.encode(), key=key, digest_size=_TAG_BYTES, person=b"canary tenant").digest()


def mark(key: bytes, tenant: str, day: int) -> str:
    """Make the canary of a tenant and day.

    Args:
        key: secret, 32 bytes.
        tenant: the tenant's name.
        day: days since 1970, less than 65,536.
    """
    body = day.to_bytes(2, "big") + tenant_tag(key, tenant)
    data = int.from_bytes(body + _check(key, body), "big")
    return CUE + "".join(_SIGNS[data >> shift & 3] for shift in range(62, -2, -2))


def find(key: bytes, text: str) -> Iterator[Canary]:
    """Find the canaries made with a key; what only looks like one is none."""
    if CUE not in text:
        return
    for found in _MARK.finditer(text):
        value = 0
        for sign in found.group(1):
            value = value << 2 | _VALUES[sign]
        data = value.to_bytes(8, "big")
        body, check = data[:4], data[4:]
        if hmac.compare_digest(check, _check(key, body)):
            yield Canary(found.start(), found.end(), int.from_bytes(body[:2], "big"), body[2:])


def plantable(text: str) -> bool:
    """Tell whether an answer's text is one for people: JSON and code break by what nobody sees."""
    return bool(text.strip()) and text.lstrip()[:1] not in ("{", "[", "`", "<", '"')


def _check(key: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=_CHECK_BYTES, person=b"canary check").digest()
