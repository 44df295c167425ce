"""The words between a worker and the sequencer, over one Unix stream socket.

A frame is `u32 length | u8 kind | payload`; the length counts the kind and the payload, integers are big
endian, and each kind has its own largest length, which is checked before anything is kept. A worker says

      1 HELLO     "ZPSQ" | u8 version | log origin                              at most     262 bytes
      2 APPEND    u64 number | u64 mono | 32 bytes seed | u8 length | kind |
                  u32 length | body as canonical JSON | private fields as JSON  at most 524,288 bytes
      3 ARCHIVE   u64 number | a policy, or a bundle                             at most 4,194,320 bytes

and the sequencer says

    129 WELCOME   u8 version | u64 ws | 32 bytes wp | u8 length | node | worker at most     192 bytes
    130 RECEIPT   u64 number | u64 index | u64 ts | 32 bytes leaf | origin      at most     312 bytes
    131 REFUSED   u64 number | text                                             at most   1,024 bytes
    132 ARCHIVED  u64 number | 32 bytes SHA-256                                 at most      41 bytes
    133 FAILED    text                                                          at most   1,024 bytes

The worker speaks first: HELLO, answered by WELCOME, which gives the worker its name and the head of its
chain: the count of its next entry, and the leaf hash of its last one (zeros where the count is 0). Then
come APPEND and ARCHIVE, numbered from 0 without a gap, as many at once as the worker likes; each is
answered in that order, by RECEIPT, REFUSED (the record broke its schema and was not written; the log goes
on) or ARCHIVED. A receipt's origin is that of the entry's shard, empty where the log has none; the worker's
chain begins anew in each shard, at count 0. The first APPEND is a `worker_start`; `worker_stop` is the last
thing a worker says. FAILED comes instead of any answer, and is the last thing the sequencer says.

Trust: the worker draws the seed and the monotonic time itself, so it can make the bytes of its entry from
the `ts` of the receipt and compare the leaf hash; `index` and `ts` are the sequencer's, and the signed tree
holds it to them. What either side sends, the other takes for an enemy's: any byte that is not of this form
ends the connection.

Worked example: the number 7, archived with the SHA-256 ab...ab, is the frame

    00000029 84 0000000000000007 abababab...ab       (u32 41, u8 132, u64 7, 32 bytes)
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.ports import Receipt
from zoneproxy.trace import canonical

VERSION = 1
MAGIC = b"ZPSQ"
LEAF_BYTES = SEED_BYTES = 32
MAX_TEXT = 1000
HELLO, APPEND, ARCHIVE = 1, 2, 3
WELCOME, RECEIPT, REFUSED, ARCHIVED, FAILED = 129, 130, 131, 132, 133
LIMITS: Mapping[int, int] = {
    HELLO: 262,
    APPEND: 512 * 1024,
    ARCHIVE: 4 * 1024 * 1024 + 16,
    WELCOME: 192,
    RECEIPT: 312,
    REFUSED: 1024,
    ARCHIVED: 41,
    FAILED: 1024,
}
"""Kind to the largest length that its frame may name."""

_LENGTH = struct.Struct(">I")
_NUMBER = struct.Struct(">Q")
_APPEND = struct.Struct(f">QQ{SEED_BYTES}sB")
_WELCOME = struct.Struct(f">BQ{LEAF_BYTES}sB")
_RECEIPT = struct.Struct(f">QQQ{LEAF_BYTES}s")
_ARCHIVED = struct.Struct(f">Q{LEAF_BYTES}s")


class WireError(Exception):
    """Bytes that the other side can't have meant; the connection ends."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker begins; `origin` is the log that it believes to write."""

    origin: str
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Append:
    """A record to be made durable; `private` holds all private fields of its kind, or nothing."""

    number: int
    mono_ms: int
    seed: bytes
    kind: str
    body: Mapping[str, Any]
    private: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Archive:
    """A policy to be kept."""

    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Welcome:
    """The worker's name and the head of its chain; `wp` is 64 hex digits, or empty where `ws` is 0."""

    node: str
    worker: str
    ws: int
    wp: str
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Written:
    """A record is durable."""

    number: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Refused:
    """A record was not written, and why; the log goes on."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Archived:
    """A policy is kept under its SHA-256."""

    number: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The log takes nothing more from this worker."""

    text: str


Message = Hello | Append | Archive | Welcome | Written | Refused | Archived | Failed


def encode(message: Message) -> bytes:
    """Write a message as a frame.

    Raises:
        ValueError: the record can't be written as JSON, or is larger than its frame may be.
    """
    kind, payload = _pack(message)
    length = len(payload) + 1
    if length > LIMITS[kind]:
        raise ValueError(f"the message would be {length} bytes long, more than {LIMITS[kind]}")
    return _LENGTH.pack(length) + bytes((kind,)) + payload


