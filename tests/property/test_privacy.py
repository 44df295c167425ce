"""Laws of private parts: they open exactly, erased values can't be guessed, nothing changed is believed."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.opening import (
    b64url,
    check_opening,
    commit,
    erase,
    parse_opening,
    read_disclosures,
)
from zoneproxy.trace.sealed import Place, seal, unseal

SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
NAMES = st.text("abcdefghijklmnopqrstuvwxyz._", min_size=1, max_size=20).filter(lambda name: name != "prv")
FIELDS = st.dictionaries(NAMES, SCALARS, min_size=1, max_size=12)
SEEDS = st.binary(min_size=32, max_size=32)


def slow_commit(fields: dict[str, Any], seed: bytes) -> tuple[str, bytes]:
    """The module's specification, word for word, with nothing but the standard library's encoders."""

    def text(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"))

    def url(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    def salt(name: str) -> str:
        return url(hashlib.sha256(seed + name.encode()).digest()[:16])

    def disclosure(name: str, value: Any) -> str:
        return url(text([salt(name), name, value]).encode())

    def digest(made: str) -> str:
        return url(hashlib.sha256(made.encode()).digest())

    digests = sorted(digest(disclosure(name, value)) for name, value in fields.items())
    record = json.dumps({"fields": fields, "seed": url(seed)}, separators=(",", ":"), sort_keys=True)
    return digest(disclosure("prv", {"_sd": digests})), record.encode()


@given(FIELDS, SEEDS)
def test_the_fast_way_writes_the_same_bytes(fields: dict[str, Any], seed: bytes) -> None:
    """Commitment and record are those of the specification, byte for byte."""
    assert commit(fields, seed) == slow_commit(fields, seed)


@given(FIELDS, SEEDS, st.data())
def test_erasing_keeps_the_rest_and_loses_the_value(
    fields: dict[str, Any], seed: bytes, data: st.DataObject
) -> None:
    """Z17: in any order and number of steps; neither seed, salt nor value is left of what was erased."""
    prv, record = commit(fields, seed)
    gone: set[str] = set()
    for _ in range(data.draw(st.integers(1, 3))):
        names = set(data.draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=4)))
        gone |= names
        record = erase(record, names)
        assert erase(record, names) == record
        assert erase(record, ["never there"]) == record
        opening = check_opening(record, prv)
        assert set(opening.digests) == gone
        assert opening.fields == {name: value for name, value in fields.items() if name not in gone}
        made = json.loads(record)
        assert made.keys() == {"digests", "fields", "salts"}
        assert set(made["salts"]) == {*fields.keys() - gone, "prv"}
        assert b64url(seed).encode() not in record


@given(SEEDS)
def test_an_erased_address_cannot_be_found_by_trying(seed: bytes) -> None:
    """Z17: with every address of its network tried under every salt that is left, none gives the digest."""
    fields = {"client.ip": "198.51.100.7", "user_agent": "curl/8"}
    record = erase(commit(fields, seed)[1], ["client.ip"])
    opening = parse_opening(record)
    digest = opening.digests["client.ip"]
    salts = [*opening.salts.values(), b64url(bytes(16)), digest[:22]]
    for salt in salts:
        for last in range(256):
            text = json.dumps([salt, "client.ip", f"198.51.100.{last}"], separators=(",", ":"))
            assert b64url(hashlib.sha256(b64url(text.encode()).encode()).digest()) != digest
    # The mutant: with the seed left behind, one of 256 tries finds it.
    left = b64url(hashlib.sha256(seed + b"client.ip").digest()[:16])
    tried = (json.dumps([left, "client.ip", f"198.51.100.{n}"], separators=(",", ":")) for n in range(256))
    assert digest in {b64url(hashlib.sha256(b64url(text.encode()).encode()).digest()) for text in tried}


@given(FIELDS, SEEDS, st.data())
def test_disclosures_show_exactly_what_was_asked(
    fields: dict[str, Any], seed: bytes, data: st.DataObject
) -> None:
    """Z17: any choice of fields opens, and one flipped character opens nothing."""
    prv, record = commit(fields, seed)
    names = data.draw(st.sets(st.sampled_from(sorted(fields))))
    shown = check_opening(record, prv).disclose(names)
    assert read_disclosures(shown, prv) == {name: fields[name] for name in names}
    which = data.draw(st.integers(0, len(shown) - 1))
    place = data.draw(st.integers(0, len(shown[which]) - 1))
    other = data.draw(st.sampled_from("AZaz09-_+=\n"))
    changed = shown[which][:place] + other + shown[which][place + 1 :]
    if changed != shown[which]:
        with pytest.raises(VerificationError):
            read_disclosures([*shown[:which], changed, *shown[which + 1 :]], prv)


@given(st.lists(st.text(max_size=200), max_size=3), SEEDS)
def test_no_text_is_taken_for_a_disclosure(texts: list[str], seed: bytes) -> None:
    """Whatever is given, the parser accepts or raises its one error."""
    prv, _ = commit({"a": 1}, seed)
    with pytest.raises(VerificationError):
        read_disclosures(texts, prv)


@given(st.binary(max_size=600), SEEDS, st.integers(0, 2**63), st.data())
def test_sealing_round_trip_and_any_flip(record: bytes, key: bytes, index: int, data: st.DataObject) -> None:
    """Z17: what was sealed opens at its place; one flipped bit anywhere opens nothing."""
    record = record.rstrip(b" ")
    place = Place("zone.example/trace", index)
    made = seal(key, bytes(16), data.draw(st.integers(0, 2**90)), place, record)
    assert unseal(key, place, made) == record
    bit = data.draw(st.integers(0, len(made) * 8 - 1))
    flipped = bytearray(made)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VerificationError):
        unseal(key, place, bytes(flipped))
