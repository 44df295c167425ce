"""`zoneproxy.trace.entry`: records of a closed schema, canonical to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.logs import Writer, decision
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.entry import MAX_BYTES, Header, draft, encode, parse, peek
from zoneproxy.trace.opening import check_opening

HEADER = Header("node-1", "w1", 0, "", 1_767_225_600_000, 0)


def entry(**changes: Any) -> bytes:
    made = json.loads(encode(draft("worker_stop", {"cause": "stop"}, {}, b""), HEADER))
    return canonical.encode({name: value for name, value in (made | changes).items() if value is not ...})


def test_round_trip() -> None:
    """An entry reads back as it was written, with a commitment that its opening opens."""
    made = draft("decision", decision(), {"client.ip": "198.51.100.7"}, bytes(32))
    data = encode(made, HEADER)
    read = parse(data)
    assert (read.kind, read.header, read.body, read.prv) == ("decision", HEADER, decision(), made.prv)
    assert check_opening(made.opening, read.prv).fields["client.ip"] == "198.51.100.7"
    assert peek(data) == read
    assert b"198.51.100.7" not in data


def test_kinds_without_private_fields_have_no_commitment() -> None:
    """A kind that has no private fields bears no `prv`, and takes none."""
    made = draft("worker_stop", {"cause": "stop"}, {}, bytes(32))
    assert (made.prv, made.opening) == ("", b"")
    with pytest.raises(ValueError, match="private"):
        draft("worker_stop", {"cause": "stop"}, {"detail": "x"}, bytes(32))


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"t": "remark"},
        {"t": 1},
        {"n": "Node 1"},
        {"n": 1},
        {"ws": -1},
        {"ws": True},
        {"ws": 1},
        {"wp": "00"},
        {"wp": "ab" * 32},
        {"ts": -1},
        {"ts": 253_402_300_800_000},
        {"ts": 2**53 - 1},
        {"mono": "0"},
        {"prv": "x" * 43},
        {"remark": "x"},
        {"cause": ...},
        {"w": ...},
        {"t": "decision"},
    ],
)
def test_entries_that_are_refused(changes: dict[str, Any]) -> None:
    """Anything that `encode` could not have written is refused when read."""
    with pytest.raises(VerificationError):
        parse(entry(**changes))


def test_other_json_is_no_entry() -> None:
    """Lists, numbers and other spellings are no entries."""
    for data in (b"[]", b"1", entry() + b" ", b"", b"{}"):
        with pytest.raises(VerificationError):
            parse(data)
    for data in (b"[]", b"1", b"", b"{}", b"\xff"):
        with pytest.raises(VerificationError):
            peek(data)


def test_commitment_must_look_like_one() -> None:
    """A `prv` that is not the one spelling of 32 bytes, 43 characters, is refused."""
    data = Writer().item("decision", decision()).entry
    value = json.loads(data)
    for prv in ("", "x" * 42, "x" * 42 + "+", "A" * 42 + "B", 5, None):
        with pytest.raises(VerificationError):
            parse(canonical.encode(value | {"prv": prv}))


def test_size_limit() -> None:
    """An entry of more than 8 KiB is refused when written and when read."""
    layers = [
        {**decision()["phases"]["collect"]["layers"][0], "deny": [f"COL-{n}-{'x' * 100}" for n in range(64)]}
    ] * 8
    body = decision(phases={"collect": {**decision()["phases"]["collect"], "layers": layers}})
    with pytest.raises(ValueError, match="more than 8192"):
        encode(draft("decision", body, {}, bytes(32)), HEADER)
    with pytest.raises(VerificationError, match="too long"):
        parse(b" " * (MAX_BYTES + 1))


def test_header_is_checked_when_written() -> None:
    """A header that is none is refused before anything is written."""
    with pytest.raises(ValueError, match="names"):
        encode(draft("worker_stop", {"cause": "stop"}, {}, b""), Header("Node", "w", 0, "", 0, 0))
