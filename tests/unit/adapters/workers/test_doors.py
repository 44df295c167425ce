"""`zoneproxy.adapters.workers.doors`: a door that can't open is found before anything is written."""

from __future__ import annotations

import socket

import pytest

from zoneproxy.adapters.workers.doors import check_free, open_shared, shown
from zoneproxy.terms.errors import ConfigError


def test_a_free_port_passes_and_stays_free() -> None:
    """The probe leaves nothing behind: the same address can be asked for twice, and then bound."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check_free([("127.0.0.1", port), ("127.0.0.2", port)])
    check_free([("127.0.0.1", port)])
    with socket.socket() as door:
        door.bind(("127.0.0.1", port))


def test_a_taken_port_is_named() -> None:
    """A port that another process listens on is named with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            check_free([("127.0.0.1", port)])
    assert caught.value.message == f"can't listen on `127.0.0.1:{port}`: address already in use"
    assert "does this zone run already" in caught.value.hint


def test_a_foreign_address_is_named() -> None:
    """An address of another machine (TEST-NET-3) is told as such."""
    with pytest.raises(ConfigError) as caught:
        check_free([("203.0.113.9", 8443)])
    assert caught.value.message.startswith("can't listen on `203.0.113.9:8443`: ")
    assert "not this machine's" in caught.value.hint


def test_a_shared_door_is_balanced_by_the_kernel() -> None:
    """Two sockets of one address both get connections, and a closed one leaves its share to the other."""
    with open_shared("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with open_shared("127.0.0.1", port) as second:
            for door in (first, second):
                door.listen()
                door.settimeout(0)
            for _ in range(40):
                socket.create_connection(("127.0.0.1", port)).close()
            assert min(_accepted(first), _accepted(second)) > 0
        for _ in range(10):
            socket.create_connection(("127.0.0.1", port)).close()
        assert _accepted(first) == 10


def _accepted(door: socket.socket) -> int:
    count = 0
    while True:
        try:
            door.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_door_that_is_not_shared_is_taken() -> None:
    """Who holds an address alone keeps it: no other process can slip in beside it."""
    with socket.socket() as alone:
        alone.bind(("127.0.0.1", 0))
        port = alone.getsockname()[1]
        with pytest.raises(ConfigError, match="address already in use"):
            open_shared("127.0.0.1", port)


def test_addresses_are_shown() -> None:
    """An IPv6 address bears brackets, and has a door of its own."""
    assert shown("::1", 8443) == "[::1]:8443"
    assert shown("127.0.0.1", 8443) == "127.0.0.1:8443"
