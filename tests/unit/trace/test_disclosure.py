"""`zoneproxy.trace.disclosure`: what a regulator gets, and that nothing in it can be changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, signer
from tests.support.private_log import DAY, KEK, REGULATOR, memory_log, public_of, reader
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.datakey import RecipientKey
from zoneproxy.trace.disclosure import Disclosed, check, compose, decrypt, encrypt

KEYS = signer().verifiers


@pytest.fixture
def files() -> CrashFiles:
    return memory_log(["toyco-sg", "toyco-my"])


@pytest.fixture
def plain(files: CrashFiles) -> bytes:
    return compose(reader(files, KEK), [3, 1, 1], ["client.ip", "response_sha256"])


def checked(plain: bytes) -> list[Disclosed]:
    return check(ORIGIN, plain, KEYS)[1]


def test_exactly_the_fields_asked_for_are_opened(plain: bytes) -> None:
    """Z17: the named fields of the named entries, nothing else; not even other fields' salts."""
    entries = checked(plain)
    assert [one.index for one in entries] == [1, 3]
    assert all(dict(one.fields) == {"client.ip": "198.51.100.7"} for one in entries)
    assert b"curl/8" not in plain
    assert all(len(one["disclosures"]) == 2 for one in json.loads(plain)["entries"])


def test_only_the_recipient_reads_it(plain: bytes) -> None:
    """Z17: the file is the recipient's alone, and any flipped byte of it is refused."""
    data = encrypt(ORIGIN, public_of(REGULATOR), plain)
    assert decrypt(data, REGULATOR) == (ORIGIN, plain)
    assert b"client.ip" not in data
    with pytest.raises(VerificationError, match="not for this one"):
        decrypt(data, RecipientKey(bytes([9]) * 32))
    for place in [*range(120), len(data) // 2, len(data) - 1]:
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(VerificationError):
            decrypt(changed, REGULATOR)
    with pytest.raises(VerificationError, match="no disclosure file"):
        decrypt(b"", REGULATOR)


def changes(value: dict[str, Any]) -> dict[str, Any]:
    """One change for each thing that is checked."""
    one = value["entries"][0]
    root, field = one["disclosures"]
    return {
        "checkpoint": value | {"checkpoint": value["checkpoint"].replace("\n5\n", "\n6\n")},
        "entry": value | {"entries": [one | {"entry": one["entry"].replace("overseas", "domestic")}]},
        "index": value | {"entries": [one | {"index": 2}]},
        "index kind": value | {"entries": [one | {"index": True}]},
        "proof": value | {"entries": [one | {"proof": one["proof"][:-1]}]},
        "field": value | {"entries": [one | {"disclosures": [root, field[:-2] + "AA"]}]},
        "no root": value | {"entries": [one | {"disclosures": [field]}]},
        "twice": value | {"entries": [one | {"disclosures": [root, field, field]}]},
        "withheld and shown": value | {"entries": [one | {"withheld": ["client.ip"]}]},
        "unknown field": value | {"entries": [one | {"withheld": ["weather"]}]},
        "version": value | {"v": 2},
        "more": value | {"more": 1},
        "no list": value | {"entries": 7},
    }


@pytest.mark.parametrize(
    "name", list(changes({"entries": [{"disclosures": "ab", "entry": "", "proof": []}], "checkpoint": ""}))
)
def test_any_change_is_refused(plain: bytes, name: str) -> None:
    """Z14: checkpoint, place, bytes and commitment are each checked."""
    changed = canonical.encode(changes(json.loads(plain))[name])
    with pytest.raises(VerificationError):
        checked(changed)


def test_another_entrys_field_is_refused(files: CrashFiles, plain: bytes) -> None:
    """Z14: a field of one entry can't be shown as another's."""
    value = json.loads(plain)
    value["entries"][0]["disclosures"] = value["entries"][1]["disclosures"]
    with pytest.raises(VerificationError, match="commitment"):
        checked(canonical.encode(value))


def test_another_logs_keys_refuse_it(plain: bytes) -> None:
    """Only the keys that the regulator trusts count."""
    with pytest.raises(VerificationError):
        check(ORIGIN, plain, signer(ORIGIN, 2).verifiers)
    with pytest.raises(VerificationError):
        check("other.example", plain, KEYS)


def test_what_was_erased_is_named_as_withheld(files: CrashFiles) -> None:
    """Z17: a destroyed key leaves nothing to open, and the file says so."""
    files.remove(f"open/keys/{DAY}/{reader(files, KEK).openings.find(1).key_id}")
    first, second = checked(compose(reader(files, KEK), [1, 3], ["client.ip"]))
    assert (dict(first.fields), first.withheld) == ({}, ("client.ip",))
    assert (dict(second.fields), second.withheld) == ({"client.ip": "198.51.100.7"}, ())


def test_what_cannot_be_disclosed_is_told(files: CrashFiles) -> None:
    """No key, no such field, no such entry: each has its words."""
    with pytest.raises(VerificationError, match="a key that is not here"):
        compose(reader(files), [1], ["client.ip"])
    with pytest.raises(VerificationError, match="none of these fields"):
        compose(reader(files, KEK), [2], ["client.ip"])
    with pytest.raises(VerificationError, match="no entry 99"):
        compose(reader(files, KEK), [99], ["client.ip"])
