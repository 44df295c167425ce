"""`zoneproxy.origin.proxy_protocol`: a front's word for who calls, taken whole or not at all (Z1)."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.proxy_protocol import (
    FIXED_BYTES,
    MAX_BYTES,
    SIGNATURE,
    Forwarded,
    ProxyHeaderError,
    crc32c,
    read_header,
    rest_bytes,
)

EXAMPLE = bytes.fromhex("0D0A0D0A000D0A515549540A2111000CCB0071097F000A01D90320FB")


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack(">BH", kind, len(value)) + value


def header(
    *tlvs: bytes,
    source: str = "203.0.113.9",
    port: int = 55555,
    command: int = 0x21,
    family: int | None = None,
) -> bytes:
    address = ipaddress.ip_address(source)
    other = address.packed[:-1] + b"\1"
    rest = address.packed + other + struct.pack(">HH", port, 8443) + b"".join(tlvs)
    usual = 0x11 if address.version == 4 else 0x21
    kind = usual if family is None else family
    return SIGNATURE + bytes((command, kind)) + struct.pack(">H", len(rest)) + rest


def tls(*inner: bytes, flags: int = 0x07, verify: int = 0) -> bytes:
    return tlv(0x20, struct.pack(">BI", flags, verify) + b"".join(inner))


def test_the_documented_header_is_read() -> None:
    """Z1: the worked example of the module, byte by byte."""
    assert read_header(EXAMPLE) == Forwarded("203.0.113.9", 55555)
    assert header() == EXAMPLE[:20] + b"\xcb\x00\x71\x01" + EXAMPLE[24:]


def calls(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    return not (plain.is_unspecified or plain.is_multicast)


@given(st.ip_addresses().filter(calls), st.integers(0, 65535))
def test_every_address_comes_back(address: ipaddress.IPv4Address, port: int) -> None:
    """Z1: IPv4 and IPv6."""
    assert read_header(header(source=str(address), port=port)) == Forwarded(str(address), port)


def test_what_the_front_saw_in_tls_is_read() -> None:
    """Z1: the name that was asked for, and the client certificate that the front verified."""
    data = header(
        tlv(0x01, b"http/1.1"),
        tlv(0x02, b"api.zone.example"),
        tlv(0x05, b"\x01\x02"),
        tls(tlv(0x21, b"TLSv1.3"), tlv(0x22, b"toyco-sg"), tlv(0x28, b"der")),
        tlv(0xE0, b"something of the front's own"),
    )
    assert read_header(data) == Forwarded(
        "203.0.113.9",
        55555,
        "api.zone.example",
        tls=True,
        common_name="toyco-sg",
        certificate=b"der",
        unique_id=b"\x01\x02",
    )


@pytest.mark.parametrize(("flags", "verify"), [(0x01, 0), (0x03, 1), (0x07, 0xFFFFFFFF), (0x00, 0)])
def test_a_certificate_that_was_not_verified_says_nothing(flags: int, verify: int) -> None:
    """Z1: a name that nobody checked is what the client says of itself; that it was sent is told."""
    seen = read_header(header(tls(tlv(0x22, b"toyco-sg"), tlv(0x28, b"der"), flags=flags, verify=verify)))
    assert (seen.common_name, seen.certificate) == ("", b"")
    assert seen.unverified is bool(flags & 0x06)


@pytest.mark.parametrize("host", ["0.0.0.0", "224.0.0.1", "::", "ff02::1", "::ffff:0.0.0.0"])
def test_an_address_that_nobody_calls_from_is_refused(host: str) -> None:
    """Z1: a front that knows no caller must not make one up."""
    packed = ipaddress.ip_address(host).packed
    family = 0x11 if len(packed) == 4 else 0x21
    addresses = packed * 2 + struct.pack(">HH", 55555, 8443)
    data = SIGNATURE + bytes((0x21, family)) + struct.pack(">H", len(addresses)) + addresses
    with pytest.raises(ProxyHeaderError, match="nobody calls from"):
        read_header(data)


def test_a_checksum_must_fit() -> None:
    """Z1: a header that changed on its way is refused."""
    blank = header(tlv(0x02, b"api"), tlv(0x03, bytes(4)))
    sound = blank[:-4] + struct.pack(">I", crc32c(blank))
    assert read_header(sound).authority == "api"
    for bad in (blank, sound[:-1] + bytes((sound[-1] ^ 1,)), sound.replace(b"api", b"apj")):
        with pytest.raises(ProxyHeaderError, match="checksum"):
            read_header(bad)
    with pytest.raises(ProxyHeaderError, match="length"):
        read_header(header(tlv(0x03, bytes(3))))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PROXY TCP4 203.0.113.9 127.0.10.1 55555 8443\r\n", "version 2"),
        (b"GET / HTTP/1.1\r\n\r\n", "version 2"),
        (b"", "version 2"),
        (SIGNATURE + b"\x21\x11", "version 2"),
        (header(command=0x20), "no caller"),
        (header(command=0x11), "no caller"),
        (header(command=0x22), "no caller"),
        (header(family=0x12), "TCP"),
        (header(family=0x31), "TCP"),
        (header(family=0x00), "TCP"),
        (header(family=0x21), "TCP"),
        (header() + b"\0", "as long"),
        (header()[:-1], "as long"),
        (header(b"\x02"), "cut short"),
        (header(b"\x02\xff\xff"), "cut short"),
        (header(tlv(0x20, b"\x01")), "cut short"),
        (header(tls(b"\x22\x00\x09abc")), "cut short"),
        (header(tlv(0x02, b"\xff")), "no text"),
        (header(tlv(0x02, b"a\r\nb")), "no text"),
        (header(tlv(0x02, b"a"), tlv(0x02, b"b")), "twice"),
        (header(tls(), tls()), "twice"),
    ],
)
def test_what_can_not_be_taken_is_refused(data: bytes, words: str) -> None:
    """Z22: version 1, other commands and families, cut and doubled fields close the connection."""
    with pytest.raises(ProxyHeaderError, match=words):
        read_header(data)


def test_a_header_is_bounded_before_it_is_read() -> None:
    """Z22: a front gone mad costs 4,096 bytes, not 64 KiB."""
    fixed = SIGNATURE + b"\x21\x11" + struct.pack(">H", MAX_BYTES - FIXED_BYTES)
    assert rest_bytes(fixed) == MAX_BYTES - FIXED_BYTES
    with pytest.raises(ProxyHeaderError, match="too long"):
        rest_bytes(fixed[:-2] + struct.pack(">H", MAX_BYTES - FIXED_BYTES + 1))


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_are_read_or_refused_with_the_one_error(data: bytes, framed: bool) -> None:  # noqa: FBT001
    """Z22: whatever comes, a caller or a `ProxyHeaderError`."""
    if framed:
        data = SIGNATURE + b"\x21\x11" + struct.pack(">H", len(data)) + data
    try:
        read_header(data)
    except ProxyHeaderError:
        return
    assert data.startswith(SIGNATURE)
