"""`zoneproxy.assembly.scan_tables`: the detectors look by the operator's own tables."""

from __future__ import annotations

import pytest

from tests.unit.content.identifiers import chat_chunk
from zoneproxy.assembly.scan_tables import with_places
from zoneproxy.config.limits import Scan
from zoneproxy.content.dialects import recognise
from zoneproxy.content.locate import locate
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream import AnswerStream
from zoneproxy.origin.delegated import Delegations, read_delegations
from zoneproxy.origin.places import Places

LIST = """2|apnic|20260119|5|19830613|20260118|+1000
apnic|*|ipv4|*|3|summary
apnic|*|ipv6|*|1|summary
apnic|*|asn|*|1|summary
apnic|CN|ipv4|203.0.113.0|128|20110414|allocated
apnic|CN|ipv4|203.0.113.128|128|20110414|allocated
apnic|SG|ipv4|198.51.100.0|128|20110412|assigned
apnic|CN|ipv6|2001:db8::|32|20110414|allocated
apnic|CN|asn|64500|2|20020801|allocated
"""
SETTINGS = ScanSettings(2, bytes(32))


def places(text: str = LIST) -> Places:
    return Places(frozenset({"CN"}), delegations=Delegations([read_delegations(text)]))


def kinds(text: str, settings: ScanSettings) -> set[str]:
    return {hit.kind for hit in locate(text, settings).hits}


def test_lists_take_the_place_of_the_known_networks() -> None:
    """Z11: what the operator's list gives to the home country is found, and nothing else."""
    made = with_places(SETTINGS, places())
    assert made.networks == ((0xCB007100, 0xCB0071FF),)
    assert kinds("from 203.0.113.200 now", made) == {"cn_ip"}
    assert kinds("from 2001:db8::5 now, or 2001:db8:1:2::5 now", made) == {"cn_ip"}
    assert kinds("from 198.51.100.9 now", made) == set()
    assert kinds("from 114.114.114.114 now", made) == set()
    assert kinds("from 114.114.114.114 now", SETTINGS) == {"cn_ip"}


@pytest.mark.parametrize("given", [None, Places(frozenset({"CN"}))])
def test_without_lists_the_known_networks_stay(given: Places | None) -> None:
    """No list, no change."""
    assert with_places(SETTINGS, given) is SETTINGS


def test_a_list_of_another_region_takes_nothing_away() -> None:
    """Z22: a registry's list that has no home network does not switch the detector off."""
    other = LIST.replace("|CN|", "|AU|")
    assert with_places(SETTINGS, places(other)).networks == SETTINGS.networks


def test_listed_hosts_are_found_in_streams_too() -> None:
    """Z11: `scan.domestic_hosts` counts with all that lies below, whole and streamed."""
    listed = Scan(domestic_hosts=["aliyuncs.example"], digest_key="k").domestic_hosts
    made = ScanSettings(2, bytes(32), hosts=frozenset(listed))
    text = "see https://a.b.aliyuncs.example/x and on"
    assert kinds(text, made) == {"cn_domestic_host"}
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    stream = AnswerStream(endpoint, made, strip_usage=False)
    steps = [stream.feed(chat_chunk(sign)) for sign in text]
    assert {one.kind for step in steps for one in step.findings} == {"cn_domestic_host"}
