r"""Tickets: the log's promise to a caller that a record will stand in the log, given with the answer.

A ticket is a signed note (`zoneproxy.trace.note`) whose text has exactly five lines:

    zoneproxy.org/ticket/v1
    <log origin>
    <index, decimal>
    <base64(leaf hash)>
    <milliseconds since 1970 UTC, decimal>

It is signed by an Ed25519 key of its own, named `<name>/ticket`, which speaks for the log of that name and
for its shards, `<name>/...`; so a boundary can sign tickets without holding the keys of the log. It
promises that within 60 seconds of that time a checkpoint of the log covers the index and the entry there
has that leaf hash. In an answer it is one header field, the base64 of the whole note:

    Zone-Trace: zone.example/trace/node-1#7
    Zone-Trace-Ticket: em9uZXByb3h5Lm9yZy90aWNrZXQvdjEKem9uZS5leGFtcGxlL3RyYWNl...

Worked example, before its signature: the ticket of an entry without bytes at index 7,

    zoneproxy.org/ticket/v1
    zone.example/trace/node-1
    7
    bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
    1767225600000

Trust: whoever holds the ticket key can accuse the log of omissions that it did not commit, and nothing
else; he can neither make an entry nor hide one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import parse_size
from zoneproxy.trace.merkle import HASH_BYTES
from zoneproxy.trace.note import Signer, VerifierKey, decode_base64, parse_note, sign_note, verify_note

PROMISE_MS = 60_000
HEADER = "zone-trace-ticket"
MAX_TICKET_BYTES = 4096
_FIRST = "zoneproxy.org/ticket/v1"
_LINES = 5
_SUFFIX = "/ticket"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket promises.

    Attributes:
        origin: the log's origin.
        index: the entry's index.
        leaf: its leaf hash, 32 bytes.
        ms: when it was promised, milliseconds since 1970 UTC.
    """

    origin: str
    index: int
    leaf: bytes
    ms: int

    @property
    def text(self) -> str:
        """The five lines that are signed."""
        return f"{_FIRST}\n{self.origin}\n{self.index}\n{base64.b64encode(self.leaf).decode()}\n{self.ms}\n"


def key_name(origin: str) -> str:
    """Return the name of the key that signs the tickets of a log."""
    return origin + _SUFFIX


def key_names(origin: str) -> list[str]:
    """Return the names that a key may have which signs tickets of a log, the nearest first."""
    parts = origin.split("/")
    return [key_name("/".join(parts[:count])) for count in range(len(parts), 0, -1)]


def is_ticket_key(key: VerifierKey) -> bool:
    """Tell whether a key is one that signs tickets, by its name."""
    return key.name.endswith(_SUFFIX)


def sign_ticket(ticket: Ticket, signer: Signer) -> bytes:
    """Return the ticket as a signed note. The entry must be durable by now."""
    return sign_note(ticket.text, (signer,)).data


def header_value(note: bytes) -> str:
    """Return a ticket as the value of a header field: visible ASCII, no spaces, one line."""
    return base64.b64encode(note).decode()


def read_ticket(data: bytes) -> bytes:
    """Return the signed note from what a caller kept: the note, the header's value, or its whole line.

    Raises:
        VerificationError: it is neither.
    """
    if len(data) > MAX_TICKET_BYTES:
        raise VerificationError("this is too long for a ticket", where="ticket")
    if data.startswith(_FIRST.encode()):
        return data
    name, colon, value = data.strip().partition(b":")
    if colon and name.strip().lower() != HEADER.encode():
        raise VerificationError("this is no ticket", where="ticket", hint=_HINT)
    try:
        return decode_base64((value if colon else name).strip().decode("ascii"))
    except (UnicodeDecodeError, VerificationError):
        raise VerificationError("this is no ticket", where="ticket", hint=_HINT) from None


def parse_ticket(note: bytes) -> Ticket:
    """Read a ticket's note; its signature is not verified.

    Raises:
        VerificationError: it is no ticket.
    """
    lines = parse_note(note).text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != _FIRST or not lines[1]:
        raise VerificationError("this is no ticket", where="ticket", hint=_HINT)
    leaf = decode_base64(lines[3])
    if len(leaf) != HASH_BYTES:
        raise VerificationError("the ticket's leaf hash is not 32 bytes long", where="ticket")
    return Ticket(lines[1], parse_size(lines[2]), leaf, parse_size(lines[4]))


def open_ticket(note: bytes, keys: Iterable[VerifierKey]) -> Ticket:
    """Read a ticket and check that a ticket key of its log signed it.

    Args:
        note: the signed note.
        keys: the known keys; those count that bear the name of a ticket key of the log, or of the log that
            it is a shard of.

    Raises:
        VerificationError: it is no ticket, no key of its log is known, or the signature fails.
    """
    ticket = parse_ticket(note)
    own = [key for key in keys if key.name in key_names(ticket.origin)]
    if not own:
        raise VerificationError(
            f"no ticket key of the log `{ticket.origin}` is known",
            where="ticket",
            hint=f"give the verifier key named `{key_name(ticket.origin)}` with `--vkey FILE`",
        )
    verify_note(parse_note(note), own)
    return ticket


_HINT = "give the value of the `Zone-Trace-Ticket` header of an answer, in a file"