def _pack(message: Message) -> tuple[int, bytes]:
    match message:
        case Hello(origin, version):
            return HELLO, MAGIC + bytes((version,)) + origin.encode("ascii")
        case Append(number, mono_ms, seed, kind, body, private):
            name, public = kind.encode("ascii"), canonical.encode(dict(body))
            head = _APPEND.pack(number, mono_ms, seed, len(name))
            hidden = json.dumps(dict(private), separators=(",", ":"), allow_nan=False).encode("ascii")
            return APPEND, head + name + _LENGTH.pack(len(public)) + public + hidden
        case Archive(number, data):
            return ARCHIVE, _NUMBER.pack(number) + data
        case Welcome(node, worker, ws, wp, version):
            head = _WELCOME.pack(version, ws, bytes.fromhex(wp) or bytes(LEAF_BYTES), len(node))
            return WELCOME, head + node.encode("ascii") + worker.encode("ascii")
        case Written(number, receipt):
            head = _RECEIPT.pack(number, receipt.index, receipt.ts, receipt.leaf)
            return RECEIPT, head + receipt.origin.encode("ascii")
        case Refused(number, text):
            return REFUSED, _NUMBER.pack(number) + _short(text)
        case Archived(number, digest):
            return ARCHIVED, _ARCHIVED.pack(number, digest)
        case Failed(text):
            return FAILED, _short(text)


def _short(text: str) -> bytes:
    """Cut a text to what its frame may hold; a cut within a character loses the character."""
    return text.encode("utf-8", "replace")[:MAX_TEXT].decode("utf-8", "ignore").encode()


def decode(kind: int, payload: bytes) -> Message:
    """Read a frame's message.

    Raises:
        WireError: it is none.
    """
    try:
        return _unpack(kind, payload)
    except (ValueError, struct.error, RecursionError):
        raise WireError(f"a frame of kind {kind} can't be read") from None


def _unpack(kind: int, payload: bytes) -> Message:
    match kind:
        case 1:
            if payload[:4] != MAGIC or len(payload) <= len(MAGIC) + 1:
                raise WireError("this is no greeting")
            return Hello(payload[5:].decode("ascii"), payload[4])
        case 2:
            return _unpack_append(payload)
        case 3:
            return Archive(_NUMBER.unpack_from(payload)[0], payload[_NUMBER.size :])
        case 129:
            return _unpack_welcome(payload)
        case 130:
            number, index, ts, leaf = _RECEIPT.unpack_from(payload)
            return Written(number, Receipt(index, leaf, ts, payload[_RECEIPT.size :].decode("ascii")))
        case 131:
            return Refused(_NUMBER.unpack_from(payload)[0], payload[_NUMBER.size :].decode())
        case 132:
            return Archived(*_ARCHIVED.unpack(payload))
        case 133:
            return Failed(payload.decode())
        case _:
            raise WireError(f"no frame has the kind {kind}")


def _unpack_welcome(payload: bytes) -> Welcome:
    version, ws, wp, length = _WELCOME.unpack_from(payload)
    if not ws and any(wp):
        raise WireError("a chain without entries has no last one")
    node = payload[_WELCOME.size : _WELCOME.size + length].decode("ascii")
    worker = payload[_WELCOME.size + length :].decode("ascii")
    return Welcome(node, worker, ws, wp.hex() if ws else "", version)


def _unpack_append(payload: bytes) -> Append:
    number, mono_ms, seed, length = _APPEND.unpack_from(payload)
    place = _APPEND.size + length
    name = payload[_APPEND.size : place].decode("ascii")
    (length,) = _LENGTH.unpack_from(payload, place)
    place += _LENGTH.size
    if place + length > len(payload):
        raise WireError("a record is cut off")
    body, private = json.loads(payload[place : place + length]), json.loads(payload[place + length :])
    if type(body) is not dict or type(private) is not dict:
        raise WireError("a record is no object")
    return Append(number, mono_ms, seed, name, body, private)


class Decoder:
    """Cuts a stream of bytes into messages, and keeps no more than one frame of what it can't read yet."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """Take in bytes; return the messages that are complete now.

        Raises:
            WireError: they are no messages; nothing more can be read.
        """
        data = self._rest + data
        found: list[Message] = []
        place = 0
        while len(data) - place > _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, place)
            kind = data[place + _LENGTH.size]
            if not 0 < length <= LIMITS.get(kind, 0):
                raise WireError(f"a frame of kind {kind} can't be {length} bytes long")
            end = place + _LENGTH.size + length
            if end > len(data):
                break
            found.append(decode(kind, data[place + _LENGTH.size + 1 : end]))
            place = end
        self._rest = data[place:]
        return found
