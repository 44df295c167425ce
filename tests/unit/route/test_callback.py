"""`zoneproxy.route.callback`: a tenant is told at its own registered addresses, and nobody else for it."""

from __future__ import annotations

import pytest

from zoneproxy.route.callback import Callback, read_callback, whose
from zoneproxy.route.destination import DestinationError, destination_of

MINE = read_callback("https://hooks.example/zone/")
THEIRS = read_callback("http://hooks.example:8080")
ELSEWHERE = read_callback("https://other.example")


@pytest.mark.parametrize(
    ("host", "port", "path", "told"),
    [
        ("hooks.example", 443, "/zone", "own"),
        ("hooks.example", 443, "/zone/done", "own"),
        ("HOOKS.example.", 443, "/zone/", "own"),
        ("hooks.example", 443, None, "own"),
        ("hooks.example", 8443, None, "foreign"),
        ("other.example", 443, None, "foreign"),
        ("tools.example", 443, None, "none"),
        ("hooks.example", 443, "/zonewide", "foreign"),
        ("hooks.example", 443, "/", "foreign"),
        ("hooks.example", 443, "/zone/../x", "foreign"),
        ("hooks.example", 443, "/zone/%2e%2e/x", "foreign"),
        ("hooks.example", 443, "/zone//x", "foreign"),
        ("hooks.example", 8080, "/zone", "foreign"),
        ("other.example", 443, "/zone", "foreign"),
        ("tools.example", 443, "/zone", "none"),
    ],
)
def test_a_callback_goes_to_its_own_tenant(host: str, port: int, path: str | None, told: str) -> None:
    """Z5, Z6: a host that anybody registered is reached by its tenant's own addresses alone, tunnels too."""
    to = destination_of(host, port)
    assert whose(to, path, tls=True, own=[MINE], all_of_them=[MINE, THEIRS, ELSEWHERE]) == told


def test_what_was_registered_in_tls_is_called_in_tls() -> None:
    """Z5: an `https` address is never called in the clear, nor an `http` one as if it had proven itself."""
    there = destination_of("hooks.example", 443)
    assert whose(there, "/zone", tls=False, own=[MINE], all_of_them=[MINE]) == "foreign"
    plain = destination_of("hooks.example", 8080)
    assert whose(plain, "/x", tls=False, own=[THEIRS], all_of_them=[THEIRS]) == "own"
    assert whose(plain, "/x", tls=True, own=[THEIRS], all_of_them=[THEIRS]) == "foreign"


def test_a_registration_is_read_in_one_way() -> None:
    """Ports are those of the scheme where none is written; the end of a path makes no difference."""
    assert Callback("hooks.example", 443, "/zone", tls=True) == MINE
    assert Callback("hooks.example", 8080, "", tls=False) == THEIRS


@pytest.mark.parametrize(
    "url",
    ["hooks.example", "ftp://hooks.example/", "https:///x", "https://u@hooks.example/", "https://h.example/?a=1",
     "https://h.example/#a", "https://h.example/a/../b", "https://h.example:99999/", "https://1.2.3.4.5/"],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_no_registration(url: str) -> None:
    """Z22: an address that two readers take differently is the operator's mistake, told at the start."""
    with pytest.raises(DestinationError):
        read_callback(url)
