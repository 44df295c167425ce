"""How a reader follows a log from the keys that it trusts to those that sign now.

    handover/1.tlog-proof, handover/2.tlog-proof, ...     one for each `key` entry that says `add` or `retire`
    handover/1.vkey, ...                                  the keys in force after it, one a line

Each is a proof file (`zoneproxy.trace.proof`) with the `key` entry in it, under a checkpoint of the time
right after it. New keys are believed because every key that was believed before signed a checkpoint over
the entry that names them; a retired one is given up because those that stay signed. So both of a log's old
keys, Ed25519 and ML-DSA-44, are needed to hand over, never one alone.

Worked example: a reader trusts A. `1.tlog-proof` shows `add B` under a checkpoint signed by A and B: it
trusts A and B. `2.tlog-proof` shows `retire A` under one signed by B: it trusts B.

Trust: handover files may be withheld or invented; without a signature of every key that is trusted they
change nothing, and then the newest checkpoint fails for want of those keys.
"""

from __future__ import annotations

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import parse_checkpoint
from zoneproxy.trace.entry import parse
from zoneproxy.trace.keyring import ADD, KeyChange, key_change, read_vkeys_of
from zoneproxy.trace.note import VerifierKey, parse_note
from zoneproxy.trace.proof import MAX_PROOF_BYTES, InclusionProof, check_proof, parse_proof
from zoneproxy.trace.reader import LogReader

MAX_HANDOVERS = 1000
FOLDER = "handover"


def proof_path(number: int) -> str:
    """Return where handover `number`, from 1, lies."""
    return f"{FOLDER}/{number}.tlog-proof"


def vkeys_path(number: int) -> str:
    """Return where the keys in force after handover `number` lie."""
    return f"{FOLDER}/{number}.vkey"


def follow_keys(reader: LogReader) -> tuple[VerifierKey, ...]:
    """Return the keys to demand of the checkpoint that the reader took, from those that the reader trusts.

    Handovers that the checkpoint does not cover are left alone: the log may have grown since it was taken.

    Raises:
        VerificationError: a handover is broken, or was signed by a part of the trusted keys only.
    """
    taken = parse_checkpoint(parse_note(reader.note()).text)
    origin = taken.origin
    own = [key for key in reader.vkeys if key.name == origin]
    for number in range(1, MAX_HANDOVERS + 1):
        data = reader.file(proof_path(number), MAX_PROOF_BYTES) if own else None
        if data is None:
            break
        try:
            proof = parse_proof(data)
            if proof.index >= taken.size:
                break
            own = _hand_over(proof, own, origin)
        except VerificationError as error:
            raise VerificationError(
                f"a handover of keys does not hold: {error.message}",
                where=proof_path(number),
                proof=error.proof,
                hint=error.hint,
            ) from None
    return (*(key for key in reader.vkeys if key.name != origin), *own)


def change_of(proof: InclusionProof, origin: str) -> KeyChange:
    """Return what a handover of the log of this origin changes; it is not shown to be in the log.

    Raises:
        VerificationError: its entry changes no key of this log.
    """
    change = key_change(proof.index, parse(proof.extra), origin)
    if change is None:
        raise VerificationError("its entry changes no key of this log", where="entry")
    return change


def _hand_over(proof: InclusionProof, own: list[VerifierKey], origin: str) -> list[VerifierKey]:
    change = change_of(proof, origin)
    keys = read_vkeys_of(change.vkeys)
    if any(key.name != origin for key in keys):
        raise VerificationError("it names a key of another log", where="entry")
    signed = {(line.name, line.key_id) for line in parse_note(proof.note).signatures}
    due = own if change.action == ADD else [key for key in own if key not in keys]
    if not any((key.name, key.key_id) in signed for key in due):
        return own  # older than every key that is trusted
    check_proof(proof, due)
    return [*due, *(key for key in keys if change.action == ADD and key not in due)]
