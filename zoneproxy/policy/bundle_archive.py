r"""The bytes of a bundle: a tar archive that can be written in one way only.

POSIX ustar (IEEE Std 1003.1-1988): members in the order of their names, each a header of 512 bytes and its
data, filled with zeroes up to the next 512; at the end 1024 zeroes. Every header is that of a plain file of
mode 0644, owner and group 0, time 0. `tar tf` shows it, on any machine, and the same members give the same
bytes on any machine.

A reader computes each header from the name and the size that it finds in it, and takes nothing that
differs in a single byte: links, devices, long names, extended headers, sparse files, times, owners, a second
member of the same name and anything between or after the members are all refused by that one rule.

Names are `manifest.json`, `signatures.note`, or a plain name in one of the folders `beside`, `data`,
`policy`, `results` and `tests`. No two names differ only in case.

Worked example: the member `manifest.json` with the bytes `{}` makes an archive of 2048 bytes, whose first
block begins `manifest.json\0` and bears `0000644\0` at 100, `00000000002\0` at 124 and `ustar\0` at 257.

Trust: the bytes may be an enemy's; nothing in here is verified but the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from zoneproxy.policy.bundle_flaws import BundleError, Flaw

MAX_BUNDLE_BYTES = 1024 * 1024
MAX_MEMBERS = 64
MAX_MEMBER_BYTES = 512 * 1024

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_NAME_BYTES = 100
_SIZE_AT, _SUM_AT = 124, 148
_NAME = re.compile(
    r"(?:manifest\.json|signatures\.note|(?:beside|data|policy|results|tests)/[A-Za-z0-9][A-Za-z0-9._-]{0,79})\Z",
    re.ASCII,
)
_OCTAL = re.compile(rb"[0-7]{11}\0\Z")


def is_bundle(data: bytes) -> bool:
    """Tell whether bytes are meant to be a bundle, by the mark of a tar archive; no YAML bears it there."""
    return data[257:263] == b"ustar\0"


def is_member_name(name: str) -> bool:
    """Tell whether a bundle may have a member of this name."""
    return _NAME.match(name) is not None


def pack(members: Mapping[str, bytes]) -> bytes:
    """Write an archive.

    Args:
        members: names to contents.

    Raises:
        BundleError: a name or a size that no bundle has.
    """
    parts: list[bytes] = []
    for name in sorted(members):
        data = members[name]
        if not is_member_name(name):
            raise _refused("bundle", f"`{name}` is no member of a bundle", "ZB02")
        if len(data) > MAX_MEMBER_BYTES:
            raise _refused("bundle", f"`{name}` is larger than {MAX_MEMBER_BYTES} bytes")
        parts += [_header(name, len(data)), data, bytes(-len(data) % _BLOCK)]
    made = b"".join(parts) + _END
    _check_bounds("bundle", made, len(members))
    _check_case("bundle", members)
    return made


def unpack(data: bytes, file: str) -> dict[str, bytes]:
    """Read an archive; `pack` of the answer gives the same bytes.

    Args:
        data: the archive; may be an enemy's.
        file: its name, for messages.

    Raises:
        BundleError: it is not exactly what `pack` writes.
    """
    _check_bounds(file, data, 0)
    if len(data) % _BLOCK or not data.endswith(_END):
        raise _refused(file, "the archive is cut short, or is none", hint="was it still being written?")
    members: dict[str, bytes] = {}
    place, last = 0, ""
    while place < len(data) - len(_END):
        name, size = _read_header(data[place : place + _BLOCK], place, file)
        if name <= last:
            raise _refused(file, f"the member `{name}` stands twice, or out of order")
        start, filled = place + _BLOCK, -size % _BLOCK
        end = start + size
        if end + filled > len(data) - len(_END) or data[end : end + filled] != bytes(filled):
            raise _refused(file, f"the member `{name}` is cut short, or followed by something else")
        members[name] = data[start:end]
        _check_bounds(file, b"", len(members))
        place, last = end + filled, name
    _check_case(file, members)
    return members


def _header(name: str, size: int) -> bytes:
    block = bytearray(_BLOCK)
    block[: len(name)] = name.encode("ascii")
    block[100:124] = b"0000644\x000000000\x000000000\x00"
    block[_SIZE_AT:148] = b"%011o\x0000000000000\x00" % size
    block[_SUM_AT:157] = b"        0"  # the sum counts itself as spaces; `0` is a plain file
    block[257:265] = b"ustar\x0000"
    block[_SUM_AT:156] = b"%06o\x00 " % sum(block)
    return bytes(block)


def _read_header(block: bytes, place: int, file: str) -> tuple[str, int]:
    name = block[:_NAME_BYTES].rstrip(b"\0").decode("ascii", "replace")
    size = block[_SIZE_AT : _SIZE_AT + 12]
    if not is_member_name(name):
        shown = name.encode("ascii", "backslashreplace").decode()[:80]
        raise _refused(file, f"`{shown}` is no member of a bundle (byte {place})", "ZB02")
    if not _OCTAL.match(size) or block != _header(name, int(size[:-1], 8)):
        raise _refused(file, f"the header of `{name}` is not that of a plain file in a bundle")
    count = int(size[:-1], 8)
    if count > MAX_MEMBER_BYTES:
        raise _refused(file, f"`{name}` is larger than {MAX_MEMBER_BYTES} bytes")
    return name, count


def _check_bounds(file: str, data: bytes, members: int) -> None:
    if len(data) > MAX_BUNDLE_BYTES:
        raise _refused(file, f"the bundle is larger than {MAX_BUNDLE_BYTES} bytes")
    if members > MAX_MEMBERS:
        raise _refused(file, f"the bundle has more than {MAX_MEMBERS} members")


def _check_case(file: str, members: Mapping[str, bytes]) -> None:
    if len({name.lower() for name in members}) < len(members):
        raise _refused(file, "two members' names differ only in case")


def _refused(file: str, message: str, code: str = "ZB01", hint: str = "") -> BundleError:
    remedy = hint or "make it with `zoneproxy policy sign`, and copy it whole"
    return BundleError([Flaw(code, file, message, remedy)])
