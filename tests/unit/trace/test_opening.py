"""`zoneproxy.trace.opening`: private fields behind one commitment, SD-JWT style."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.opening import (
    COMMITMENT_CHARS,
    SEED_BYTES,
    b64url,
    check_opening,
    commit,
    parse_opening,
    show,
)

SEED = bytes(range(SEED_BYTES))
FIELDS = {"client.ip": "198.51.100.7", "detail": None, "user_agent": "\u00e9\ud800"}


def decode(text: str) -> list[object]:
    made: list[object] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return made


def test_commitment_is_that_of_rfc_9901() -> None:
    """The digests are computed here again as RFC 9901 says, without the module's own code."""
    prv, record = commit(FIELDS, SEED)
    root, *disclosures = parse_opening(record).disclosures()
    digests = sorted(b64url(hashlib.sha256(text.encode()).digest()) for text in disclosures)
    salt, name, value = decode(root)
    assert (name, value) == ("prv", {"_sd": digests})
    assert salt == b64url(hashlib.sha256(SEED + b"prv").digest()[:16])
    assert prv == b64url(hashlib.sha256(root.encode()).digest())
    assert len(prv) == COMMITMENT_CHARS
    assert {name: value for _, name, value in map(decode, disclosures)} == FIELDS


def test_opening_matches_only_its_commitment() -> None:
    """An opening opens its own commitment, and no other (Z17)."""
    prv, record = commit(FIELDS, SEED)
    assert check_opening(record, prv).fields == FIELDS
    other, _ = commit(FIELDS | {"detail": ""}, SEED)
    with pytest.raises(VerificationError, match="does not match"):
        check_opening(record, other)


def test_equal_fields_have_unequal_commitments() -> None:
    """Another seed gives another commitment, so equal values can't be seen to be equal (Z17)."""
    assert commit(FIELDS, SEED)[0] != commit(FIELDS, bytes(SEED_BYTES))[0]


def test_erased_field_leaves_the_commitment_whole() -> None:
    """With value and seed gone, the other fields still open and the erased one can't be guessed (Z17)."""
    prv, record = commit(FIELDS, SEED)
    whole = parse_opening(record)
    _, *disclosures = whole.disclosures()
    erased = "client.ip"
    digest = b64url(hashlib.sha256(disclosures[sorted(FIELDS).index(erased)].encode()).digest())
    rest = {name: value for name, value in FIELDS.items() if name != erased}
    redacted = {
        "fields": rest,
        "salts": {name: salt for name, salt in whole.salts.items() if name != erased},
        "digests": {erased: digest},
    }
    assert check_opening(json.dumps(redacted).encode(), prv).fields == rest


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"fields":{},"seed":"AA"}',
        b'{"fields":[],"seed":1}',
        b'{"fields":{"a":1},"salts":{},"digests":{}}',
        b'{"fields":{},"salts":{"prv":"x"},"digests":{},"more":1}',
        b"[" * 100_000,
    ],
)
def test_no_opening(record: bytes) -> None:
    """What is no opening record is refused with the one error."""
    with pytest.raises(VerificationError):
        parse_opening(record)


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=40)
    | st.lists(st.text(max_size=3), max_size=3)
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), _VALUES, max_size=20))
def test_the_short_way_commits_as_the_long_one(fields: dict[str, object]) -> None:
    """Z17: whatever the fields are, disclosure by disclosure they make the commitment that was written."""
    prv, record = commit(fields, SEED)
    opening = parse_opening(record)
    assert opening.commitment() == prv
    assert dict(opening.fields) == fields
    shown = show(record, prv)
    assert (shown.fields, shown.digests, shown.opening()) == (fields, {}, opening)


def test_what_is_null_and_what_says_so_are_two() -> None:
    """The text `null` is no absent value (Z17)."""
    texts, absent = commit({"detail": "null"}, SEED), commit({"detail": None}, SEED)
    assert texts[0] != absent[0]
    assert check_opening(texts[1], texts[0]).fields == {"detail": "null"}
