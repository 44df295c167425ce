"""`zoneproxy.adapters.doors`: a door that can't open is found before anything is written."""

from __future__ import annotations

import socket

import pytest

from zoneproxy.adapters.doors import check_free
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
