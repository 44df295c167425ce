"""The formats' properties: parsers accept or raise their one error, and round-trip; canonical is RFC 8785."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, Writer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.checkpoint import Checkpoint, parse_checkpoint
from zoneproxy.trace.entry import parse
from zoneproxy.trace.note import parse_note, parse_vkey, sign_note
from zoneproxy.trace.opening import commit, parse_opening
from zoneproxy.trace.opening_files import decode_openings, encode_openings
from zoneproxy.trace.proof import InclusionProof, parse_proof
from zoneproxy.trace.tiles import Tile, decode_bundle, encode_bundle, parse_path
from zoneproxy.trace.trust import parse_trust
from zoneproxy.trace.wal import (
    Group,
    Item,
    decode_group,
    encode_group,
    encode_state,
    read_segment,
    read_state,
)

KEYS = st.text("abcdefghijklmnopqrstuvwxyz_.", max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
NOTE = sign_note(Checkpoint(ORIGIN, 3, b"r" * 32).text, [signer()]).data
PROOF = InclusionProof(2, (b"h" * 32, b"i" * 32), NOTE, b"entry").data
TRUST = f"log {signer().verifiers[0].vkey}\nquorum none\n".encode()
ENTRY = Writer().exchange()[0].entry
STATE = encode_state(7, b"{}")
GROUP = encode_group(Group(7, (Item(b"abc", b"de"), Item(b"", b""))))


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Mostly right bytes: a few changed, cut, doubled or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["change", "cut", "insert", "double"])):
            case "change" if place < len(data):
                data[place] = draw(st.integers(0, 255))
            case "cut":
                del data[place : place + draw(st.integers(1, 5))]
            case "insert":
                data[place:place] = draw(
                    st.sampled_from(
                        [b"\n", b" ", b"+", b"=", b"\xc2\x85", b"\xe2\x80\xa8", b"0", b'"', b"\x00"]
                    )
                )
            case _:
                data[place:place] = data[place : place + 9]
    return bytes(data)


@given(VALUES)
def test_canonical_json_is_rfc_8785(value: Any) -> None:
    """What is written here is what an independent canonicaliser writes, and reads back as the same value."""
    made = canonical.encode(value)
    assert made == rfc8785.dumps(value)
    assert canonical.decode(made) == value


@given(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()) | damaged(ENTRY))
def test_json_and_entries_parse_or_raise_their_error(data: bytes) -> None:
    """What is accepted encodes to the same bytes; anything else raises the one error."""
    for read in (canonical.decode, parse):
        try:
            value = read(data)
        except VerificationError:
            continue
        if read is canonical.decode:
            assert canonical.encode(value) == data


@given(st.binary(max_size=80) | damaged(NOTE))
def test_notes_parse_or_raise_their_error(data: bytes) -> None:
    """A note that is accepted is written back to the same bytes, and so is a checkpoint (Z14)."""
    try:
        note = parse_note(data)
    except VerificationError:
        return
    assert note.data == data
    try:
        checkpoint = parse_checkpoint(note.text)
    except VerificationError:
        return
    assert checkpoint.text == note.text


@given(st.binary(max_size=80) | damaged(TRUST))
def test_trust_files_parse_or_raise_their_error(data: bytes) -> None:
    """A trust file that is accepted has a quorum that can be judged; anything else raises the one error."""
    try:
        made = parse_trust(data)
    except VerificationError:
        return
    assert made.holds(made.witnesses) or made.quorum


@given(st.binary(max_size=80) | damaged(PROOF))
def test_proof_files_parse_or_raise_their_error(data: bytes) -> None:
    """A proof file that is accepted is written back to the same bytes (Z14)."""
    try:
        proof = parse_proof(data)
    except VerificationError:
        return
    assert proof.data == data


@given(
    st.text(max_size=80)
    | damaged(signer().verifiers[0].vkey.encode()).map(lambda data: data.decode("latin-1"))
)
def test_vkeys_parse_or_raise_their_error(text: str) -> None:
    """A verifier key that is accepted is written back to the same text."""
    try:
        key = parse_vkey(text)
    except VerificationError:
        return
    assert key.vkey == text


@given(
    st.text(max_size=40)
    | st.from_regex(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,2}[0-9]{3}(\.p/[0-9]{1,3})?", fullmatch=True)
)
def test_tile_paths(path: str) -> None:
    """A path that is accepted is the path of the tile that it was read as."""
    tile = parse_path(path)
    assert tile is None or tile.path == path


@given(st.integers(-1, 63), st.integers(0, 2**40), st.integers(1, 256))
def test_tile_paths_round_trip(level: int, index: int, width: int) -> None:
    """Every tile's path reads back as the tile."""
    assert parse_path(Tile(level, index, width).path) == Tile(level, index, width)


@given(st.lists(st.binary(max_size=50), max_size=20), st.binary(max_size=80), st.integers(0, 20))
def test_bundles(entries: list[bytes], rubbish: bytes, width: int) -> None:
    """A bundle gives back its entries; other bytes are accepted only if they are its spelling."""
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries
    try:
        read = decode_bundle(rubbish, width)
    except VerificationError:
        return
    assert encode_bundle(read) == rubbish


@given(st.lists(st.binary(max_size=50), max_size=20), st.binary(max_size=80))
def test_openings_files(records: list[bytes], rubbish: bytes) -> None:
    """A file of openings gives back its records; other bytes are accepted only if they are its spelling."""
    assert decode_openings(encode_openings(records)) == records
    try:
        assert encode_openings(decode_openings(rubbish)) == rubbish
    except VerificationError:
        return


@given(
    st.integers(0, 2**63),
    st.lists(st.tuples(st.binary(max_size=50), st.binary(max_size=50)), min_size=1, max_size=9),
)
def test_groups_round_trip(first: int, pairs: list[tuple[bytes, bytes]]) -> None:
    """A group reads back as it was written."""
    group = Group(first, tuple(Item(*pair) for pair in pairs))
    data = encode_group(group)
    assert decode_group(data) == (group, len(data))


@given(st.binary(max_size=80) | damaged(GROUP) | damaged(GROUP + GROUP) | damaged(STATE + GROUP))
def test_segments_parse_or_raise_their_error(data: bytes) -> None:
    """Groups that are accepted are written back to the same bytes; a flipped one is never taken (Z14)."""
    state = read_state(data)
    head = encode_state(*state) if state else b""
    assert data.startswith(head)
    try:
        groups, good = read_segment(data)
    except VerificationError:
        return
    assert head + b"".join(map(encode_group, groups)) == data[:good]


@given(
    st.dictionaries(KEYS, st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_size=6),
    st.binary(min_size=32, max_size=32),
)
def test_commitments_open(fields: dict[str, Any], seed: bytes) -> None:
    """Every opening opens its own commitment, whatever text the fields hold (Z17)."""
    prv, record = commit(fields, seed)
    opening = parse_opening(record)
    assert opening.commitment() == prv
    assert opening.fields == fields


@given(st.binary(max_size=60) | damaged(commit({"detail": "x"}, bytes(32))[1]))
def test_openings_parse_or_raise_their_error(record: bytes) -> None:
    """What is no opening record raises the one error."""
    try:
        parse_opening(record)
    except VerificationError:
        return
