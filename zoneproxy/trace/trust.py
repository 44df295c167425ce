"""Trust files: which logs are believed, and which witnesses must have cosigned a checkpoint.

    log <vkey> [<url>]                              a key of a log; its name is the log's origin
    witness <name> <vkey> [<url>]                   a witness, under a name of this file's own
    group <name> all|any|<k> <name>...              witnessed if k of its members are
    quorum <name>|none                              exactly one such line

Items are parted by spaces and tabs, lines end in a newline; empty lines and those that begin with `#` don't
count. A name is defined before it is used and is a member once at most, no key stands twice. Octets are
09, 0A, 20-7E and 80-FF; names are compared octet by octet.

Where several `log` lines name the same origin, a checkpoint of it needs the signature of each key. A log's
keys are of type 0x01 or 0x06, a witness' of 0x04 or 0x06. A cosignature without a time does not count.

Worked example: with `witness w1 ...`, `witness w2 ...`, `group two any w1 w2` and `quorum two`, one of
the two cosignatures is enough.

Trust: whoever writes this file decides what is believed; keep it where only the examiner can.

Source: C2SP tlog-policy, tlog-cosignature.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44,
    Signature,
    VerifierKey,
    parse_note,
    parse_vkey,
    verify_note,
)

MAX_TRUST_BYTES = 1024 * 1024
NONE = "none"
_FOREIGN = re.compile(rb"[^\x09\x0a\x20-\x7e\x80-\xff]")
_SPACE = re.compile(r"[ \t]+")
_COUNT = re.compile(r"[1-9][0-9]{0,5}\Z", re.ASCII)
_SECONDS_BYTES = 8


@dataclass(slots=True)
class TrustPolicy:
    """What a trust file says.

    Attributes:
        logs: keys of the logs.
        witnesses: name to key.
        groups: name to threshold and members.
        quorum: a witness, a group, or `none`.
        urls: name of a witness to its submission prefix, where the file gives one.
        places: origin of a log to where it can be read, where the file gives that.
    """

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def cosigned_by(self, note: bytes) -> frozenset[str]:
        """Return the names of the witnesses that cosigned a checkpoint.

        Raises:
            VerificationError: it is no note, or a known witness' line does not verify.
        """
        parsed = parse_note(note)
        timed = {(line.name, line.key_id) for line in parsed.signatures if _has_time(line)}
        present = {name: key for name, key in self.witnesses.items() if (key.name, key.key_id) in timed}
        if present:
            verify_note(parsed, present.values())
        return frozenset(present)

    def times(self, note: bytes) -> dict[str, int]:
        """Return when each witness of the note last cosigned it, seconds since 1970 UTC, by its name here.

        Raises:
            VerificationError: as `cosigned_by`.
        """
        cosigned = self.cosigned_by(note)
        in_time = sorted(parse_note(note).signatures, key=lambda line: line.blob[:_SECONDS_BYTES])
        lines = {(line.name, line.key_id): line for line in in_time}
        keys = {name: self.witnesses[name] for name in sorted(cosigned)}
        return {
            name: int.from_bytes(lines[key.name, key.key_id].blob[:_SECONDS_BYTES], "big")
            for name, key in keys.items()
        }

    def holds(self, cosigned: Collection[str]) -> bool:
        """Tell whether these witnesses are a quorum."""
        return self.quorum == NONE or self._witnessed(self.quorum, cosigned)

    def _witnessed(self, name: str, cosigned: Collection[str]) -> bool:
        if name not in self.groups:
            return name in cosigned
        threshold, members = self.groups[name]
        return sum(self._witnessed(member, cosigned) for member in members) >= threshold


def _has_time(line: Signature) -> bool:
    return any(line.blob[:_SECONDS_BYTES])


def parse_trust(data: bytes) -> TrustPolicy:
    """Read a trust file.

    Raises:
        VerificationError: it is not one; `where` names the line.
    """
    if len(data) > MAX_TRUST_BYTES:
        raise VerificationError("the trust file is too long", where="trust file")
    made, members = TrustPolicy(), set[str]()
    for number, raw in enumerate(data.split(b"\n"), 1):
        where = f"trust file, line {number}"
        if _FOREIGN.search(raw):
            raise VerificationError("a control character stands in the trust file", where=where)
        line = raw.decode("utf-8", "surrogateescape").strip(" \t")
        if not line or line.startswith("#"):
            continue
        try:
            _take(made, _SPACE.split(line), members)
        except VerificationError as error:
            raise VerificationError(error.message, where=where, hint=error.hint) from None
    if not made.quorum:
        raise VerificationError(
            "the trust file has no quorum",
            where="trust file",
            hint="end it with `quorum <name>` or `quorum none`",
        )
    return made


def _take(made: TrustPolicy, words: list[str], members: set[str]) -> None:
    match words:
        case ["log", vkey, *url] if len(url) <= 1:
            made.logs.append(_key(made, vkey, (ED25519, MLDSA44)))
            for given in url:
                made.places[made.logs[-1].name] = given
        case ["witness", name, vkey, *url] if len(url) <= 1:
            _check_new(made, name)
            made.witnesses[name] = _key(made, vkey, (ED25519_COSIGNATURE, MLDSA44))
            made.urls.update((name, given) for given in url)
        case ["group", name, threshold, _, *_]:
            _check_new(made, name)
            listed = tuple(words[3:])
            for member in listed:
                _check_known(made.witnesses, made.groups, member)
                if member in members:
                    raise VerificationError("a name is a member twice", where="group")
                members.add(member)
            made.groups[name] = (_threshold(threshold, len(listed)), listed)
        case ["quorum", name]:
            if made.quorum:
                raise VerificationError("there is a second quorum", where="quorum")
            if name != NONE:
                _check_known(made.witnesses, made.groups, name)
            made.quorum = name
        case _:
            raise VerificationError(
                "this line is not known",
                where="line",
                hint="lines begin with `log`, `witness`, `group` or `quorum`",
            )


def _key(made: TrustPolicy, vkey: str, types: Collection[int]) -> VerifierKey:
    key = parse_vkey(vkey)
    if key.type not in types:
        raise VerificationError(f"a key of type 0x{key.type:02x} can't stand here", where="vkey")
    if any(key.public == other.public for other in (*made.logs, *made.witnesses.values())):
        raise VerificationError("a key stands twice", where="vkey")
    return key


def _check_new(made: TrustPolicy, name: str) -> None:
    if name == NONE or name in made.witnesses or name in made.groups:
        raise VerificationError("a name is defined twice, or is `none`", where="name")


def _check_known(witnesses: Mapping[str, object], groups: Mapping[str, object], name: str) -> None:
    if name not in witnesses and name not in groups:
        raise VerificationError("a name is used before it is defined", where="name")


def _threshold(text: str, count: int) -> int:
    if text in {"any", "all"}:
        return 1 if text == "any" else count
    if not _COUNT.match(text) or int(text) > count:
        raise VerificationError(
            f"the threshold of a group of {count} is not from 1 to {count}", where="group"
        )
    return int(text)
