r"""Signed notes and verifier keys.

    <text: one or more lines>\n
                                                        an empty line: the last one of the message
    \u2014 <key name> <base64(key id[4] || signature)>\n     one or more such lines

The text, its last newline included, is what is signed. The whole is UTF-8 without control characters
but the newline. A verifier key is written

    <name>+<key id, 8 hex digits>+<base64(type || public key)>

with `key id = SHA-256(name || 0x0A || type || public key)[:4]`. Signatures by unknown keys are
ignored, so that others can add theirs; a line of a known key that does not verify refuses the note.
A key may have several lines, as a witness that cosigned at two times has: each must verify.

Worked example: under the key `example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k`
the note `This is an example message.\n\n\u2014 example.com/foo Uw2QOk...\n` verifies.

Signature types are rows of `_VERIFY` and `_CHECK_KEY`: 0x01 is Ed25519 over the text; 0x04 (Ed25519) and
0x06 (ML-DSA-44) sign checkpoints with a time, see `zoneproxy.trace.cosignature`.

Source: C2SP signed-note, tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.cosignature import MLDSA44_KEY_BYTES, verify_ed25519, verify_mldsa44

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
MLDSA44 = 0x06
MAX_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 100
MAX_NAME_BYTES = 255
_ID_BYTES = 4
_ED25519_KEY_BYTES = 32
_ED25519_SIGNATURE_BYTES = 64
_MARK = "\u2014 "
_HEX = re.compile(r"[0-9a-f]{8}\Z", re.ASCII)

# Curve25519's field, the curve's constant, and the y coordinates of the points of small order: under
# such a key anyone can sign.
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under.

    Attributes:
        name: the key's name; a log's is its origin.
        type: signature type, one byte.
        public: the public key's raw bytes.
    """

    name: str
    type: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, tell keys apart."""
        material = self.name.encode() + b"\n" + bytes((self.type,)) + self.public
        return hashlib.sha256(material).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as it is written in files and trust policies."""
        encoded = base64.b64encode(bytes((self.type,)) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key's name, its id (4 bytes) and the signature's bytes."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note, newline included."""
        return f"{_MARK}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as read; nothing of it is verified.

    Attributes:
        text: what is signed, last newline included.
        signatures: all lines, in order.
    """

    text: str
    signatures: tuple[Signature, ...]

    @property
    def data(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(signature.line for signature in self.signatures)).encode()


class Signer(Protocol):
    """Whoever signs a log's checkpoints; it may hold several keys of the same name."""

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The keys under which `sign` signs, one signature each."""
        ...

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Sign a note's text, last newline included."""
        ...


class Ed25519Signer:
    """Signs notes with one Ed25519 key.

    Args:
        name: the key's name.
        key: the private key.
    """

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        check_name(name)
        self._key = key
        self._verifier = VerifierKey(name, ED25519, key.public_key().public_bytes_raw())

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The one key under which `sign` signs."""
        return (self._verifier,)

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Sign a note's text, last newline included."""
        blob = self._key.sign(text.encode())
        return (Signature(self._verifier.name, self._verifier.key_id, blob),)


def check_name(name: str) -> None:
    """Refuse a name that can't be a key's: empty, with white space or `+`, or too long.

    Raises:
        VerificationError: it can't.
    """
    bad = not _is_name(name)
    try:
        too_long = len(name.encode()) > MAX_NAME_BYTES
    except UnicodeEncodeError:
        bad, too_long = True, False
    if bad or too_long:
        raise _no_name(name)


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(char.isspace() or char < " " for char in name)


def _no_name(name: str) -> VerificationError:
    return VerificationError(
        f"`{name[:80]!s}` can't be a key's name".encode("ascii", "replace").decode(),
        where="key name",
        hint="use a scheme-less URL such as `zone.example/trace/node-1`",
    )


def decode_base64(text: str) -> bytes:
    """Decode canonical base64 (standard alphabet, padded); nothing else is accepted.

    Raises:
        VerificationError: foreign characters, wrong padding, or bits set that carry no data.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise VerificationError("base64 is not canonical", where="base64")
    return data


def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key; its id must fit, its type be known, its point be a sound one.

    Raises:
        VerificationError: anything else.
    """
    hint = "a verifier key reads `<name>+<8 hex digits>+<base64>` on one line"
    parts = text.split("+", 2)
    if len(parts) != 3 or not _HEX.match(parts[1]):  # noqa: PLR2004  # name, id, key
        raise VerificationError("this is not a verifier key", where="vkey", hint=hint)
    name, key_id, encoded = parts
    check_name(name)
    data = decode_base64(encoded)
    if not data:
        raise VerificationError("the verifier key is empty", where="vkey", hint=hint)
    key = VerifierKey(name, data[0], data[1:])
    if key.key_id.hex() != key_id:
        raise VerificationError("the verifier key's id does not fit the key", where="vkey", hint=hint)
    check = _CHECK_KEY.get(key.type)
    if check is None:
        raise VerificationError(f"verifier keys of type 0x{key.type:02x} are not known here", where="vkey")
    check(key.public)
    return key


def parse_note(data: bytes) -> Note:
    """Read a signed note; nothing is verified.

    Raises:
        VerificationError: it is not a signed note.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise VerificationError("the note is too long", where="note")
    try:
        message = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VerificationError("the note is not UTF-8", where=f"byte {error.start}") from None
    if any(char < " " and char != "\n" for char in message):
        raise VerificationError("the note holds a control character", where="note")
    text, separator, tail = message.rpartition("\n\n")
    if not separator or not text or not tail.endswith("\n"):
        raise VerificationError("the note has no signatures", where="note")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationError("the note has too many signatures", where="note")
    return Note(text + "\n", tuple(_parse_signature(line) for line in lines))


def _parse_signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not space:
        raise VerificationError("a signature line is malformed", where="signature line")
    if not _is_name(name):  # of whatever length: the line of an unknown key is ignored
        raise _no_name(name)
    data = decode_base64(encoded)
    if len(data) <= _ID_BYTES:
        raise VerificationError("a signature is too short", where="signature line")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return those of `keys` that signed the note.

    Raises:
        VerificationError: a line of a known key does not verify, or no known key signed.
    """
    known = {(key.name, key.key_id): key for key in keys}
    signed: list[VerifierKey] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        proof = {"note": note.data.decode(), "vkey": key.vkey}
        if not _VERIFY[key.type](key, note.text, signature.blob):
            raise VerificationError(
                f"the signature of `{key.name}` does not verify", where="signature line", proof=proof
            )
        if key not in signed:
            signed.append(key)
    if not signed:
        raise VerificationError(
            "no known key signed this note",
            where="signature line",
            proof={"note": note.data.decode()},
            hint="check that the verifier key is the log's own",
        )
    return tuple(signed)


def sign_note(text: str, signers: Sequence[Signer]) -> Note:
    """Sign a text (last newline included) with every signer, in order."""
    return Note(text, tuple(signature for signer in signers for signature in signer.sign(text)))


def _verify_ed25519(key: VerifierKey, text: str, blob: bytes) -> bool:
    if len(blob) != _ED25519_SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(blob, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _check_ed25519_key(public: bytes) -> None:
    """Refuse keys of small order, not on the curve, or not written in the one canonical way."""
    y = int.from_bytes(public, "little") & (2**255 - 1)
    sound = len(public) == _ED25519_KEY_BYTES and y < _P and y not in _SMALL_ORDER_Y
    if sound:
        x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
        sound = pow(x_squared, (_P - 1) // 2, _P) == 1
    if not sound:
        raise VerificationError("the Ed25519 key is not a sound one", where="vkey")


def _check_mldsa44_key(public: bytes) -> None:
    """Refuse keys of another length; any bytes of this length are a key."""
    if len(public) != MLDSA44_KEY_BYTES:
        raise VerificationError(f"an ML-DSA-44 key is {MLDSA44_KEY_BYTES} bytes long", where="vkey")


_CHECK_KEY: Mapping[int, Callable[[bytes], None]] = {
    ED25519: _check_ed25519_key,
    ED25519_COSIGNATURE: _check_ed25519_key,
    MLDSA44: _check_mldsa44_key,
}
_VERIFY: Mapping[int, Callable[[VerifierKey, str, bytes], bool]] = {
    ED25519: _verify_ed25519,
    ED25519_COSIGNATURE: lambda key, text, blob: verify_ed25519(key.public, text, blob),
    MLDSA44: lambda key, text, blob: verify_mldsa44(key.name, key.public, text, blob),
}
