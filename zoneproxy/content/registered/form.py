r"""The index file of a registered data set, and the key that its fingerprints need.

    offset  bytes
    0       8      b"ZPREG\x00\x01\n"
    8       4      size of the header, little-endian
    12      n      the header: JSON, see `Header`
    12+n    32     its MAC
    ...            noughts up to 4096
    4096    8*2^b  lengths by beginning: bit 0, a value begins so; bit l, one of l flat characters does
    ...     8*c    fingerprints of cells, ascending
    ...     4*c    the row of each of them, ascending where fingerprints are equal; noughts up to 8 bytes
    ...     8*g    fingerprints of grams, ascending
    ...     4*g    the document (of a table: the row) of each of them; noughts up to 8 bytes

All numbers are little-endian and unsigned. A fingerprint is BLAKE2b of the UTF-8 of a flat value
(`zoneproxy.content.registered.fold`), 8 bytes, big-endian, keyed with the data set's key. That key is

    BLAKE2b(salt, key=owner's key, person="zp-registered", 32 bytes)

and the salt is 16 random bytes of the header, so that two data sets of one owner can't be compared. Under
`begins` stand the first one, two, three and four characters of each value, at the upper b bits of their
4-byte fingerprint. The MAC is keyed alike, over the header. It binds the body by its SHA-256.

A revoked index is its own header with `revoked` set, a new MAC, and no body: the fingerprints are gone.

Worked example: with an owner's key of 32 noughts and a salt of 16 noughts, the cell `13812345678` has the
fingerprint 1f9ca170cab92032.

Trust: who holds the index without the key learns the header (sizes, dates, names), which fingerprints occur
in several rows, and nothing of the values. With index and key, short values can be enumerated.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAGIC = b"ZPREG\x00\x01\n"
KEY_BYTES, SALT_BYTES, MAC_BYTES = 32, 16, 32
HEADER_BYTES = 4096
MOST_BEGIN_BITS = 19
BEGINNING = 4
"""Values are told apart by their first characters before they are looked up."""

Category = Literal["cn_personal_info", "cn_important_data", "domestic_corpus"]
_SIZE_BYTES = 4
_DATE = r"^\d{4}-\d\d-\d\d$"
_Count = Annotated[int, Field(ge=0, le=2**32 - 1)]


class Header(BaseModel):
    """What an index says of itself.

    Attributes:
        id: the data set: `owner/name`; findings name it.
        category: what kind of data it is.
        created, expires: days, UTC; it can't be used from `expires` on.
        rows, cells, documents, grams: how many there are.
        least: how many cells of one row, near one another, are a match.
        begin_bits: size of the table of beginnings.
        shorts: bit l: there are values of l characters, below the size of a beginning.
        salt: makes the fingerprints this index's own.
        body_bytes, body_sha256: the body that belongs to it.
        revoked: the day from which it is not used any more.
        reason: why, in the words of whoever revoked it.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}$")]
    category: Category
    created: Annotated[str, Field(pattern=_DATE)]
    expires: Annotated[str, Field(pattern=_DATE)] | None = None
    rows: _Count
    cells: _Count
    documents: _Count
    grams: _Count
    least: Annotated[int, Field(ge=2, le=16)]
    begin_bits: Annotated[int, Field(ge=0, le=MOST_BEGIN_BITS)]
    shorts: _Count
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    body_bytes: Annotated[int, Field(ge=0, le=2**40)]
    body_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    revoked: Annotated[str, Field(pattern=_DATE)] | None = None
    reason: Annotated[str, Field(max_length=256)] = ""

    def spans(self) -> tuple[tuple[int, int], ...]:
        """Return where in the body the five tables stand; the last one's end is the body's size."""
        sizes = (8 << self.begin_bits, 8 * self.cells, 4 * self.cells, 8 * self.grams, 4 * self.grams)
        spans, at = [], 0
        for size in sizes:
            spans.append((at, at + size))
            at += size + -size % 8
        return tuple(spans)

    def whole_bytes(self) -> int:
        """Return how large the body must be."""
        return 0 if self.revoked else (self.spans()[-1][1] + 7) // 8 * 8


class DataKey:
    """The key of one data set, and what is computed with it.

    Args:
        secret: the owner's key, 32 bytes.
        salt: the index's own, 16 bytes.
    """

    def __init__(self, secret: bytes, salt: bytes) -> None:
        self._key = hashlib.blake2b(salt, key=secret, digest_size=32, person=b"zp-registered").digest()
        self._cell = hashlib.blake2b(key=self._key, digest_size=8, person=b"zp-cell")
        self._gram = hashlib.blake2b(key=self._key, digest_size=8, person=b"zp-gram")
        self._beginning = hashlib.blake2b(key=self._key, digest_size=4, person=b"zp-begin")

    def cell(self, value: str) -> bytes:
        """Return a flat value's fingerprint, 8 bytes, big-endian."""
        made = self._cell.copy()
        made.update(value.encode("utf-8", "surrogatepass"))
        return made.digest()

    def gram(self, text: str) -> bytes:
        """Return a gram's fingerprint, 8 bytes, big-endian."""
        made = self._gram.copy()
        made.update(text.encode("utf-8", "surrogatepass"))
        return made.digest()

    def beginning(self, text: str, bits: int) -> int:
        """Return where the first characters of a value stand in a table of `2**bits` entries."""
        made = self._beginning.copy()
        made.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(made.digest()) >> (32 - bits)

    def mac(self, header: bytes) -> bytes:
        """Authenticate a header, 32 bytes."""
        return hashlib.blake2b(header, key=self._key, digest_size=MAC_BYTES, person=b"zp-header").digest()


def encode_head(header: Header, secret: bytes) -> bytes:
    """Write the first 4096 bytes of an index.

    Raises:
        ValueError: the header is too large.
    """
    text = header.model_dump_json().encode()
    mac = DataKey(secret, bytes.fromhex(header.salt)).mac(text)
    head = MAGIC + len(text).to_bytes(_SIZE_BYTES, "little") + text + mac
    if len(head) > HEADER_BYTES:
        raise ValueError("the header is too large")
    return head.ljust(HEADER_BYTES, b"\x00")


def decode_head(head: bytes, secret: bytes | None) -> Header:
    """Read the first 4096 bytes of an index.

    Args:
        head: those bytes.
        secret: the owner's key; `None` reads without checking who wrote it.

    Raises:
        ValueError: it is no index, it is broken, or another key made it.
    """
    if len(head) != HEADER_BYTES or not head.startswith(MAGIC):
        raise ValueError("it is no index of registered data")
    begin = len(MAGIC) + _SIZE_BYTES
    end = begin + int.from_bytes(head[len(MAGIC) : begin], "little")
    text, mac, rest = head[begin:end], head[end : end + MAC_BYTES], head[end + MAC_BYTES :]
    try:
        header = Header.model_validate_json(text)
    except ValidationError:
        raise ValueError("its header is broken") from None
    if rest.strip(b"\x00") or len(mac) != MAC_BYTES or header.model_dump_json().encode() != text:
        raise ValueError("its header is broken")
    if secret is not None:
        right = DataKey(secret, bytes.fromhex(header.salt)).mac(text)
        if not hmac.compare_digest(mac, right):
            raise ValueError("its header is not authentic: it was made with another key, or altered")
    if header.body_bytes != header.whole_bytes():
        raise ValueError("its header contradicts itself")
    return header


def digest_of(head: bytes) -> str:
    """Return the digest that names an index: the SHA-256 of its head, which binds its body."""
    return hashlib.sha256(head).hexdigest()
