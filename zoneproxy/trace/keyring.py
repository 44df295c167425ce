"""The keys of one log over its life: who must have signed a checkpoint of which size.

A log begins with the keys of its `log_open`. A `key` entry at index i that says `add` or `retire` changes
who signs every checkpoint of more than i entries, so who must have signed a checkpoint follows from its
size and the entries alone:

    in force at size n = keys of `log_open` + those added below index n - those retired below index n

Between `add` and `retire` checkpoints bear old and new signatures; unknown ones are ignored by everyone.

Worked example: keys A; `add B` is entry 10, `retire A` entry 90. Checkpoints of 1 to 10 entries bear A, of
11 to 90 A and B, of more B alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from zoneproxy.trace.entry import Entry
from zoneproxy.trace.note import Signature, Signer, VerifierKey, parse_note, parse_vkey, verify_note

ADD, RETIRE = "add", "retire"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A `key` entry that changes who signs its own log.

    Attributes:
        index: its place.
        ts: its time, milliseconds since 1970 UTC.
        action: `add` or `retire`.
        vkeys: the keys.
    """

    index: int
    ts: int
    action: str
    vkeys: tuple[str, ...]


def key_change(index: int, entry: Entry, origin: str | None = None) -> KeyChange | None:
    """Read a change from an entry; `None` where it is none, or one of another log's keys.

    Args:
        index: the entry's place.
        entry: the entry.
        origin: the log's origin; `None` takes the change of any.
    """
    body = entry.body
    if entry.kind != "key" or body.get("role") != "log" or body.get("action") not in {ADD, RETIRE}:
        return None
    if origin is not None and body["origin"] != origin:
        return None
    return KeyChange(index, entry.header.ts, body["action"], tuple(body["keys"]))


def in_force(first: Iterable[str], changes: Iterable[KeyChange], size: int) -> tuple[str, ...]:
    """Return the vkeys whose signatures a checkpoint of this size must bear, oldest first."""
    keys = list(dict.fromkeys(first))
    for change in changes:
        if change.index >= size:
            break
        if change.action == ADD:
            keys += [vkey for vkey in change.vkeys if vkey not in keys]
        else:
            keys = [vkey for vkey in keys if vkey not in change.vkeys]
    return tuple(keys)


class Keyring:
    """Signs each checkpoint with the keys in force at its size (a `Signer`).

    Args:
        first: the keys that the log was made with.
        signers: the private keys that are here, oldest first.
    """

    def __init__(self, first: Sequence[VerifierKey], signers: Iterable[Signer]) -> None:
        self.first = tuple(first)
        self._signers = list(signers)
        self._changes: Callable[[], Sequence[KeyChange]] = tuple

    def watch(self, changes: Callable[[], Sequence[KeyChange]]) -> None:
        """Name where the changes that the log's entries make can be asked for."""
        self._changes = changes

    def take(self, signer: Signer) -> None:
        """Hold one more signer, before the entry that adds its keys."""
        self._signers.append(signer)

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Every key that is known: the first ones, and those of all signers."""
        held = (key for signer in self._signers for key in signer.verifiers)
        return tuple(dict.fromkeys([*self.first, *held]))

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Sign a checkpoint's text with every key in force at its size.

        Raises:
            ConfigError: a private key that is due is not here.
            VerificationError: it is no checkpoint's text.
        """
        size = parse_checkpoint(text).size
        due = set(in_force([key.vkey for key in self.first], self._changes(), size))
        made: list[Signature] = []
        for signer in self._signers:
            held = {key.vkey for key in signer.verifiers}
            if held & due:
                made += signer.sign(text)
                due -= held
        if due:
            name, key_id, _ = min(due).split("+", 2)
            raise ConfigError(
                f"the private key of `{name}+{key_id}` is not in the key folder",
                hint="restore it from where you keep a copy",
            )
        return tuple(made)


def first_keys(signer: Signer) -> tuple[VerifierKey, ...]:
    """Return the keys that a signer's log was made with."""
    return signer.first if isinstance(signer, Keyring) else signer.verifiers


def own_checkpoint(data: bytes, signer: Signer, origin: str) -> Checkpoint:
    """Read a checkpoint that the log's own signer wrote before.

    At a start the log's entries, which say whose signatures are due, are not read yet: of a keyring one
    key of each kind must have signed. The audit demands them all.

    Raises:
        VerificationError: it is no checkpoint of this log.
    """
    if not isinstance(signer, Keyring):
        return open_checkpoint(data, signer.verifiers, origin)
    known = signer.verifiers
    signed = verify_note(parse_note(data), known)
    kinds = {key.type for key in signer.first}
    own = [next((key for key in signed if key.type == kind), None) for kind in sorted(kinds)]
    missing = [key for key in signer.first if key.type not in {found.type for found in own if found}]
    return open_checkpoint(data, [*(key for key in own if key), *missing], origin)


def read_vkeys_of(vkeys: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Read keys as they stand in entries.

    Raises:
        VerificationError: one is none.
    """
    return tuple(parse_vkey(vkey) for vkey in vkeys)
