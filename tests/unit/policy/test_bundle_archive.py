"""`zoneproxy.policy.bundle_archive`: one way to write an archive, and nothing else is read."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.policy.bundle_archive import (
    MAX_BUNDLE_BYTES,
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    is_bundle,
    is_member_name,
    pack,
    unpack,
)
from zoneproxy.policy.bundle_flaws import BundleError

MEMBERS = {"manifest.json": b"{}", "policy/a.yaml": b"x" * 513, "tests/t.yaml": b""}
NAMES = st.one_of(
    st.sampled_from(["manifest.json", "signatures.note"]),
    st.builds(
        "{}/{}".format,
        st.sampled_from(["beside", "data", "policy", "results", "tests"]),
        st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
    ),
)


def tar(*infos: tarfile.TarInfo, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """An archive as another program writes it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return made.getvalue().rstrip(b"\0") + bytes(-len(made.getvalue().rstrip(b"\0")) % 512) + bytes(1024)


def info(name: str = "manifest.json", **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


@given(st.dictionaries(NAMES, st.binary(max_size=1200), max_size=8))
def test_what_is_packed_is_unpacked_and_packed_alike(members: dict[str, bytes]) -> None:
    """The round trip is exact, in whatever order the members are given, and another program reads it."""
    data = pack(members)
    assert unpack(data, "x") == members
    assert pack(dict(reversed(members.items()))) == data
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == sorted(members)


def test_the_bytes_are_these() -> None:
    """The worked example holds: the same members give the same bytes on any machine."""
    data = pack({"manifest.json": b"{}"})
    assert len(data) == 2048
    assert data.startswith(b"manifest.json\0")
    assert (data[100:108], data[124:136], data[257:263]) == (b"0000644\0", b"00000000002\0", b"ustar\0")
    assert is_bundle(data)
    assert not is_bundle(b"apiVersion: zoneproxy/v1\n" * 40)


@given(st.integers(0, len(pack(MEMBERS)) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_is_content(place: int, change: int) -> None:
    """No byte outside the members' contents can be anything else."""
    data = bytearray(pack(MEMBERS))
    data[place] ^= change
    try:
        found = unpack(bytes(data), "x")
    except BundleError:
        return
    assert pack(found) == bytes(data)
    assert found != MEMBERS


@given(st.integers(0, len(pack(MEMBERS)) - 1))
def test_half_a_bundle_is_none(length: int) -> None:
    """A bundle that is read while it is written can't be taken for one."""
    with pytest.raises(BundleError):
        unpack(pack(MEMBERS)[:length], "x")


@pytest.mark.parametrize(
    "data",
    [
        tar(info(mtime=1)),
        tar(info(mode=0o777)),
        tar(info(uid=1)),
        tar(info(uname="root")),
        tar(info(type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        tar(info(type=tarfile.LNKTYPE, linkname="policy/a.yaml")),
        tar(info(type=tarfile.DIRTYPE)),
        tar(info(type=tarfile.FIFOTYPE)),
        tar(info("../manifest.json")),
        tar(info("/manifest.json")),
        tar(info("policy/../../x")),
        tar(info("policy/.hidden")),
        tar(info("other.txt")),
        tar(info("policy/a"), info("policy/a")),
        tar(info("policy/b"), info("policy/a")),
        tar(info("policy/a" + "a" * 120), form=tarfile.GNU_FORMAT),
        tar(info("policy/a" + "a" * 120), form=tarfile.PAX_FORMAT),
        pack(MEMBERS) + bytes(512),
        pack(MEMBERS)[:-1024] + pack({"tests/z": b""}) + b"x" * 512,
        b"",
        bytes(512),
    ],
)
def test_what_another_program_adds_is_refused(data: bytes) -> None:
    """Links, traversal, times, owners, second members, long names and trailing bytes are all refused."""
    with pytest.raises(BundleError):
        unpack(data, "x")


def test_a_plain_archive_of_another_program_can_be_right() -> None:
    """Nothing but the bytes counts: who wrote them does not."""
    assert unpack(tar(info(mode=0o644)), "x") == {"manifest.json": b""}


def test_bounds() -> None:
    """Too many, too large, and names that differ only in case are refused when written and when read."""
    for members in (
        {f"tests/t{number}": b"" for number in range(MAX_MEMBERS + 1)},
        {"data/a": bytes(MAX_MEMBER_BYTES + 1)},
        {f"data/{number}": bytes(MAX_MEMBER_BYTES) for number in range(3)},
        {"data/a": b"", "data/A": b""},
        {"secrets/a": b""},
    ):
        with pytest.raises(BundleError):
            pack(members)
    with pytest.raises(BundleError, match="larger than"):
        unpack(bytes(MAX_BUNDLE_BYTES + 512), "x")


@pytest.mark.parametrize(
    "name", ["policy/a b", "policy/ä", "policy/", "policy", "manifest.json\0", "tests/a/b"]
)
def test_names_that_no_member_has(name: str) -> None:
    """A name is one plain word in a known folder."""
    assert not is_member_name(name)
