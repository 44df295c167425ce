"""Private fields: one commitment in the entry, an opening record beside the log.

The private fields of an entry form a fixed list (see `zoneproxy.trace.schema`). Each is an SD-JWT
disclosure, and one root disclosure holds their digests, so that the entry carries 43 characters:

    d(name)   = b64url(JSON([salt, name, value]))           digest = b64url(SHA-256(d))
    root      = b64url(JSON([salt, "prv", {"_sd": [sorted digests of all fields]}]))
    entry.prv = digest(root)

b64url has no padding; JSON is compact and ASCII; a salt is b64url of 16 bytes,
SHA-256(seed || name)[:16], from one random seed of 32 bytes an entry.

The opening record is canonical ASCII JSON, `{"fields":{name:value,...},"seed":b64url}`. To erase a
field its value **and the seed** go: the other salts and the erased field's digest are then written
out, `{"digests":{name:digest},"fields":{...},"salts":{name:salt}}` (with the salt of `prv` among
them). With the seed left, a small domain could be guessed through.

Worked example: with a seed of 32 zero bytes and the one field `detail` null, the field's salt is
b64url(SHA-256(seed || "detail")[:16]) and its disclosure is b64url of `["<salt>","detail",null]`.

Trust: whoever holds an opening can show what the fields were; nobody can show anything else.

Source: RFC 9901 (SD-JWT), sections 4.2.1, 4.2.3 and 4.2.6 (recursive disclosures).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import VerificationError

SEED_BYTES = 32
SALT_BYTES = 16
ROOT = "prv"
COMMITMENT_CHARS = 43


def b64url(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens an entry's commitment.

    Attributes:
        fields: name to value of the fields that are still there.
        salts: name to salt (b64url) of those fields and of `prv`.
        digests: name to digest of the fields that were erased.
    """

    fields: Mapping[str, Any]
    salts: Mapping[str, str]
    digests: Mapping[str, str]

    def disclosures(self) -> list[str]:
        """Return the root disclosure, then one for each field that is still there, by name."""
        made = {
            name: _disclosure(self.salts[name], name, value) for name, value in sorted(self.fields.items())
        }
        digests = sorted([*map(_digest, made.values()), *self.digests.values()])
        return [_disclosure(self.salts[ROOT], ROOT, {"_sd": digests}), *made.values()]

    def commitment(self) -> str:
        """Return what the entry must bear as `prv`, 43 characters."""
        return _digest(self.disclosures()[0])


def commit(fields: Mapping[str, Any], seed: bytes) -> tuple[str, bytes]:
    """Commit to private fields.

    Args:
        fields: all private fields of the kind.
        seed: 32 fresh random bytes.

    Returns:
        The entry's `prv` (43 characters), and the opening record.
    """
    opening = Opening(fields, _salts(fields, seed), {})
    record = {"fields": dict(fields), "seed": b64url(seed)}
    return opening.commitment(), _dump(record, sort_keys=True).encode("ascii")


def parse_opening(record: bytes) -> Opening:
    """Read an opening record.

    Raises:
        VerificationError: it is not one.
    """
    try:
        made = json.loads(record.decode("ascii"))
        fields = made["fields"]
        if made.keys() == {"fields", "seed"}:
            seed = base64.urlsafe_b64decode(made["seed"] + "=")
            opening = Opening(fields, _salts(fields, seed), {})
            sound = len(seed) == SEED_BYTES
        else:
            opening = Opening(fields, made["salts"], made["digests"])
            sound = made.keys() == {"fields", "salts", "digests"}
        opening.commitment()  # shows that every salt is there
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise VerificationError("this is not an opening record", where="opening")
    return opening


def check_opening(record: bytes, commitment: str) -> Opening:
    """Read an opening record and check that it opens this commitment.

    Raises:
        VerificationError: it does not.
    """
    opening = parse_opening(record)
    if opening.commitment() != commitment:
        raise VerificationError("the opening does not match the entry's commitment", where="opening")
    return opening


def _salts(fields: Mapping[str, Any], seed: bytes) -> dict[str, str]:
    return {
        name: b64url(hashlib.sha256(seed + name.encode()).digest()[:SALT_BYTES]) for name in (*fields, ROOT)
    }


def _disclosure(salt: str, name: str, value: Any) -> str:
    return b64url(_dump([salt, name, value]).encode("ascii"))


def _digest(disclosure: str) -> str:
    return b64url(hashlib.sha256(disclosure.encode("ascii")).digest())


def _dump(value: Any, *, sort_keys: bool = False) -> str:
    encoder = _SORTED if sort_keys else _PLAIN
    return encoder.encode(value)


_PLAIN = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
_SORTED = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False, sort_keys=True)
