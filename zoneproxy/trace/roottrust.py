"""The trust file that a root key signs: which keys are believed, and which no longer, from where on.

A signed note (`zoneproxy.trace.note`) whose text is a trust file (C2SP tlog-policy,
`zoneproxy.trace.trust`), with lines for this program among those that others pass over:

    #! zoneproxy.org/trust/v1
    #! serial <number>                      grows with every version
    #! issued <milliseconds since 1970 UTC>
    #! revoked <vkey> <size> <root, hex>    believed up to this head of its log, and no further
    log <vkey>                              believed
    quorum none

A revoked key has no `log` line, so a reader that does not know the line above does not believe it at all.
A head of size 0 has the root of the empty tree: the key is believed in nothing.

Worked example: a thief has the keys A of a log since its entry 70. The file revokes A at size 64, whose
root is known from a cosigned checkpoint, and has `log` lines for the keys B that took over. A history that
A signed beyond 64 entries is refused; the true one is believed by B, and must begin with those 64.

Trust: the root key decides what is believed. It signs this file and nothing else, on a machine without a
network. An older file is still well signed: whoever reads one remembers the greatest serial.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, parse_size
from zoneproxy.trace.merkle import EMPTY_ROOT, HASH_BYTES
from zoneproxy.trace.note import ED25519, VerifierKey, parse_note, parse_vkey, verify_note
from zoneproxy.trace.trust import TrustPolicy, parse_trust

_MARK = "#! "
_FORMAT = "zoneproxy.org/trust/v1"
_HEX = re.compile(rf"[0-9a-f]{{{2 * HASH_BYTES}}}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Revocation:
    """A key that is believed only up to a head of its log.

    Attributes:
        key: the key.
        head: the last head that is believed; its origin is the key's name.
    """

    key: VerifierKey
    head: Checkpoint


@dataclass(frozen=True, slots=True)
class RootTrust:
    """What a root-signed trust file says.

    Attributes:
        policy: the logs that are believed, and the witnesses.
        serial: its version.
        issued_ms: when it was made, milliseconds since 1970 UTC.
        revoked: keys that are believed only up to a point.
    """

    policy: TrustPolicy
    serial: int
    issued_ms: int
    revoked: tuple[Revocation, ...] = ()


def open_root_trust(data: bytes, root: VerifierKey) -> RootTrust:
    """Read a trust file and check that the root key signed it.

    Raises:
        VerificationError: it is malformed, or another key's.
    """
    note = parse_note(data)
    if root.type != ED25519:
        raise VerificationError("a root key is an Ed25519 key", where="root key")
    verify_note(note, [root])
    marked = [line.removeprefix(_MARK) for line in note.text.split("\n") if line.startswith(_MARK)]
    return _read(marked, parse_trust(note.text.encode()))


def _read(marked: list[str], policy: TrustPolicy) -> RootTrust:
    if not marked or marked[0] != _FORMAT:
        raise VerificationError(f"the signed trust file does not begin with `{_FORMAT}`", where="trust file")
    numbers: dict[str, int] = {}
    revoked: list[Revocation] = []
    for line in marked[1:]:
        match line.split(" "):
            case [("serial" | "issued") as word, number] if word not in numbers:
                numbers[word] = parse_size(number)
            case ["revoked", vkey, size, root] if _HEX.match(root):
                key = parse_vkey(vkey)
                revoked.append(Revocation(key, Checkpoint(key.name, parse_size(size), bytes.fromhex(root))))
            case _:
                raise VerificationError("a marked line of the trust file is not known", where="trust file")
    if numbers.keys() != {"serial", "issued"}:
        raise VerificationError("the trust file lacks its serial or its date", where="trust file")
    if any(one.head.size == 0 and one.head.root != EMPTY_ROOT for one in revoked):
        raise VerificationError(
            "a revocation at size 0 has another root than the empty tree's", where="trust file"
        )
    keys = [one.key for one in revoked]
    if len(set(keys)) != len(keys) or set(keys) & set(policy.logs):
        raise VerificationError("a key stands twice in the trust file", where="trust file")
    return RootTrust(policy, numbers["serial"], numbers["issued"], tuple(revoked))


def trust_text(
    logs: Iterable[VerifierKey],
    revoked: Iterable[Revocation],
    *,
    serial: int,
    issued_ms: int,
    witnesses: Sequence[str] = ("quorum none",),
) -> str:
    """Write the text that the root key signs.

    Args:
        logs: the keys to believe.
        revoked: the keys that are believed up to a point only.
        serial: the version.
        issued_ms: now, milliseconds since 1970 UTC.
        witnesses: the lines on witnesses, groups and the quorum.

    Raises:
        VerificationError: it would be no trust file.
    """
    gone = list(revoked)
    lines = [f"{_MARK}{_FORMAT}", f"{_MARK}serial {serial}", f"{_MARK}issued {issued_ms}"]
    lines += [f"{_MARK}revoked {one.key.vkey} {one.head.size} {one.head.root.hex()}" for one in gone]
    without = {one.key for one in gone}
    lines += [f"log {key.vkey}" for key in dict.fromkeys(logs) if key not in without]
    text = "\n".join([*lines, *witnesses, ""])
    marked = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    _read(marked, parse_trust(text.encode()))
    return text
