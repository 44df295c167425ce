"""`zoneproxy.trace.opening_store`: open, sealed, shredded and absent are four things."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.private_log import DAY, KEK, REGULATOR, memory_log, reader, sealing
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.datakey import KeyEncryptionKey
from zoneproxy.trace.opening_files import open_path
from zoneproxy.trace.opening_store import Access, OpeningStore, list_keys


@pytest.fixture
def files() -> CrashFiles:
    return memory_log(["toyco-sg", "toyco-my"], sealing(regulator=True))


def accesses(files: CrashFiles, *holders: object) -> list[Access]:
    return [reader(files, *holders).openings.find(index).access for index in range(5)]


def test_who_holds_a_key_opens(files: CrashFiles) -> None:
    """Z17: the operator and the regulator open; others see that something is there."""
    assert accesses(files, KEK) == [Access.ABSENT, *[Access.OPEN] * 4]
    assert accesses(files, REGULATOR) == [Access.ABSENT, *[Access.OPEN] * 4]
    assert accesses(files) == accesses(files, KeyEncryptionKey(bytes(32)))
    assert accesses(files) == [Access.ABSENT, *[Access.SEALED] * 4]


def test_a_destroyed_key_is_seen_by_everyone(files: CrashFiles) -> None:
    """Z17: withheld, not invalid, whether the reader holds keys or not."""
    key_id = reader(files, KEK).openings.find(1).key_id
    files.remove(f"open/keys/{DAY}/{key_id}")
    expected = [Access.SHREDDED, Access.SHREDDED]
    assert accesses(files, KEK)[1:3] == accesses(files)[1:3] == expected
    assert accesses(files, KEK)[3:] == [Access.OPEN] * 2
    assert reader(files, KEK).openings.key_file(key_id) is None


def test_a_place_that_cannot_list_leaves_them_sealed(files: CrashFiles) -> None:
    """Over HTTP folders can't be listed: nothing is taken for destroyed."""
    store = OpeningStore(files.read_limited, None, "zone.example/trace/node-1", [KEK])
    assert store.find(1).access is Access.SEALED


def test_a_changed_opening_or_key_is_invalid(files: CrashFiles) -> None:
    """Z14: with the key at hand, changed bytes are told from withheld ones."""
    key_id, path = list_keys(files.names)[0]
    good = files.read(path) or b""
    other = files.read(list_keys(files.names)[1][1]) or b""
    for bad in (other, b"{}\n", good.replace(b'"kek","data":"', b'"kek","data":"AAAA')):
        changed = CrashFiles(dict(next(files.disks())) | {path: bad})
        store = reader(changed, KEK).openings
        index = next(i for i in (1, 3) if reader(files, KEK).openings.find(i).key_id == key_id)
        with pytest.raises(VerificationError):
            store.find(index)
    data = bytearray(files.read(open_path(0)) or b"")
    data[60] ^= 1
    with pytest.raises(VerificationError):
        reader(CrashFiles(dict(next(files.disks())) | {open_path(0): bytes(data)}), KEK).openings.find(1)


def test_many_keys_are_not_all_kept(files: CrashFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded however many keys a log has."""
    monkeypatch.setattr("zoneproxy.trace.opening_store._MOST_KEYS", 1)
    assert accesses(files, KEK)[1:] == [Access.OPEN] * 4
