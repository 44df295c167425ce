from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.route.destination import (
    Destination,
    DestinationError,
    destination_of,
    read_destination,
    read_host,
    read_port,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.com", "example.com"),
        ("API.Example.COM.", "api.example.com"),
        ("localhost", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a_b.example", "a_b.example"),
        ("1password.example", "1password.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("10.0.258", "10.0.1.2"),
        ("0", "0.0.0.0"),
        ("4294967295", "255.255.255.255"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("[2001:DB8:0:0::1]", "2001:db8::1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("::FFFF:7F00:1", "127.0.0.1"),
    ],
)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    """Every spelling of a host is read as the same host, so that a list of hosts can't be walked around."""
    canonical, address = read_host(text)
    assert canonical == host
    assert (address is None) == any(letter in "ghijklmnopqrstuvwxyz" for letter in host)
    assert read_host(canonical) == (canonical, address)


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "example..com", "example.com..", ".example.com", "-a.example", "a-.example",
        "user@host", "user:pw@host", "host%00", "exa mple", "host/", "host\\", "host?", "host#", "a,b",
        "1.2.3.4.5", "256.0.0.1", "1.2.65536", "4294967296", "0x100000000", "08.0.0.1", "0400.0.0.1",
        "1.2.3.0x", "0x", "a.1", "example.0x7f", "1.2.3.a.9", "99999999999999999999",
        "[::1", "::1]", "[]", "[127.0.0.1]", "[fe80::1%eth0]", "fe80::1%25eth0", "1::2::3", "[[::1]]",
        "b\u00fccher.example", "\u2460.example", "127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1",
        "exam\u200dple.com", "example\u3002com", "a" * 64 + ".example", "a." * 127 + "ab",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    """A host that programs read differently is no host."""
    with pytest.raises(DestinationError):
        read_host(text)


@given(st.from_regex(r"(0x[0-9a-f]{0,9}|0[0-7]{0,11}|[1-9][0-9]{0,10})(\.(0x[0-9a-f]{1,3}|0[0-7]{0,4}|[0-9]{1,4})){0,3}",
                     fullmatch=True))  # fmt: skip
def test_numbers_are_read_as_the_system_reads_them(text: str) -> None:
    """The forms of `inet_aton` are the addresses that the system would connect to, or refused."""
    try:
        expected = socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        expected = None
    try:
        host = read_host(text)[0]
    except DestinationError:
        return
    if expected is not None:
        assert host == expected


@given(st.text(max_size=20) | st.from_regex(r"[0-9a-fx.:\[\]%@-]{0,20}", fullmatch=True))
def test_reading_twice_changes_nothing(text: str) -> None:
    """Whatever is accepted is ASCII, lower case, and reads as itself."""
    try:
        host, address = read_host(text)
    except DestinationError:
        return
    assert host.isascii()
    assert host == host.lower()
    assert read_host(host) == (host, address)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com:80", ("example.com", 80)),
        ("example.com", ("example.com", 443)),
        ("[::1]:8443", ("::1", 8443)),
        ("[::1]", ("::1", 443)),
        ("0x7f.1:65535", ("127.0.0.1", 65535)),
    ],
)
def test_a_destination_is_host_and_port(text: str, expected: tuple[str, int]) -> None:
    """Host and port are read together; a port that is not written is the default."""
    found = read_destination(text, default_port=443)
    assert (found.host, found.port) == expected
    assert destination_of(found.host, found.port) == found


@pytest.mark.parametrize(
    "text",
    ["", ":80", "host:", "host:0", "host:080", "host:65536", "host:8o", "host:-1", "host:+1", "host: 80",
     "host:80:80", "[::1]80", "[::1]:", "::1", "u:p@host:80", "host:\u0668\u0660"],
)  # fmt: skip
def test_a_faulty_destination_is_refused(text: str) -> None:
    """An authority that is not exactly host and port is no destination."""
    with pytest.raises(DestinationError):
        read_destination(text, default_port=443)


def test_a_port_must_be_written_where_none_is_the_default() -> None:
    """Without a default, a host alone is no destination."""
    with pytest.raises(DestinationError, match="the port is missing"):
        read_destination("example.com")


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    """A port that was already a number is checked too."""
    with pytest.raises(DestinationError):
        destination_of("example.com", port)
    with pytest.raises(DestinationError):
        read_port(str(port))


def test_an_address_is_known_as_one() -> None:
    """A destination tells whether it is an address, in whatever way it was written."""
    assert str(read_destination("2130706433:80").address) == "127.0.0.1"
    assert read_destination("example.com:80") == Destination("example.com", 80)
