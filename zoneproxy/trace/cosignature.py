r"""Timestamped signatures of checkpoints: what exactly is signed, and whether it verifies.

    timestamped signature = u64 POSIX seconds || signature             (big endian, as everywhere here)

`0x04`, Ed25519, signs `cosignature/v1\ntime <seconds>\n` and the whole checkpoint text. It does not commit
to the signer's name, so a key serves one name only.

`0x06`, ML-DSA-44 (pure, empty context, signatures of 2,420 bytes), signs

    "subtree/v1\n\0" | u8 length, signer's name | u64 seconds
    | u8 length, log's origin | u64 start | u64 end | root hash (32 bytes)

where start is 0 and end the size, for a checkpoint. A log signs its own checkpoints so, with its origin as
the signer's name. Seconds other than 0 say: at that time this was the largest tree that the signer knew.

Worked example: `w` signing at 1 the tree of 3 entries of the log `l` signs, in hex, `737562747265652f76310a00
0177 0000000000000001 016c 0000000000000000 0000000000000003` and the root hash.

Source: C2SP tlog-cosignature; RFC 8446, section 3; FIPS 204.
"""

from __future__ import annotations

import base64
import binascii
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

MLDSA44_KEY_BYTES = 1312
MAX_SECONDS = 2**63 - 1
_LABEL = b"subtree/v1\n\0"
_SECONDS_BYTES = 8
_ED25519_BYTES = 64
_MLDSA44_BYTES = 2420
_ROOT_BYTES = 32
_SIZE = re.compile(r"[0-9]{1,19}\Z", re.ASCII)


def ed25519_message(seconds: int, text: str) -> bytes:
    """Return what a 0x04 cosignature signs: of a checkpoint's text, last newline included."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def mldsa44_message(name: str, seconds: int, text: str) -> bytes | None:
    """Return what a 0x06 signature signs; `None` if the text is no checkpoint of exactly three lines.

    Args:
        name: the signer's name, at most 255 bytes.
        seconds: POSIX time, or 0 for no statement about the largest tree.
        text: the checkpoint's text, last newline included.
    """
    origin, _, rest = text.partition("\n")
    size_text, _, rest = rest.partition("\n")
    encoded, _, more = rest.partition("\n")
    if more or not _SIZE.match(size_text) or not encoded.isascii():
        return None
    try:
        size, root = int(size_text), base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    # One spelling only: what is signed is size and hash, so another spelling of them would pass as well.
    if text != f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n":
        return None
    if size > MAX_SECONDS or len(root) != _ROOT_BYTES or not origin:
        return None
    return subtree_message(name, seconds, origin, (0, size), root)


def subtree_message(name: str, seconds: int, origin: str, span: tuple[int, int], root: bytes) -> bytes | None:
    """Return what a 0x06 signature signs; `None` if a name can't stand in it.

    Args:
        name: the signer's name, at most 255 bytes.
        seconds: POSIX time; 0 wherever the span does not begin at 0.
        origin: the log's origin, at most 255 bytes.
        span: the first leaf of the subtree, and the one after its last.
        root: the subtree's hash, 32 bytes.
    """
    try:
        names = [bytes((len(part),)) + part for part in (name.encode(), origin.encode())]
    except ValueError:  # longer than 255 bytes, or lone surrogates
        return None
    start, end = (place.to_bytes(8, "big") for place in span)
    return b"".join((_LABEL, names[0], seconds.to_bytes(8, "big"), names[1], start, end, root))


def verify_ed25519(public: bytes, text: str, blob: bytes) -> bool:
    """Tell whether a 0x04 timestamped signature of a checkpoint's text verifies."""
    seconds = int.from_bytes(blob[:_SECONDS_BYTES], "big")
    if len(blob) != _SECONDS_BYTES + _ED25519_BYTES or not 0 < seconds <= MAX_SECONDS:
        return False
    try:
        message = ed25519_message(seconds, text)
        Ed25519PublicKey.from_public_bytes(public).verify(blob[_SECONDS_BYTES:], message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_mldsa44(name: str, public: bytes, text: str, blob: bytes) -> bool:
    """Tell whether a 0x06 timestamped signature of a checkpoint's text verifies."""
    seconds = int.from_bytes(blob[:_SECONDS_BYTES], "big")
    if len(blob) != _SECONDS_BYTES + _MLDSA44_BYTES or seconds > MAX_SECONDS:
        return False
    message = mldsa44_message(name, seconds, text)
    if message is None:
        return False
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(blob[_SECONDS_BYTES:], message)
    except (InvalidSignature, ValueError):
        return False
    return True


def timestamped(seconds: int, signature: bytes) -> bytes:
    """Put the time before a signature, as a signature line bears it."""
    return seconds.to_bytes(_SECONDS_BYTES, "big") + signature
