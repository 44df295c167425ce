from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.route.destination import read_destination
from zoneproxy.route.lane import DestinationTable, RegisteredDestination, lane_facts, side_of
from zoneproxy.terms.facts import VOCABULARY, FactSheet, in_domain
from zoneproxy.terms.networks import Network, NetworkTable, read_address, read_prefix
from zoneproxy.terms.phase import Side

NETWORKS = NetworkTable(
    [
        Network(read_prefix("127.0.10.0/24"), Side.OVERSEAS, "SG"),
        Network(read_prefix("127.0.20.0/24"), Side.DOMESTIC, "CN"),
        Network(read_prefix("127.0.30.0/24"), Side.ZONE, "CN"),
        Network(read_prefix("2000::/3"), Side.OVERSEAS, "SG"),
        Network(read_prefix("64:ff9b::/96"), Side.OVERSEAS, "SG"),
    ]
)
TABLE = DestinationTable(
    [
        RegisteredDestination("tools.example", 80, Side.OVERSEAS),
        RegisteredDestination("tools.example", None, Side.DOMESTIC),
        RegisteredDestination("store.example", None, Side.ZONE),
        RegisteredDestination("inland.example", None, Side.DOMESTIC),
        RegisteredDestination("127.0.10.7", 80, Side.OVERSEAS),
        RegisteredDestination("127.0.20.7", 80, Side.OVERSEAS),
    ]
)


def facts(text: str, *resolved: str) -> tuple[object, object]:
    addresses = [address for each in resolved if (address := read_address(each))]
    found = lane_facts(read_destination(text), addresses, destinations=TABLE, networks=NETWORKS)
    return found["destination.side"], found["destination.registered"]


@pytest.mark.parametrize(
    ("text", "resolved", "expected"),
    [
        ("tools.example:80", (), ("overseas", True)),
        ("TOOLS.example.:80", (), ("overseas", True)),
        ("tools.example:80", ("127.0.10.9",), ("overseas", True)),
        ("tools.example:80", ("198.51.100.1",), ("overseas", True)),
        ("tools.example:443", (), ("domestic", True)),
        ("store.example:80", ("127.0.30.9",), ("zone", True)),
        ("127.0.10.7:80", (), ("overseas", True)),
        ("0x7f000a07:80", (), ("overseas", True)),
        ("127.0.10.8:80", (), ("overseas", False)),
        ("127.0.30.8:80", (), ("zone", False)),
        ("127.0.0.1:80", (), ("unknown", False)),
        ("nobody.example:80", (), ("unknown", False)),
        ("nobody.example:80", ("127.0.10.9",), ("overseas", False)),
        ("nobody.example:80", ("127.0.10.9", "127.0.30.9"), ("unknown", False)),
        ("nobody.example:80", ("127.0.10.9", "198.51.100.1"), ("unknown", False)),
    ],
)
def test_a_lane_is_open_only_by_the_list(
    text: str, resolved: tuple[str, ...], expected: tuple[str, bool]
) -> None:
    """Z5: a destination is registered by its exact canonical host and port, or it is not."""
    assert facts(text, *resolved) == expected


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("inland.example:80", ()),
        ("inland.example:80", ("127.0.10.9",)),
        ("tools.example:80", ("127.0.10.9", "127.0.20.9")),
        ("tools.example:80", ("::ffff:127.0.20.9",)),
        ("127.0.20.9:80", ()),
        ("127.0.20.7:80", ()),
        ("2130711561:80", ()),
        ("[::ffff:127.0.20.9]:80", ()),
        ("[64:ff9b::127.0.20.9]:80", ()),
        ("[2002:7f00:1409::1]:80", ()),
        ("[::127.0.20.9]:80", ()),
        ("[2001:0:102:304::80ff:ebf6]:80", ()),
        ("[64:ff9b:1::127.0.20.9]:80", ()),
        ("[64:ff9b:1:7f00:14:900::]:80", ()),
        ("[2001:db8::5efe:127.0.20.9]:80", ()),
        ("[2001:db8::200:5efe:127.0.20.9]:80", ()),
        ("nobody.example:80", ("127.0.20.9", "198.51.100.1")),
    ],
)
def test_the_domestic_side_is_seen_in_every_disguise(text: str, resolved: tuple[str, ...]) -> None:
    """Z5: by name, address, number, translator, tunnel or rebound name, the domestic side is domestic."""
    assert facts(text, *resolved)[0] == "domestic"


def test_a_rebound_name_is_on_no_side() -> None:
    """Z5: a registered name that resolves to another side's address is not believed."""
    assert facts("tools.example:80", "127.0.30.9") == ("unknown", True)
    assert facts("store.example:80", "127.0.10.9") == ("unknown", True)


def test_what_could_not_be_read_goes_nowhere() -> None:
    """A destination that can be read in two ways is unknown and not registered."""
    assert lane_facts(None, destinations=TABLE, networks=NETWORKS) == {
        "destination.host": None,
        "destination.registered": False,
        "destination.side": "unknown",
    }


HOSTS = st.sampled_from(["tools.example", "store.example", "inland.example", "nobody.example",
                         "127.0.10.7", "127.0.20.7", "127.0.0.1"])  # fmt: skip
ADDRESSES = st.lists(
    st.sampled_from(["127.0.10.9", "127.0.20.9", "127.0.30.9", "198.51.100.1", "2001:db8::1"]), max_size=4
)


@given(HOSTS, st.sampled_from([80, 443]), ADDRESSES)
def test_no_answer_of_a_resolver_makes_a_lane_better(host: str, port: int, resolved: list[str]) -> None:
    """Z5: what a name resolves to opens nothing that the list keeps shut; a domestic address shuts."""
    destination = read_destination(f"{host}:{port}")
    addresses = [address for each in resolved if (address := read_address(each))]
    found = lane_facts(destination, addresses, destinations=TABLE, networks=NETWORKS)
    FactSheet().update(found)
    assert all(in_domain(VOCABULARY[name], value) for name, value in found.items())
    listed = TABLE.find(destination)
    assert found["destination.registered"] == (listed is not None)
    side = side_of(destination, addresses, destinations=TABLE, networks=NETWORKS)
    if "127.0.20.9" in resolved:
        assert side is Side.DOMESTIC
    if listed is not None:
        assert side in (listed, Side.DOMESTIC, None)


def test_a_destination_stands_once() -> None:
    """An ambiguous list is refused."""
    twice = [RegisteredDestination("a.example", 80, side) for side in (Side.ZONE, Side.OVERSEAS)]
    with pytest.raises(ValueError, match=r"destination `a\.example:80` is registered twice"):
        DestinationTable(twice)
    with pytest.raises(ValueError, match=r"destination `a\.example` is registered twice"):
        DestinationTable([RegisteredDestination("a.example", None, Side.ZONE)] * 2)
