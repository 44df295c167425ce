"""`zoneproxy.trace.segments`: which segments there are, and which may go."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import segments as module
from zoneproxy.trace.segments import Segments
from zoneproxy.trace.wal import Group, Item, encode_state


def group(first: int) -> Group:
    return Group(first, (Item(b"a"), Item(b"b")))


def three(files: CrashFiles) -> Segments:
    """Three segments of one group each, at 0, 2 and 4; the last two with a state."""
    segments = Segments(files)
    segments.begin(0, None)
    segments.append(group(0))
    for first in (2, 4):
        segments.begin(first, b"state %d" % first)
        segments.append(group(first))
    return segments


def test_groups_from_a_start() -> None:
    """Groups are read from the segment of the newest covered state on."""
    files = CrashFiles()
    three(files)
    assert Segments(files).find_start(255) is None
    assert Segments(files).find_start(256) == (4, b"state 4")
    assert [made.first for made in Segments(files).groups(0)] == [0, 2, 4]
    assert [made.first for made in Segments(files).groups(4)] == [4]


def test_deletion() -> None:
    """Nothing is deleted before the tree covers a state; then everything before the newest such one."""
    files = CrashFiles()
    segments = three(files)
    segments.delete_covered(255)
    assert len(segments.names()) == 3
    files.create("wal/note", private=True)
    segments.delete_covered(256)
    assert segments.names() == ["00000000000000000004.wal"]
    assert files.read("wal/note") is not None
    segments.delete_covered(512)
    assert len(segments.names()) == 1


def test_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment is full at its size; a new one is not."""
    segments = three(CrashFiles())
    told = [segments.full]
    monkeypatch.setattr(module, "SEGMENT_BYTES", 40)
    told.append(segments.full)
    segments.begin(6, b"")
    told.append(segments.full)
    assert told == [False, True, False]


def test_the_tail_is_written_again_with_its_state() -> None:
    """Where the last group is the first of its segment, the state before it stays."""
    files = CrashFiles()
    three(files)
    again = Segments(files)
    again.find_start(256)
    again.secure_tail(group(4))
    assert (files.read("wal/00000000000000000004.wal") or b"").startswith(encode_state(4, b"state 4"))
    assert [made.first for made in Segments(files).groups(4)] == [4]
    with pytest.raises(VerificationError, match="empty"):
        again.secure_tail(None)


def test_a_state_of_another_place_is_none() -> None:
    """A state that names another index than its segment is not believed."""
    files = CrashFiles()
    three(files)
    files.create("wal/00000000000000000006.wal", private=True)
    files.append("wal/00000000000000000006.wal", encode_state(5, b"state"))
    assert Segments(files).find_start(256) == (4, b"state 4")
