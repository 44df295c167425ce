r"""Disclosure files: named private fields of named entries, with all that shows them to be the log's.

    zoneproxy.org/disclosure/v1\n
    <log origin>\n
    <recipient: the short name of his public key, 16 hex digits>\n
    \n
    <HPKE: enc, 32 bytes, and ciphertext>

The head (up to and with the empty line) is bound as HPKE's `info`; suite as in `zoneproxy.trace.datakey`. The
plaintext is canonical JSON:

    checkpoint   the log's checkpoint, whole
    entries      [{disclosures, entry, index, proof, withheld}], by index:
                 entry         the entry's bytes, as text
                 proof         its inclusion proof (RFC 6962), base64, leaf side first
                 disclosures   RFC 9901 disclosures: the root, then those of the fields asked for
                 withheld      fields asked for that can't be opened (erased, or their key is gone)
    v            1

Disclosures of one field say nothing of the others: each has a salt of its own. Where nothing of an entry
can be opened, `disclosures` is empty and everything that was asked for is withheld.

The SHA-256 of the whole file stands in the log's record of the disclosure, which is durable before the file
is handed over.

Worked example: the user agent of one entry of a log of 1,000 makes about 9 kB, most of it the checkpoint's
ML-DSA-44 signature and the entry itself.

Trust: a checked file says as much as the log's verifier keys. It doesn't show that nothing else was asked
for.

Source: RFC 9180 (HPKE); RFC 9901 (SD-JWT); RFC 6962, section 2.1.1.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.datakey import SUITE, Recipient, RecipientKey
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.merkle import check_inclusion, leaf_hash
from zoneproxy.trace.note import VerifierKey, decode_base64
from zoneproxy.trace.opening import check_opening, read_disclosures
from zoneproxy.trace.opening_store import Access
from zoneproxy.trace.prover import prove_entry
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.schema import PRIVATE

FIRST_LINE = "zoneproxy.org/disclosure/v1"
MAX_FILE_BYTES = 64 * 1024 * 1024
_VERSION = 1
_HEAD_LINES = 3


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One entry of a checked disclosure.

    Attributes:
        index: its place in the log.
        entry: its public part.
        fields: the private fields that were opened.
        withheld: the fields that were asked for and can't be opened.
    """

    index: int
    entry: Entry
    fields: Mapping[str, Any]
    withheld: tuple[str, ...]


def compose(reader: LogReader, entries: Iterable[int], fields: Sequence[str]) -> bytes:
    """Write the plaintext of a disclosure.

    Args:
        reader: the log, with the keys that open its private parts.
        entries: indexes, in any order.
        fields: names of private fields; those that an entry's kind does not have are passed over.

    Raises:
        VerificationError: an entry is not there, has none of these fields, or the log does not hold.
    """
    made = [_compose_one(reader, index, fields) for index in sorted(set(entries))]
    note = reader.note().decode()
    return canonical.encode({"checkpoint": note, "entries": made, "v": _VERSION})


def _compose_one(reader: LogReader, index: int, fields: Sequence[str]) -> dict[str, Any]:
    proof = prove_entry(reader, index)
    entry = parse(proof.extra)
    wanted = sorted(set(fields) & set(PRIVATE.get(entry.kind, ())))
    if not wanted:
        raise VerificationError(
            f"entry {index} is of the kind `{entry.kind}`, which has none of these fields",
            where=f"entry {index}",
            hint=f"it has: {', '.join(PRIVATE.get(entry.kind, ())) or 'no private fields'}",
        )
    found = reader.openings.find(index)
    disclosures: list[str] = []
    if found.access is Access.SEALED:
        raise VerificationError(
            f"the opening of entry {index} lies under a key that is not here",
            where=f"opening of entry {index}",
            hint="give the key-encryption key that was in use then with `--opening-key FILE`",
        )
    shown: list[str] = []
    if found.access is Access.OPEN:
        opening = check_opening(found.record, entry.prv)
        shown = [name for name in wanted if name in opening.fields]
        disclosures = opening.disclose(shown)
    return {
        "disclosures": disclosures,
        "entry": proof.extra.decode(),
        "index": index,
        "proof": [base64.b64encode(part).decode() for part in proof.hashes],
        "withheld": [name for name in wanted if name not in shown],
    }


def encrypt(origin: str, recipient: Recipient, plain: bytes) -> bytes:
    """Encrypt a disclosure to its recipient.

    HPKE's ephemeral key is drawn by the library.
    """
    head = f"{FIRST_LINE}\n{origin}\n{recipient.name}\n\n".encode()
    return head + recipient.encrypt(plain, head)


def decrypt(data: bytes, key: RecipientKey) -> tuple[str, bytes]:
    """Decrypt a disclosure file; return the log's origin and the plaintext.

    Raises:
        VerificationError: it is none, is for somebody else, or was changed.
    """
    head, empty, sealed = data.partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    if not empty or len(lines) != _HEAD_LINES or lines[0] != FIRST_LINE:
        raise VerificationError("this is no disclosure file", where="disclosure")
    if lines[2] != key.name:
        raise VerificationError(
            f"the disclosure is for the key `{lines[2][:16]}`, not for this one, `{key.name}`",
            where="disclosure",
            hint="give the private key of the public one that it was made for",
        )
    try:
        return lines[1], SUITE.decrypt(sealed, key.key, info=head + empty)
    except InvalidTag:
        raise VerificationError("the disclosure file was changed", where="disclosure") from None


def check(origin: str, plain: bytes, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, list[Disclosed]]:
    """Check a disclosure: signatures, inclusion, entry bytes, commitments.

    Args:
        origin: the log that the file says it is of.
        plain: the plaintext.
        keys: the log's verifier keys, from a source that is trusted; every one must have signed.

    Raises:
        VerificationError: something of it does not hold.
    """
    value = canonical.decode(plain)
    try:
        if value.keys() != {"checkpoint", "entries", "v"} or value["v"] != _VERSION:
            raise VerificationError("this is no disclosure", where="disclosure")
        checkpoint = open_checkpoint(value["checkpoint"].encode(), keys, origin)
        return checkpoint, [_check_one(checkpoint, one) for one in value["entries"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise VerificationError("this is no disclosure", where="disclosure") from None


def _check_one(checkpoint: Checkpoint, one: Mapping[str, Any]) -> Disclosed:
    index, data = one["index"], one["entry"].encode()
    if type(index) is not int:
        raise TypeError
    hashes = [decode_base64(part) for part in one["proof"]]
    check_inclusion(index, checkpoint.size, leaf_hash(data), hashes, checkpoint.root)
    entry = parse(data)
    fields = read_disclosures(one["disclosures"], entry.prv) if one["disclosures"] else {}
    withheld = tuple(str(name) for name in one["withheld"])
    names = PRIVATE.get(entry.kind, ())
    if not {*fields, *withheld} <= set(names) or set(fields) & set(withheld):
        raise VerificationError(
            "the disclosure shows fields that the entry does not have", where=f"entry {index}"
        )
    return Disclosed(index, entry, fields, withheld)
