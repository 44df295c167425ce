r"""The PROXY protocol, version 2: what a front says of the connection that it passes on.

    0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   signature
    21                                    version 2, command PROXY (20 would be LOCAL)
    11 | 21                               TCP over IPv4 | IPv6
    00 0C                                 u16, bytes that follow: addresses, then TLVs
    source, destination                   4 or 16 bytes each
    source port, destination port         u16 each
    TLVs                                  u8 type, u16 length, value

TLVs that are read: 0x01 ALPN, 0x02 authority (the name that the client asked for in TLS), 0x03 CRC-32C
over the whole header, 0x05 unique id, 0x20 TLS: u8 flags, u32 `verify` (0: the client's certificate was
verified), then sub-TLVs, of which 0x22 is the certificate's common name and 0x28 the certificate itself
(DER). Any other TLV is skipped.

A caller's certificate that the front could not verify is told of (`unverified`): it proves nothing, and no
other evidence makes up for it. An address that nobody can call from (`0.0.0.0`, a multicast group) is none.

`LOCAL`, which fronts send for checks of their own, carries no caller: nothing is served on it. UDP, Unix
sockets and unknown families are refused, and so is a header of more than 4,096 bytes.

Worked example: `0D0A0D0A000D0A515549540A 21 11 000C CB007109 7F000A01 D903 20FB` says that 203.0.113.9,
port 55555, called 127.0.10.1, port 8443.

Trust: whoever may speak this protocol decides what the caller's address is. Only registered fronts may,
and a door that expects it takes no connection without it.

Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.2.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FIXED_BYTES = 16
MAX_BYTES = 4096
_PROXY = 0x21
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}
_AUTHORITY, _CRC32C, _UNIQUE_ID, _TLS = 0x02, 0x03, 0x05, 0x20
_COMMON_NAME, _CERTIFICATE = 0x22, 0x28
_TLS_FLAGS = struct.Struct(">BI")
_SPOKE_TLS, _SENT_CERTIFICATE = 0x01, 0x06
_CRC_BYTES = 4


class ProxyHeaderError(ValueError):
    """A connection does not begin with a PROXY header that can be taken."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a front says of a caller.

    Attributes:
        host, port: where the caller is.
        authority: the name that it asked for in TLS, or empty.
        tls: it spoke TLS with the front.
        common_name: of its certificate where the front verified one, else empty.
        certificate: that certificate where the front passes it on (DER), else empty.
        unique_id: the front's own id of the connection, or empty.
        unverified: it sent a certificate that the front could not verify.
    """

    host: str
    port: int
    authority: str = ""
    tls: bool = False
    common_name: str = ""
    certificate: bytes = b""
    unique_id: bytes = b""
    unverified: bool = False


def rest_bytes(fixed: bytes) -> int:
    """Tell from a header's first 16 bytes how many more belong to it.

    Raises:
        ProxyHeaderError: this is no header, or too long a one.
    """
    if len(fixed) != FIXED_BYTES or not fixed.startswith(SIGNATURE):
        raise ProxyHeaderError("the connection does not begin with a PROXY header of version 2")
    rest = int.from_bytes(fixed[14:16], "big")
    if FIXED_BYTES + rest > MAX_BYTES:
        raise ProxyHeaderError("the PROXY header is too long")
    return rest


def read_header(data: bytes) -> Forwarded:
    """Read a whole header.

    Raises:
        ProxyHeaderError: it can't be taken.
    """
    if rest_bytes(data[:FIXED_BYTES]) != len(data) - FIXED_BYTES:
        raise ProxyHeaderError("the PROXY header is not as long as it says")
    if data[12] != _PROXY:
        raise ProxyHeaderError("the PROXY header passes no caller on")
    size = _ADDRESS_BYTES.get(data[13])
    if size is None or len(data) < (places := FIXED_BYTES + 2 * size + 4):
        raise ProxyHeaderError("the PROXY header names no TCP address")
    host = ipaddress.ip_address(data[FIXED_BYTES : FIXED_BYTES + size])
    plain = getattr(host, "ipv4_mapped", None) or host
    if plain.is_unspecified or plain.is_multicast:
        raise ProxyHeaderError("the PROXY header names an address that nobody calls from")
    port = int.from_bytes(data[places - 4 : places - 2], "big")
    seen: dict[int, bytes] = {}
    for kind, at, value in _tlvs(data, places):
        if kind == _CRC32C:
            _check_crc(data, at, value)
        if kind in seen and kind in (_AUTHORITY, _TLS, _UNIQUE_ID):
            raise ProxyHeaderError("the PROXY header says a thing twice")
        seen[kind] = value
    told = _read_tls(seen.get(_TLS))
    return replace(
        told,
        host=str(host),
        port=port,
        authority=_text(seen.get(_AUTHORITY, b"")),
        unique_id=seen.get(_UNIQUE_ID, b""),
    )


def _tlvs(data: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Walk type, place of the value, value."""
    while start < len(data):
        end = start + 3 + int.from_bytes(data[start + 1 : start + 3], "big")
        if start + 3 > len(data) or end > len(data):
            raise ProxyHeaderError("a field of the PROXY header is cut short")
        yield data[start], start + 3, data[start + 3 : end]
        start = end


def _read_tls(value: bytes | None) -> Forwarded:
    if value is None:
        return Forwarded("", 0)
    if len(value) < _TLS_FLAGS.size:
        raise ProxyHeaderError("a field of the PROXY header is cut short")
    flags, verify = _TLS_FLAGS.unpack_from(value)
    name, certificate = "", b""
    for kind, _, inner in _tlvs(value, _TLS_FLAGS.size):
        if kind == _COMMON_NAME:
            name = _text(inner)
        elif kind == _CERTIFICATE:
            certificate = inner
    sent, tls = bool(flags & _SENT_CERTIFICATE), bool(flags & _SPOKE_TLS)
    if not sent or verify:
        return Forwarded("", 0, tls=tls, unverified=sent)
    return Forwarded("", 0, tls=tls, common_name=name, certificate=certificate)


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise ProxyHeaderError("a name in the PROXY header is no text") from None
    if not text.isprintable():
        raise ProxyHeaderError("a name in the PROXY header is no text")
    return text


def _check_crc(data: bytes, at: int, value: bytes) -> None:
    if len(value) != _CRC_BYTES:
        raise ProxyHeaderError("the checksum of the PROXY header has another length")
    blank = data[:at] + bytes(_CRC_BYTES) + data[at + _CRC_BYTES :]
    if crc32c(blank) != int.from_bytes(value, "big"):
        raise ProxyHeaderError("the checksum of the PROXY header does not fit")


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'

    Source: RFC 9260, appendix A.
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        row = byte
        for _ in range(8):
            row = row >> 1 ^ (0x82F63B78 if row & 1 else 0)
        rows.append(row)
    return tuple(rows)


_TABLE = _table()
