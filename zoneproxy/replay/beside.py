"""What lies beside a log's tree must say what its entries say.

    log.json, *.vkey          the keys that the log began with, and others that its entries name
    handover/<n>.*            each change of keys, an entry of the tree, and the keys in force after it
    policy/<sha256>.*         every policy that an entry names, or nothing can be judged again

None of these files is believed where a reader brings keys of his own. But whoever has none takes the keys
that lie there, and a copy handed on with other ones would turn him against the true log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import Entry
from zoneproxy.trace.handover import MAX_HANDOVERS, change_of, proof_path, vkeys_path
from zoneproxy.trace.keyring import KeyChange, in_force
from zoneproxy.trace.ledger import LOG_FILE
from zoneproxy.trace.merkle import check_inclusion, leaf_hash, prove_inclusion
from zoneproxy.trace.note import parse_vkey
from zoneproxy.trace.proof import MAX_PROOF_BYTES, parse_proof
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.ticket import key_names

_MAX_BYTES = 256 * 1024


def check_beside(
    reader: LogReader,
    own: Checkpoint,
    rare: Sequence[tuple[int, Entry]],
    policies: Mapping[str, int],
    flaws: Flaws,
) -> None:
    """Compare what lies beside the tree with the log's entries.

    Args:
        reader: the log, whose tree holds.
        own: its checkpoint, verified.
        rare: its entries about keys, with their indexes; all of them.
        policies: digest of each policy that an entry names, to the first such entry.
        flaws: takes what does not agree.
    """
    first = next((entry.body for index, entry in rare if index == 0 and entry.kind == "log_open"), None)
    begun = None if first is None else tuple(map(str, first["keys"]))
    found = {
        LOG_FILE: _description(reader, own, begun),
        "*.vkey": _lying_keys(reader, own, rare, begun),
        "handover": _handovers(reader, own, begun),
    }
    for place, problems in found.items():
        try:
            for where, told in problems:
                flaws.add(FlawClass.INVALID, where, told, level=Level.SIGNATURES)
        except VerificationError as error:
            where = error.where if "/" in error.where or "." in error.where else place
            flaws.add(FlawClass.INVALID, where, error.message, error.proof, Level.SIGNATURES)
    _archive(reader, policies, flaws)


def _description(
    reader: LogReader, own: Checkpoint, begun: tuple[str, ...] | None
) -> Iterator[tuple[str, str]]:
    data = reader.file(LOG_FILE, _MAX_BYTES)
    if data is None:
        return
    told = canonical.decode(data.removesuffix(b"\n"))
    if not isinstance(told, dict) or not isinstance(told.get("keys"), list):
        yield LOG_FILE, "this describes no log"
    elif told.get("origin") != own.origin:
        yield LOG_FILE, "it describes another log"
    elif begun is not None and tuple(told["keys"]) != begun:
        yield LOG_FILE, "it names other keys than the log's first entry"


def _lying_keys(
    reader: LogReader, own: Checkpoint, rare: Sequence[tuple[int, Entry]], begun: tuple[str, ...] | None
) -> Iterator[tuple[str, str]]:
    if begun is None or reader.names is None:
        return
    told = [entry.body for _, entry in rare if entry.kind == "key"]
    named = {vkey for body in told for vkey in body["keys"]} | {*begun}
    # A new log has its ticket key beside it before the first start records it.
    names = {own.origin, *(key_names(own.origin) if any(body["role"] == "ticket" for body in told) else ())}
    for name in reader.names(""):
        data = reader.file(name, _MAX_BYTES) if name.endswith(".vkey") else None
        if data is None:
            continue
        for line in data.decode("utf-8", "replace").split("\n"):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                key = parse_vkey(line.strip())
            except VerificationError as error:
                yield name, error.message
                continue
            if key.name in names and key.vkey not in named:
                yield name, f"no entry of the log names the key `{key.name}+{key.key_id.hex()}`"


def _handovers(
    reader: LogReader, own: Checkpoint, begun: tuple[str, ...] | None
) -> Iterator[tuple[str, str]]:
    changes: list[KeyChange] = []
    for number in range(1, MAX_HANDOVERS + 1):
        place = proof_path(number)
        data = reader.file(place, MAX_PROOF_BYTES)
        if data is None:
            return
        try:
            proof = parse_proof(data)
            if proof.index >= own.size:
                return  # the log has grown since its checkpoint was taken
            changes.append(change_of(proof, own.origin))
            hashes = prove_inclusion(proof.index, own.size, tile_hashes(reader, own.size))
            check_inclusion(proof.index, own.size, leaf_hash(proof.extra), hashes, own.root)
        except VerificationError as error:
            yield place, f"a handover of keys is not the log's: {error.message}"
            return
        keys = reader.file(vkeys_path(number), _MAX_BYTES)
        due = "".join(f"{vkey}\n" for vkey in in_force(begun or (), changes, proof.index + 1))
        if keys is not None and begun is not None and keys != due.encode():
            yield vkeys_path(number), "these are not the keys in force after the handover"


def _archive(reader: LogReader, policies: Mapping[str, int], flaws: Flaws) -> None:
    for digest, index in policies.items():
        where = f"policy/{digest}"
        try:
            gone = reader.policy(digest) is None
        except VerificationError as error:
            flaws.add(FlawClass.INVALID, error.where, error.message, error.proof, Level.DECISIONS)
            continue
        if gone:
            told = f"the policy that entry {index} names is not in the archive"
            flaws.add(FlawClass.MISSING, where, told, level=Level.DECISIONS)
