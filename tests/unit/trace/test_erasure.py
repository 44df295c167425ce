"""`zoneproxy.trace.erasure`: what a redaction leaves in the files, however often it is done."""

from __future__ import annotations

import json

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, signer
from tests.support.private_log import DAY, KEK, memory_log, reader, redaction, sealing
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.entry import parse
from zoneproxy.trace.erasure import Eraser, Intent, read_intent, remove_intent, write_intent
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.opening import check_opening
from zoneproxy.trace.opening_files import encode_openings, open_path
from zoneproxy.trace.opening_store import Access
from zoneproxy.trace.sealed import is_sealed
from zoneproxy.trace.wal import Group, Item, encode_group, read_segment

FIELD = redaction("field", [1, 3], fields=["client.ip"])


@pytest.fixture
def files() -> CrashFiles:
    return memory_log(["toyco-sg", "toyco-my"])


def eraser(files: CrashFiles, *, keys: bool = True) -> Eraser:
    return Eraser(files, ORIGIN, [KEK] if keys else [], sealing().session(files, ORIGIN))


def logged(files: CrashFiles) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for name in files.names("wal"):
        for group in read_segment(files.read(f"wal/{name}") or b"")[0]:
            found |= {group.first + n: item.opening for n, item in enumerate(group.items)}
    return found


def test_a_field_goes_everywhere_and_the_rest_still_opens(files: CrashFiles) -> None:
    """Z17: value, salt and seed are gone, the other fields still fit the entry, in `open/` and in the log."""
    eraser(files).erase(FIELD)
    entries = dict(reader(files).entries())
    store = reader(files, KEK).openings
    for index in (1, 3):
        for record in (store.find(index).record, store.look(index, logged(files)[index]).record):
            opening = check_opening(record, parse(entries[index]).prv)
            assert set(opening.digests) == {"client.ip"}
            assert "client.ip" not in {*opening.fields, *opening.salts}
            assert "seed" not in json.loads(record)
            assert opening.fields["user_agent"] == "curl/8"
    assert store.find(2).access is Access.OPEN


def test_twice_is_once(files: CrashFiles) -> None:
    """The same order again changes no byte."""
    eraser(files).erase(FIELD)
    before = {path: files.read(path) for path in next(files.disks())}
    operations = files.operations
    eraser(files).erase(FIELD)
    assert {path: files.read(path) for path in before} == before
    assert files.operations == operations


def test_a_record_leaves_nothing(files: CrashFiles) -> None:
    """Z17: the whole opening is gone from both places, also where no key opens it."""
    eraser(files, keys=False).erase(redaction("record", [1]))
    assert reader(files, KEK).openings.raw(1) == logged(files)[1] == b""
    assert reader(files, KEK).openings.find(2).access is Access.OPEN


def test_a_key_leaves_nothing_that_opens(files: CrashFiles) -> None:
    """Z17: the sealed bytes may stay; nobody opens them."""
    key_id = reader(files, KEK).openings.find(1).key_id
    body = redaction("key", keys=[{"id": key_id, "tenant": "toyco-sg", "day": DAY, "class": "record"}])
    for _ in range(2):
        eraser(files).erase(body)
    assert [reader(files, KEK).openings.find(i).access for i in (1, 2)] == [Access.SHREDDED] * 2
    assert reader(files, KEK).openings.find(3).access is Access.OPEN


def test_without_the_key_no_field_can_be_taken_out(files: CrashFiles) -> None:
    """It is told before anything is recorded, and nothing is written by looking."""
    operations = files.operations
    with pytest.raises(VerificationError, match="a key that is not here"):
        eraser(files, keys=False).check(FIELD)
    eraser(files).check(FIELD)
    eraser(files).check(redaction("record", [1]))
    assert files.operations == operations
    with pytest.raises(VerificationError, match="encrypt it again"):
        Eraser(files, ORIGIN, [KEK], None).erase(FIELD)


def test_the_log_recovers_what_was_erased_as_erased(files: CrashFiles) -> None:
    """Z17: the next start takes openings from the write-ahead log, which must not bring a value back."""
    eraser(files).erase(FIELD)
    disk = next(files.disks())
    again = CrashFiles(dict(disk))
    ledger = Ledger(again, ORIGIN, signer())
    ledger.recover(lambda index, entry, leaf: None)
    ledger.append([Item(next(e for i, e in reader(again).entries() if i == 0))])
    ledger.publish()
    found = reader(again, KEK).openings.find(1)
    assert b"198.51.100.7" not in found.record
    assert found.access is Access.OPEN


def test_a_torn_tail_and_plain_openings_are_left_as_they_are() -> None:
    """A log that was never closed, without encryption, loses the field all the same."""
    files = CrashFiles()
    plain = b'{"fields":{"detail":"x"},"seed":"' + b"A" * 43 + b'"}'
    group = encode_group(Group(0, (Item(b"entry", plain), Item(b"other", plain))))
    files.create("wal/00000000000000000000.wal", private=True)
    files.append("wal/00000000000000000000.wal", group + b"ZPG1torn")
    files.create(open_path(0), private=True)
    files.append(open_path(0), encode_openings([plain, plain]))
    eraser(files).erase(redaction("field", [1], fields=["detail"]))
    data = files.read("wal/00000000000000000000.wal") or b""
    assert data.endswith(b"ZPG1torn")
    left = logged(files)
    assert left[0] == plain
    assert b'"x"' not in left[1]
    assert not is_sealed(left[1])
    assert reader(files).openings.raw(1) == left[1]


def test_an_order_is_kept_until_it_is_done(files: CrashFiles) -> None:
    """The intent reads back, and what is no intent is refused."""
    assert read_intent(files) is None
    remove_intent(files)
    write_intent(files, Intent(ORIGIN, 5, (FIELD,)))
    assert read_intent(files) == Intent(ORIGIN, 5, (FIELD,))
    remove_intent(files)
    assert read_intent(files) is None
    files.create("state/redaction", private=True)
    files.append("state/redaction", b"{}\n")
    with pytest.raises(VerificationError, match="no order"):
        read_intent(files)
