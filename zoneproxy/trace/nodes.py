r"""The zone log's entries: what each node's log had signed, at every beat.

    node             origin, keys [vkey], after (may lack): a log that is collected from here on, and its
                     keys; `after` is the origin of the shard that this one follows, which may fall silent now
    node_checkpoint  origin, size, root, sigs [base64(key id || signature)], proof [base64(hash)], seen

`seen` is what the collector found, which a reader of the zone log finds again from the entries alone:

    first       the first checkpoint of this log; no proof
    same        the same tree as at the last beat, a heartbeat; neither signatures nor proof
    grown       a larger tree; `proof` leads from the last tree to this one
    unproven    a larger tree, and no proof could be had that the last one is its beginning
    split       another tree of the same size: two histories, both signed
    back        a smaller tree than at the last beat: an old state is shown

`sigs` are the log's own signature lines without their name, which is the origin, so that the note can be
written again as it was signed. After `unproven`, `split` and `back` the next beat is compared with the last
good one.

Worked example, a heartbeat:

    {"mono":5,"n":"zone","origin":"zone.example/trace/node-1","proof":[],"root":"6e34...a01d","seen":"same",
     "sigs":[],"size":1,"t":"node_checkpoint","ts":1767225605000,"v":1,"w":"collector",...}   (in one line)

Trust: the nodes' own signatures; of the collector only that it did not stop collecting, which its beats show.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.checks import Check, integer, list_of, matches, object_of, one_of
from zoneproxy.trace.merkle import check_consistency
from zoneproxy.trace.note import ED25519, MLDSA44, Note, Signature, VerifierKey, decode_base64, parse_note

FIRST, SAME, GROWN, UNPROVEN, SPLIT, BACK = "first", "same", "grown", "unproven", "split", "back"
GOOD = frozenset({FIRST, SAME, GROWN})
MAX_SIGNATURE_CHARS = 4096
"""Room for the signatures of one checkpoint; those that are left out are of later keys of a type."""

_ID_BYTES = 4
_origin = matches(re.compile(r"[!-*,-~]{1,255}\Z", re.ASCII))
_vkeys = list_of(
    matches(re.compile(r"[!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{1,4096}={0,2}\Z", re.ASCII)), 16
)
_digest = matches(re.compile(r"[0-9a-f]{64}\Z", re.ASCII))
_base64 = matches(re.compile(r"[A-Za-z0-9+/]{1,4096}={0,2}\Z", re.ASCII))

NODE_KINDS: Mapping[str, Check] = {
    "node": object_of({"origin": _origin, "keys": _vkeys, "after": _origin}, optional=("after",)),
    "node_checkpoint": object_of(
        {
            "origin": _origin,
            "size": integer(),
            "root": _digest,
            "sigs": list_of(_base64, 16),
            "proof": list_of(_base64, 64),
            "seen": one_of((FIRST, SAME, GROWN, UNPROVEN, SPLIT, BACK)),
        }
    ),
}

Prove = Callable[[], Sequence[bytes]]
"""Returns a consistency proof from the last tree to the new one, or raises `VerificationError`."""


def compare(last: Checkpoint | None, new: Checkpoint, prove: Prove) -> tuple[str, Sequence[bytes]]:
    """Compare a node's checkpoint with the last good one.

    Args:
        last: the last good one; `None` if there was none.
        new: the one that was read; its signatures are verified.
        prove: called where a proof is needed.

    Returns:
        What was seen, and the proof of it (none but for `grown`).
    """
    if last is None:
        return FIRST, ()
    if new.size == last.size:
        return (SAME if new.root == last.root else SPLIT), ()
    if new.size < last.size:
        return BACK, ()
    if last.size == 0:
        return GROWN, ()  # every tree begins with the empty one
    try:
        proof = prove()
        check_consistency(last.size, new.size, last.root, new.root, proof)
    except VerificationError:
        return UNPROVEN, ()
    return GROWN, proof


def body_of(note: bytes, head: Checkpoint, seen: str, proof: Sequence[bytes]) -> dict[str, Any]:
    """Write the body of a `node_checkpoint`.

    Args:
        note: the checkpoint's bytes; its signatures are verified.
        head: the checkpoint.
        seen: what `compare` saw.
        proof: its proof.
    """
    return {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "sigs": [] if seen == SAME else _own_signatures(note, head.origin),
        "proof": [base64.b64encode(part).decode() for part in proof],
        "seen": seen,
    }


def _own_signatures(note: bytes, origin: str) -> list[str]:
    lines = [line for line in parse_note(note).signatures if line.name == origin]
    texts = sorted((base64.b64encode(line.key_id + line.blob).decode() for line in lines), key=len)
    kept: list[str] = []
    for text in texts:
        if sum(map(len, kept)) + len(text) <= MAX_SIGNATURE_CHARS:
            kept.append(text)
    return kept


def head_of(body: Mapping[str, Any]) -> Checkpoint:
    """Return the checkpoint that a `node_checkpoint` holds."""
    return Checkpoint(body["origin"], body["size"], bytes.fromhex(body["root"]))


def note_of(body: Mapping[str, Any]) -> bytes:
    """Return the node's signed note again; without signatures for a heartbeat.

    Raises:
        VerificationError: what stands there can't be signatures.
    """
    blobs = [decode_base64(text) for text in body["sigs"]]
    signatures = tuple(Signature(body["origin"], blob[:_ID_BYTES], blob[_ID_BYTES:]) for blob in blobs)
    return Note(head_of(body).text, signatures).data


def proof_of(body: Mapping[str, Any]) -> list[bytes]:
    """Return the consistency proof that a `node_checkpoint` holds.

    Raises:
        VerificationError: what stands there is no base64.
    """
    return [decode_base64(text) for text in body["proof"]]


def open_signed(body: Mapping[str, Any], keys: Sequence[VerifierKey]) -> Checkpoint:
    """Check that one key of each type that the node has signed what a `node_checkpoint` holds.

    Args:
        body: the entry's body.
        keys: the node's keys.

    Raises:
        VerificationError: a signature fails or lacks.
    """
    note = note_of(body)
    there = {line.key_id for line in parse_note(note).signatures}
    present = [key for key in keys if key.key_id in there]
    wanted = {key.type for key in keys if key.type in {ED25519, MLDSA44}}
    if {key.type for key in present} != wanted or not present:
        raise VerificationError(
            "the node's keys did not sign it", where="node_checkpoint", proof={"note": note.decode()}
        )
    return open_checkpoint(note, present, body["origin"])
