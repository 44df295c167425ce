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
from typing import Any, NamedTuple

from zoneproxy.terms.errors import VerificationError

SEED_BYTES = 32
SALT_BYTES = 16
_SALT_CHARS = 22
ROOT = "prv"
COMMITMENT_CHARS = 43
COMMITMENT = rf"[A-Za-z0-9_-]{{{COMMITMENT_CHARS - 1}}}[AEIMQUYcgkosw048]"
"""The spelling of 32 bytes in base64url: the last character holds four bits, and two zeroes."""
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
    commitment, _ = _bind(fields, seed)
    pairs = ",".join([f"{_label(name)}:{_dump(fields[name])}" for name in sorted(fields)])
    record = f'{{"fields":{{{pairs}}},"seed":"{b64url(seed)}"}}'
    return commitment, record.encode("ascii")


def _bind(fields: Mapping[str, Any], seed: bytes) -> tuple[str, Sequence[bytes]]:
    """Make the commitment as `Opening` does, with few calls for many fields.

    Args:
        fields: all of them.
        seed: what the salts are made of.

    Returns:
        The commitment, and the salts of the fields, in their order, and of the root, as base64url.
    """
    sha256 = hashlib.sha256
    named = [sha256(seed + name).digest()[:SALT_BYTES] for name in (*map(_spelled, fields), ROOT.encode())]
    text = _joined(named, b"\0\0")
    salts = [text[place : place + _SALT_CHARS] for place in range(0, len(text), _SALT_CHARS + 2)]
    # A disclosure's first 24 characters are those of its salt, and make 32; what follows stands by itself.
    # The last head is the root's.
    heads = b2a_base64(b'["' + b'["'.join(salts), newline=False).translate(_TO_URL)
    made = [
        sha256(
            heads[place : place + 32] + (_absent(name) if value is None else _tail(name, _dump(value)))
        ).digest()
        for place, (name, value) in zip(range(0, len(heads), 32), fields.items(), strict=False)
    ]
    text = _joined(made, b"\0")
    digests = [text[place : place + COMMITMENT_CHARS] for place in range(0, len(text), COMMITMENT_CHARS + 1)]
    digests.sort()
    listed = f'["{b'","'.join(digests).decode()}"]' if digests else "[]"
    root = heads[-32:] + _tail(ROOT, f'{{"_sd":{listed}}}')
    return b64url(sha256(root).digest()), salts


def parse_opening(record: bytes) -> Opening:
    """Read an opening record.

    Raises:
        VerificationError: it is not one.
    """
    return _read(record)[0].opening()


class Shown(NamedTuple):
    """What an opening shows.

    Attributes:
        fields: name to value of the fields that are still there.
        digests: name to digest of the fields that were erased.
        salts: those of the fields and of the root: by name, or in their order.
    """

    fields: Mapping[str, Any]
    digests: Mapping[str, str]
    salts: Mapping[str, str] | Sequence[bytes]

    def opening(self) -> Opening:
        """Return it with all that a disclosure is made of."""
        salts = self.salts
        if not isinstance(salts, Mapping):
            salts = {name: salt.decode() for name, salt in zip((*self.fields, ROOT), salts, strict=True)}
        return Opening(self.fields, salts, self.digests)


def _read(record: bytes) -> tuple[Shown, str]:
    """Read an opening record; return it with its commitment."""
    try:
        made = json.loads(record.decode("ascii"))
        fields = made["fields"]
        if made.keys() == {"fields", "seed"}:
            seed = base64.urlsafe_b64decode(made["seed"] + "=")
            commitment, salts = _bind(fields, seed)
            shown = Shown(fields, {}, salts)
            sound = len(seed) == SEED_BYTES
        else:
            shown = Shown(fields, made["digests"], made["salts"])
            sound = made.keys() == {"fields", "salts", "digests"} and _are_texts(
                made["salts"], made["digests"]
            )
            commitment = shown.opening().commitment()  # shows that every salt is there
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise VerificationError("this is not an opening record", where="opening")
    return shown, commitment


def check_opening(record: bytes, commitment: str) -> Opening:
    """Read an opening record and check that it opens this commitment.

    Raises:
        VerificationError: it does not.
    """
    return show(record, commitment).opening()


def show(record: bytes, commitment: str) -> Shown:
    """Check as `check_opening` does, and return what is shown; nothing is made ready to be disclosed.

    Raises:
        VerificationError: it does not open this commitment.
    """
    shown, found = _read(record)
    if found != commitment:
        raise VerificationError("the opening does not match the entry's commitment", where="opening")
    return shown


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


def _joined(parts: Sequence[bytes], fill: bytes) -> bytes:
    """Write parts as base64url with one call; `fill` makes each a multiple of 3 bytes."""
    return b2a_base64(fill.join([*parts, b""]), newline=False).translate(_TO_URL)


def _tail(name: str, value: str) -> bytes:
    """Write what follows the salt in a disclosure, as base64url of its own."""
    return _coded(f'",{_label(name)},{value}]')


@functools.lru_cache(maxsize=256)
def _absent(name: str) -> bytes:
    """Write it of a field that is null, as most are; other values are private, and not remembered."""
    return _tail(name, _WORDS[None])


@functools.lru_cache(maxsize=256)
def _spelled(name: str) -> bytes:
    return name.encode()


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
    text = _joined([sha256(text).digest() for text in disclosures], b"\0").decode()
    return [text[place : place + COMMITMENT_CHARS] for place in range(0, len(text), COMMITMENT_CHARS + 1)]


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
