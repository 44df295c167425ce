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

On disk an opening record is encrypted (`zoneproxy.trace.sealed`).

Worked example: with a seed of 32 zero bytes and the one field `detail` null, the field's salt is
b64url(SHA-256(seed || "detail")[:16]) and its disclosure is b64url of `["<salt>","detail",null]`.

Trust: whoever holds an opening can show what the fields were; nobody can show anything else.

Source: RFC 9901 (SD-JWT), sections 4.2.1, 4.2.3 and 4.2.6 (recursive disclosures).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from binascii import b2a_base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any

from zoneproxy.terms.errors import VerificationError

SEED_BYTES = 32
SALT_BYTES = 16
ROOT = "prv"
COMMITMENT_CHARS = 43
_WORDS = {None: "null", True: "true", False: "false"}
_TO_URL = bytes.maketrans(b"+/", b"-_")


def b64url(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode()


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
        return [text.decode() for text in self._disclosures()]

    def _disclosures(self) -> list[bytes]:
        salts = self.salts
        made = [_disclosure(salts[name], name, _dump(value)) for name, value in sorted(self.fields.items())]
        digests = _digests(made)
        if self.digests:
            digests += self.digests.values()
        digests.sort()
        # Our own digests need no escaping; those of an erased field come from a file.
        listed = _PLAIN.encode(digests) if self.digests or not digests else f'["{'","'.join(digests)}"]'
        return [_disclosure(salts[ROOT], ROOT, f'{{"_sd":{listed}}}'), *made]

    def disclose(self, names: Collection[str]) -> list[str]:
        """Return the root disclosure, then those of the fields asked for, by name.

        Raises:
            KeyError: a field is not there, or not any more.
        """
        shown = [_disclosure(self.salts[name], name, _dump(self.fields[name])) for name in sorted(names)]
        return [self.disclosures()[0], *(text.decode() for text in shown)]

    def commitment(self) -> str:
        """Return what the entry must bear as `prv`, 43 characters."""
        return _digests(self._disclosures()[:1])[0]


def commit(fields: Mapping[str, Any], seed: bytes) -> tuple[str, bytes]:
    """Commit to private fields.

    Args:
        fields: all private fields of the kind.
        seed: 32 fresh random bytes.

    Returns:
        The entry's `prv` (43 characters), and the opening record.
    """
    # As `Opening` does it, without what is the same for all entries of a kind.
    names = sorted(fields)
    sha256 = hashlib.sha256
    salts = _b64url_all([sha256(seed + name.encode()).digest()[:SALT_BYTES] for name in (*names, ROOT)])
    values = [_dump(fields[name]) for name in names]
    labels = [_label(name) for name in names]
    made = [
        _coded(f'["{salt}",{label},{value}]')
        for salt, label, value in zip(salts, labels, values, strict=False)
    ]
    digests = sorted(_digests(made))
    listed = f'["{'","'.join(digests)}"]' if digests else "[]"
    root = _coded(f'["{salts[-1]}",{_label(ROOT)},{{"_sd":{listed}}}]')
    pairs = ",".join([f"{label}:{value}" for label, value in zip(labels, values, strict=True)])
    record = f'{{"fields":{{{pairs}}},"seed":"{b64url(seed)}"}}'
    return _digests([root])[0], record.encode("ascii")


def parse_opening(record: bytes) -> Opening:
    """Read an opening record.

    Raises:
        VerificationError: it is not one.
    """
    return _parse(record)[0]


def _parse(record: bytes) -> tuple[Opening, str]:
    """Read an opening record; return it with its commitment."""
    commitment = ""
    try:
        made = json.loads(record.decode("ascii"))
        fields = made["fields"]
        if made.keys() == {"fields", "seed"}:
            seed = base64.urlsafe_b64decode(made["seed"] + "=")
            opening = Opening(fields, _salts(fields, seed), {})
            sound = len(seed) == SEED_BYTES
        else:
            opening = Opening(fields, made["salts"], made["digests"])
            sound = made.keys() == {"fields", "salts", "digests"} and _are_texts(
                made["salts"], made["digests"]
            )
        commitment = opening.commitment()  # shows that every salt is there
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise VerificationError("this is not an opening record", where="opening")
    return opening, commitment


def check_opening(record: bytes, commitment: str) -> Opening:
    """Read an opening record and check that it opens this commitment.

    Raises:
        VerificationError: it does not.
    """
    opening, found = _parse(record)
    if found != commitment:
        raise VerificationError("the opening does not match the entry's commitment", where="opening")
    return opening


def erase(record: bytes, names: Collection[str]) -> bytes:
    """Take fields out of an opening record: their values, their salts and the seed go.

    Fields that were erased before, or never stood there, are passed over, so that a second call with the
    same names changes nothing.

    Raises:
        VerificationError: this is no opening record.
    """
    opening = parse_opening(record)
    gone = opening.fields.keys() & frozenset(names)
    if not gone:
        return record
    texts = [_disclosure(opening.salts[name], name, _dump(opening.fields[name])) for name in gone]
    left = {
        "digests": {**opening.digests, **dict(zip(gone, _digests(texts), strict=True))},
        "fields": {name: value for name, value in opening.fields.items() if name not in gone},
        "salts": {name: salt for name, salt in opening.salts.items() if name not in gone},
    }
    return _SORTED.encode(left).encode("ascii")


def read_disclosures(disclosures: Sequence[str], commitment: str) -> dict[str, Any]:
    """Check disclosures of some fields against an entry's commitment.

    Args:
        disclosures: the root disclosure first, then any number of the fields' own.
        commitment: what the entry bears as `prv`.

    Returns:
        The fields that they show.

    Raises:
        VerificationError: they are not those of this commitment.
    """
    try:
        root, *others = disclosures
        _, name, value = json.loads(_unpack(root))
        digests = value["_sd"]
        sound = name == ROOT and type(digests) is list and _digest(root) == commitment
        fields = {}
        for text in others:
            _, name, value = json.loads(_unpack(text))
            sound = sound and _digest(text) in digests and type(name) is str and name not in fields
            fields[name] = value
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise VerificationError("the disclosures do not match the entry's commitment", where="disclosure")
    return fields


def _digest(disclosure: str) -> str:
    return _digests([disclosure.encode("ascii")])[0]


def _unpack(text: str) -> bytes:
    data = base64.b64decode(text.translate({45: 43, 95: 47}) + "=" * (-len(text) % 4), validate=True)
    if b64url(data) != text:
        raise ValueError("this is not canonical base64url")
    return data


def _are_texts(*maps: Mapping[str, Any]) -> bool:
    return all(type(text) is str for texts in maps for text in texts.values())


def _salts(fields: Mapping[str, Any], seed: bytes) -> dict[str, str]:
    names = [*fields, ROOT]
    begun = hashlib.sha256(seed)
    hashes = []
    for name in names:
        grown = begun.copy()
        grown.update(name.encode())
        hashes.append(grown.digest()[:SALT_BYTES])
    return dict(zip(names, _b64url_all(hashes), strict=True))


def _disclosure(salt: str, name: str, value: str) -> bytes:
    """Write one disclosure; `value` is JSON already."""
    return _coded(f"[{encode_basestring_ascii(salt)},{_label(name)},{value}]")


@functools.lru_cache(maxsize=256)
def _label(name: str) -> str:
    """Write a field's name as JSON."""
    return encode_basestring_ascii(name)


def _coded(text: str) -> bytes:
    return b2a_base64(text.encode("ascii"), newline=False).rstrip(b"=").translate(_TO_URL)


def _digests(disclosures: Iterable[bytes]) -> list[str]:
    sha256 = hashlib.sha256
    return _b64url_all([sha256(text).digest() for text in disclosures])


def _b64url_all(parts: Sequence[bytes]) -> list[str]:
    """Write parts of one length as base64url with one call: zeroes fill each to a multiple of 3 bytes."""
    if not parts:
        return []
    fill = -len(parts[0]) % 3
    width = (len(parts[0]) + fill) // 3 * 4
    text = b2a_base64(bytes(fill).join([*parts, b""]), newline=False).translate(_TO_URL).decode()
    return [text[place : place + width - fill] for place in range(0, len(text), width)]


def _dump(value: Any) -> str:
    """Write a value as compact ASCII JSON; private fields are scalars, which need no encoder."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is bool or value is None:
        return _WORDS[value]
    return str(value) if kind is int else _PLAIN.encode(value)


_PLAIN = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
_SORTED = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False, sort_keys=True)
