"""`zoneproxy.trace.wal`: groups, segments, and the rule of torn tails."""

from __future__ import annotations

import pytest

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.wal import (
    Group,
    Item,
    decode_group,
    encode_group,
    encode_state,
    join_segments,
    read_segment,
    read_state,
    segment_first,
    segment_name,
)

A = Group(0, (Item(b"a"),))
B = Group(1, (Item(b"b", b"open"), Item(b"")))
C = Group(3, (Item(b"c"),))


def join(*segments: tuple[int, bytes]) -> list[Group]:
    files = {segment_name(first): data for first, data in segments}
    return list(join_segments(sorted(files), files.__getitem__))


def data(*groups: Group) -> bytes:
    return b"".join(map(encode_group, groups))


def test_worked_example() -> None:
    """The bytes are those of the module's worked example."""
    made = encode_group(Group(5, (Item(b"abc"),)))
    assert made[:20].hex() == "5a50473100000000000000050000000100" + "00000b"
    assert made[24:].hex() == "0000000361626300000000"
    assert decode_group(made) == (Group(5, (Item(b"abc"),)), len(made))


def test_segment_names() -> None:
    """A segment is named after its first entry, in twenty digits."""
    assert segment_name(5) == "00000000000000000005.wal"
    assert segment_first(segment_name(5)) == 5
    assert [segment_first(name) for name in ("5.wal", "00000000000000000005.wal\n", "state", "x" * 24)] == [
        None
    ] * 4


def test_clean_segments() -> None:
    """Groups of several segments come in the order of their indexes."""
    assert join((0, data(A, B)), (3, data(C))) == [A, B, C]


@pytest.mark.parametrize("cut", range(1, len(encode_group(B))))
def test_torn_tail_is_dropped(cut: int) -> None:
    """A last group that is cut anywhere, or turned to zeroes from there on, was never acknowledged."""
    whole = data(B)
    assert join((0, data(A) + whole[:cut])) == [A]
    assert join((0, data(A) + whole[:cut] + bytes(len(whole) - cut))) in ([A], [A, B])
    assert join((0, data(A, B)), (3, data(C)[:cut])) in ([A, B], [A, B, C])


def test_every_flipped_byte_in_the_middle_is_corruption() -> None:
    """A damaged group with a good one after it is refused, never taken for a torn tail."""
    whole = data(A, B, C)
    for place in range(len(data(A, B))):
        broken = bytearray(whole)
        broken[place] ^= 1
        with pytest.raises(VerificationError):
            join((0, bytes(broken)))


def test_damage_before_another_segment_is_corruption() -> None:
    """A torn tail in a segment that another one follows on from is refused."""
    with pytest.raises(VerificationError, match=r"middle|gap"):
        join((0, data(A, B)[:-1]), (3, data(C)))


def test_copy_of_the_last_group_by_a_recovery() -> None:
    """The last good group stands twice after a recovery, the torn tail behind the first is passed over."""
    assert join((0, data(A, B) + data(C)[:-1]), (1, data(B, C))) == [A, B, C]
    assert join((0, data(A, B)), (1, data(B))) == [A, B]


def test_a_copy_with_other_bytes_is_corruption() -> None:
    """A second group at the same index must be the same group."""
    with pytest.raises(VerificationError, match="gap"):
        join((0, data(A, B)), (1, data(Group(1, (Item(b"x"), Item(b""))))))


def test_gaps_and_wrong_names() -> None:
    """Missing groups and segments, and a segment under another's name, are refused."""
    for segments in (
        [(0, data(A)), (3, data(C))],
        [(1, data(B))],
        [(0, data(A, C))],
        [(7, data(A))],
        [(0, data(B))],
    ):
        with pytest.raises(VerificationError):
            join(*segments)


def test_segment_with_a_state() -> None:
    """A state before the first group reads back, and the groups behind it are found."""
    head = encode_state(1, b"state")
    assert read_state(head + data(B)) == (1, b"state")
    assert read_segment(head + data(B, C)) == ([B, C], len(head + data(B, C)))
    assert join((0, data(A)), (1, head + data(B, C))) == [A, B, C]
    assert read_segment(head) == ([], len(head))
    assert read_state(data(A)) is None


def test_every_flip_and_cut_of_a_state() -> None:
    """A damaged state is none; with a good group behind it, it is corruption (Z14)."""
    head = encode_state(1, b"state")
    for place in range(len(head)):
        broken = bytearray(head + data(B))
        broken[place] ^= 1
        assert read_state(bytes(broken)) is None
        assert read_state(head[:place]) is None
        with pytest.raises(VerificationError, match="good one follows"):
            read_segment(bytes(broken))


def test_groups_from_a_later_start() -> None:
    """Segments are joined from a later index where the earlier ones are gone."""
    files = {segment_name(1): data(B, C)}
    assert list(join_segments(sorted(files), files.__getitem__, 1)) == [B, C]
    with pytest.raises(VerificationError, match="gap"):
        list(join_segments(sorted(files), files.__getitem__))


def test_group_that_lies_about_its_items() -> None:
    """A group whose count or lengths don't fit its body is no group, even with a fitting checksum."""
    assert decode_group(encode_group(Group(0, ()))) is None
    assert read_segment(b"") == ([], 0)
